/**
 * The server's clock, as far as it can be known from pings.
 *
 * Of the last samples the one with the shortest round trip says most: what was under way no longer than usual was not
 * held up on one side only. The clock is led there slowly, so that what is timed by it neither jumps nor runs back.
 * Knows the local time only as numbers that it is given, from a clock that does not care what the wall clock does
 * (performance.now). Invariant: `now` never decreases.
 */

const SAMPLES = 10;
const SAMPLE_LIFE_MS = 60_000;
/** How much faster or slower than time it runs while it is led to where it belongs. Below 1 it never runs back. */
const SLEW = 0.1;
/** Beyond this it is not a matter of measuring: the machine slept, or a node's clock is another. */
const FAR_MS = 1000;
const FAR_SLEW = 0.5;

export class Clock {
  /** @param {() => number} localNow milliseconds of a clock that only moves on */
  constructor(localNow) {
    this.localNow = localNow;
    /** @type {{ atMs: number, roundTripMs: number, offsetMs: number }[]} */
    this.samples = [];
    this.isSet = false;
    /** What is added to local time now, and what should be. */
    this.offsetMs = 0;
    this.targetMs = 0;
    this.ledAtMs = 0;
  }

  /** Server time in milliseconds since 1970; NaN until the first sample. */
  now() {
    if (!this.isSet) return NaN;
    const localMs = this.localNow();
    this.#lead(localMs);
    return localMs + this.offsetMs;
  }

  /** How far it can be off, in milliseconds: half of the best round trip. */
  get uncertaintyMs() {
    return this.samples.length === 0 ? Infinity : Math.min(...this.samples.map((s) => s.roundTripMs)) / 2;
  }

  /**
   * A ping left at `sentMs`, its pong came at `receivedMs` (local time), and the server's clock stood at `serverMs`.
   *
   * @param {number} sentMs
   * @param {number} receivedMs
   * @param {number} serverMs
   */
  learn(sentMs, receivedMs, serverMs) {
    const roundTripMs = receivedMs - sentMs;
    if (!(roundTripMs >= 0) || !Number.isFinite(serverMs)) return;
    this.samples = this.samples.filter(({ atMs }) => receivedMs - atMs < SAMPLE_LIFE_MS).slice(1 - SAMPLES);
    this.samples.push({ atMs: receivedMs, roundTripMs, offsetMs: serverMs - (sentMs + receivedMs) / 2 });
    this.#lead(receivedMs);
    this.targetMs = this.samples.reduce((best, s) => (s.roundTripMs <= best.roundTripMs ? s : best)).offsetMs;
    const isFarAhead = this.targetMs - this.offsetMs > FAR_MS;
    if (!this.isSet || isFarAhead) this.offsetMs = this.targetMs;
    this.isSet = true;
  }

  /** What was measured no longer counts (another node, a machine that slept); time goes on as it was. */
  forget() {
    this.samples = [];
  }

  /** @param {number} localMs */
  #lead(localMs) {
    const elapsedMs = Math.max(0, localMs - this.ledAtMs);
    this.ledAtMs = localMs;
    const off = this.targetMs - this.offsetMs;
    const most = elapsedMs * (Math.abs(off) > FAR_MS ? FAR_SLEW : SLEW);
    this.offsetMs += Math.sign(off) * Math.min(Math.abs(off), most);
  }
}
