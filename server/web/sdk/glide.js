/**
 * A point that is shown on its way to where it is: changes of the target become even motion, not jumps.
 *
 * Knows numbers and times only. Invariant: what is shown is continuous, but for leaps, and reaches the target `overMs`
 * after it last changed.
 */

export class Glide {
  /**
   * @param {{ overMs: number, leap: number }} options how long it takes to get there; how far a change may be for a way
   *   to be shown, beyond it is a leap
   */
  constructor({ overMs, leap }) {
    this.overMs = overMs;
    this.leap = leap;
    /** @type {number[] | null} */
    this.target = null;
    /** Target minus shown, when the target last changed. */
    /** @type {number[]} */
    this.lag = [];
    this.changedMs = 0;
  }

  /**
   * @param {number} nowMs
   * @param {number[]} target
   */
  moveTo(nowMs, target) {
    const shown = this.at(nowMs);
    const lag = shown === null ? [] : target.map((part, axis) => part - shown[axis]);
    this.lag = Math.hypot(...lag) > this.leap ? [] : lag;
    this.target = target;
    this.changedMs = nowMs;
  }

  /**
   * @param {number} nowMs
   * @returns {number[] | null} null before the first target
   */
  at(nowMs) {
    const part = Math.max(0, 1 - (nowMs - this.changedMs) / this.overMs);
    return this.target && this.target.map((value, axis) => value - part * (this.lag[axis] ?? 0));
  }
}
