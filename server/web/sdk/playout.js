/**
 * How late to show what arrives in steps: nearly as late as the longest usual gap between two steps.
 *
 * Each message gives one measurement, the upper quartile of the gaps of what moved in it; their 95th percentile is
 * followed by small steps (up by 19 parts where one was longer, down by one where it was not). It takes in how often
 * things move as well as how unevenly messages arrive. Knows times only. Invariant: the delay stays within its bounds
 * and changes slowly, so that shown time never runs backwards.
 */

const LOWEST_MS = 40;
const HIGHEST_MS = 400;
const FIRST_MS = 100;
const QUARTILE = 0.75;
const PERCENTILE = 0.95;
const STEP_MS = 8;
/** How much slower or faster than time shown time may run while the delay changes. */
const SLEW = 0.1;

export class PlayoutDelay {
  constructor() {
    this.wantedMs = FIRST_MS;
    this.delayMs = FIRST_MS;
    this.ledAtMs = 0;
  }

  /**
   * @param {number} nowMs
   * @param {number[]} gapsMs time since the step before, of all that moved with one message
   */
  learn(nowMs, gapsMs) {
    if (gapsMs.length === 0) return;
    const gapMs = gapsMs.sort((left, right) => left - right)[Math.floor(QUARTILE * (gapsMs.length - 1))];
    const step = gapMs > this.wantedMs ? PERCENTILE : PERCENTILE - 1;
    this.wantedMs = Math.min(HIGHEST_MS, Math.max(LOWEST_MS, this.wantedMs + STEP_MS * step));
    this.at(nowMs);
  }

  /**
   * The delay now, in milliseconds.
   *
   * @param {number} nowMs
   */
  at(nowMs) {
    const most = SLEW * Math.max(0, nowMs - this.ledAtMs);
    const off = this.wantedMs - this.delayMs;
    this.delayMs += Math.sign(off) * Math.min(Math.abs(off), most);
    this.ledAtMs = Math.max(this.ledAtMs, nowMs);
    return this.delayMs;
  }
}
