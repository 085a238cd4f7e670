/**
 * Smooth paths from positions that arrive in steps: everything is shown a moment late, between two known positions.
 *
 * Knows times and points only. Invariant: a shown point lies between points that were really there, never ahead
 * of them.
 */

const JUMP_UNITS = 300;
const HEADING_UNITS = 0.5;
const TURN_PER_MS = 0.008;

export class Track {
  /** `stepMs`: usual time between two positions of something that moves. */
  constructor(stepMs) {
    this.stepMs = stepMs;
    this.samples = [];
    this.heading = -Math.PI / 2;
    this.shown = null;
    this.shownAtMs = 0;
    this.speed = 0;
  }

  /** A position that became known at `nowMs`. */
  push(nowMs, x, y) {
    const last = this.samples.at(-1);
    if (last !== undefined) {
      if (last.x === x && last.y === y) return;
      if (Math.hypot(x - last.x, y - last.y) > JUMP_UNITS) this.samples.length = 0;
      // It lay still until now; without this point it would be shown creeping all the while.
      else if (nowMs - last.atMs > this.stepMs) this.samples.push({ ...last, atMs: nowMs - this.stepMs });
    }
    this.samples.push({ atMs: nowMs, x, y });
    if (this.samples.length > 16) this.samples.shift();
  }

  /** Where it is shown at `nowMs`, with heading (radians) and speed (units per second). */
  at(nowMs) {
    if (this.shown === null || nowMs !== this.shownAtMs) {
      const point = this.#between(nowMs - this.stepMs);
      this.#turn(nowMs, point);
      this.shown = point;
      this.shownAtMs = nowMs;
    }
    return { ...this.shown, heading: this.heading, speed: this.speed };
  }

  #between(timeMs) {
    const next = this.samples.findIndex((sample) => sample.atMs > timeMs);
    if (next === -1) return pointOf(this.samples.at(-1));
    if (next === 0) return pointOf(this.samples[0]);
    const [from, to] = [this.samples[next - 1], this.samples[next]];
    const part = (timeMs - from.atMs) / (to.atMs - from.atMs);
    return { x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) };
  }

  #turn(nowMs, point) {
    const elapsedMs = Math.max(1, nowMs - this.shownAtMs);
    const [dx, dy] = this.shown === null ? [0, 0] : [point.x - this.shown.x, point.y - this.shown.y];
    const distance = Math.hypot(dx, dy);
    this.speed += Math.min(1, elapsedMs / 150) * ((distance / elapsedMs) * 1000 - this.speed);
    if (distance < HEADING_UNITS) return;
    const off = wrap(Math.atan2(dy, dx) - this.heading);
    this.heading += Math.sign(off) * Math.min(Math.abs(off), elapsedMs * TURN_PER_MS);
  }
}

function pointOf({ x, y }) {
  return { x, y };
}

/** The same angle between -pi and pi. */
function wrap(angle) {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
