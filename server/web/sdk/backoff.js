/**
 * When to try again: exponential back-off with full jitter, and which closes are final.
 *
 * Full jitter (any time up to the bound, the bound capped first) is what spreads a whole world of players who lost
 * their node in the same instant. Knows no socket and no clock.
 */

const FIRST_BOUND_MS = 500;
const LAST_BOUND_MS = 15_000;

export class Backoff {
  /** @param {() => number} random gives numbers from 0 to below 1 */
  constructor(random) {
    this.random = random;
    this.attempts = 0;
  }

  /** Milliseconds to wait before the next attempt. */
  next() {
    const bound = Math.min(LAST_BOUND_MS, FIRST_BOUND_MS * 2 ** this.attempts);
    this.attempts += 1;
    return this.random() * bound;
  }

  /** Call once a session has proved stable, not when it opens: else a node that greets and dies is hammered. */
  reset() {
    this.attempts = 0;
  }
}

/**
 * Whether a close code says that coming back is pointless: 4500 to 4999 do, every other code does not.
 *
 * @param {number} code
 */
export function isFinal(code) {
  return code >= 4500 && code <= 4999;
}
