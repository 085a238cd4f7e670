/**
 * The path of one thing, from states that arrive in steps.
 *
 * Knows times and points only; a point is a list of numbers. Shown time is `delayMs` behind; between two known points
 * the thing is shown on the line that joins them, behind the last one for a moment as if it went on. Invariant: what is
 * shown is continuous, but for leaps, and comes to rest at the last known point.
 */

/** A longer pause between two steps was no motion: it lay still. */
const PAUSE_MS = 500;
/** What arrives closer together was held up on the way, and counts as one step. */
const SAME_STEP_MS = 12;
/** Over this time what was shown wrong is made good. */
const SETTLE_MS = 120;

/** @typedef {{ atMs: number, point: number[] }} Sample */

export class Track {
  /** @type {Sample[]} those that are still shown, and later ones */
  #samples = [];
  /** @type {number[]} shown minus known, when that last changed */
  #error = [];
  #errorAtMs = 0;

  /**
   * @param {{ leap: number, extrapolateMs: number }} options leap: a longer step is shown as one at once;
   *   extrapolateMs: how long motion goes on when the next point is late
   */
  constructor({ leap, extrapolateMs }) {
    this.leap = leap;
    this.extrapolateMs = extrapolateMs;
  }

  /**
   * A point became known.
   *
   * @param {number} nowMs
   * @param {number[]} point
   * @param {number} delayMs
   * @returns {number | null} milliseconds since the step before, if it was in motion
   */
  push(nowMs, point, delayMs) {
    const last = this.#samples.at(-1);
    const distance = last === undefined ? Infinity : distanceOf(last.point, point);
    if (distance === 0) return null;
    if (last === undefined || distance > this.leap) {
      this.#samples = [{ atMs: nowMs, point }];
      this.#error = [];
      return null;
    }
    const shown = this.at(nowMs, delayMs);
    const gapMs = nowMs - last.atMs;
    this.#extend(nowMs, point, nowMs - delayMs, last);
    this.#keepShowing(nowMs, shown, delayMs);
    return gapMs < PAUSE_MS ? gapMs : null;
  }

  /**
   * Where it is shown.
   *
   * @param {number} nowMs
   * @param {number} delayMs
   * @returns {number[]}
   */
  at(nowMs, delayMs) {
    const known = this.#known(nowMs - delayMs);
    const part = 1 - (nowMs - this.#errorAtMs) / SETTLE_MS;
    return part <= 0 ? known : known.map((value, axis) => value + part * (this.#error[axis] ?? 0));
  }

  /**
   * @param {number} nowMs
   * @param {number[]} point
   * @param {number} shownMs
   * @param {Sample} last
   */
  #extend(nowMs, point, shownMs, last) {
    const hasRested = shownMs - last.atMs >= 2 * this.extrapolateMs;
    // Without this it would be shown creeping all the while that it lay still.
    if (hasRested) this.#samples.push({ atMs: shownMs, point: last.point });
    else if (nowMs - last.atMs < SAME_STEP_MS && this.#samples.length > 1) this.#samples.pop();
    this.#samples.push({ atMs: nowMs, point });
    while (this.#samples.length > 2 && this.#samples[1].atMs <= shownMs) this.#samples.shift();
  }

  /**
   * The path has changed: what is shown stays where it is, and joins it evenly.
   *
   * @param {number} nowMs
   * @param {number[]} shown
   * @param {number} delayMs
   */
  #keepShowing(nowMs, shown, delayMs) {
    const known = this.#known(nowMs - delayMs);
    this.#error = shown.map((value, axis) => value - known[axis]);
    this.#errorAtMs = nowMs;
  }

  /**
   * @param {number} timeMs
   * @returns {number[]} the point of the path at that time
   */
  #known(timeMs) {
    const next = this.#samples.findIndex(({ atMs }) => atMs > timeMs);
    if (next === 0) return this.#samples[0].point;
    if (next === -1) return this.#beyond(timeMs);
    return between(this.#samples[next - 1], this.#samples[next], timeMs);
  }

  /**
   * @param {number} timeMs
   * @returns {number[]} the point after the last known one: on, back, and at rest
   */
  #beyond(timeMs) {
    const last = this.#samples[this.#samples.length - 1];
    const before = this.#samples.at(-2);
    const overMs = timeMs - last.atMs;
    const onMs = Math.max(0, Math.min(overMs, 2 * this.extrapolateMs - overMs));
    if (before === undefined || onMs === 0 || last.atMs - before.atMs > PAUSE_MS) return last.point;
    return between(before, last, last.atMs + onMs);
  }
}

/**
 * @param {Sample} from
 * @param {Sample} to at another time
 * @param {number} timeMs
 */
function between(from, to, timeMs) {
  const part = (timeMs - from.atMs) / (to.atMs - from.atMs);
  return to.point.map((value, axis) => from.point[axis] + part * (value - from.point[axis]));
}

/**
 * @param {number[]} left
 * @param {number[]} right
 */
function distanceOf(left, right) {
  return Math.hypot(...left.map((value, axis) => value - right[axis]));
}
