/**
 * How often to paint: with every frame of the screen, or, where painting takes longer than a frame, with every other.
 *
 * A page that does nothing but paint answers neither its player nor the server. Pure; knows times only.
 */

const SLOW_MS = 26;
const FAST_MS = 19;
const EASE = 0.06;
/** A longer gap is a page that was hidden, or a machine that slept. */
const PAUSE_MS = 250;

export class Pace {
  constructor() {
    this.lastMs = null;
    this.meanMs = 16.7;
    this.isHalved = false;
    this.isOff = false;
  }

  /** Whether to paint in the frame at `nowMs`. */
  isDue(nowMs) {
    const gapMs = this.lastMs === null ? 0 : nowMs - this.lastMs;
    this.lastMs = nowMs;
    if (gapMs > 0 && gapMs < PAUSE_MS) this.meanMs += EASE * (gapMs - this.meanMs);
    if (this.meanMs > SLOW_MS) this.isHalved = true;
    else if (this.meanMs < FAST_MS) this.isHalved = false;
    this.isOff = this.isHalved && !this.isOff;
    return !this.isOff;
  }
}
