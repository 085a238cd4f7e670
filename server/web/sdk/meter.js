/**
 * How much goes through a connection: messages and bytes a second, over the last few seconds.
 *
 * Knows no socket; time is an argument. Invariant: memory is bounded, whatever goes through.
 */

const SPAN_S = 5;

export class Meter {
  /** @type {{ second: number, messages: number, bytes: number }[]} */
  #buckets = [];

  /**
   * @param {number} nowMs
   * @param {number} bytes
   */
  count(nowMs, bytes) {
    const second = Math.floor(nowMs / 1000);
    if (this.#buckets.at(-1)?.second !== second) this.#open(second);
    const bucket = this.#buckets[this.#buckets.length - 1];
    bucket.messages += 1;
    bucket.bytes += bytes;
  }

  /**
   * @param {number} nowMs
   * @returns {{ messagesPerS: number, bytesPerS: number }} means over the last five whole seconds
   */
  rates(nowMs) {
    const current = Math.floor(nowMs / 1000);
    const past = this.#buckets.filter(({ second }) => second < current && second >= current - SPAN_S);
    const sum = (/** @type {"messages" | "bytes"} */ what) => past.reduce((sofar, bucket) => sofar + bucket[what], 0);
    return { messagesPerS: sum("messages") / SPAN_S, bytesPerS: sum("bytes") / SPAN_S };
  }

  /** @param {number} second */
  #open(second) {
    this.#buckets.push({ second, messages: 0, bytes: 0 });
    if (this.#buckets.length > SPAN_S + 1) this.#buckets.shift();
  }
}
