/**
 * Whether a connection is alive, how long a message takes, and the samples for the server's clock.
 *
 * Pings now and then; any message is a sign of life. A timer that fires late says nothing about the connection: the
 * page was hidden or asleep, and what arrived meanwhile has not been delivered yet. For the same reason only the pong
 * of a ping that was sent after waking proves that a connection outlived the sleep. Knows no socket. Invariant: after
 * `stop` it is silent.
 */

import { Timers } from "./timers.js";

/** @import { Environment } from "./environment.js" */

const PING_EVERY_MS = 2000;
/** The first pings come close together: the clock is wanted soon. */
const FIRST_PINGS_EVERY_MS = 250;
const FIRST_PINGS = 4;
const SILENCE_LIMIT_MS = 5000;
const PROBE_LIMIT_MS = 3000;
const LATE_MS = 1000;

export class Pulse {
  /** @type {Timers} */
  #timers;
  /** @type {number | null} when the first ping was sent after which nothing came */
  #silentSinceMs = null;
  /** @type {number | null} when the ping was sent whose pong is wanted */
  #probeMs = null;
  #pings = 0;

  /**
   * @param {Environment} environment
   * @param {{ ping: (clockMs: number) => void, silent: () => void }} actions
   */
  constructor(environment, { ping, silent }) {
    this.environment = environment;
    this.sendPing = ping;
    this.silent = silent;
    this.#timers = new Timers(environment);
    /** @type {number | null} */
    this.latencyMs = null;
    /** How much round trips differ from each other: a running mean. */
    this.jitterMs = 0;
  }

  /** The session is open. */
  start() {
    this.#ping();
  }

  stop() {
    this.#timers.stopAll();
  }

  /** Any message came. */
  heard() {
    this.#silentSinceMs = null;
  }

  /**
   * A pong came; returns when its ping was sent and when this was, or null if it is none of these.
   *
   * @param {number} sentMs
   */
  pong(sentMs) {
    const receivedMs = this.environment.now();
    if (!(sentMs <= receivedMs)) return null;
    const roundTripMs = receivedMs - sentMs;
    if (this.latencyMs !== null) this.jitterMs += (Math.abs(roundTripMs - this.latencyMs) - this.jitterMs) / 8;
    this.latencyMs = roundTripMs;
    if (this.#probeMs !== null && sentMs >= this.#probeMs) this.#endProbe();
    return { sentMs, receivedMs };
  }

  /** Finds out within three seconds whether the connection still is one. */
  probe() {
    const nowMs = this.environment.now();
    this.#probeMs = nowMs;
    this.sendPing(nowMs);
    this.#timers.set("probe", PROBE_LIMIT_MS, () => this.#judge(nowMs + PROBE_LIMIT_MS));
  }

  /** @param {number} dueMs */
  #judge(dueMs) {
    if (this.environment.now() - dueMs > LATE_MS) this.probe();
    else this.silent();
  }

  #endProbe() {
    this.#probeMs = null;
    this.#timers.stop("probe");
  }

  #ping() {
    const nowMs = this.environment.now();
    const everyMs = ++this.#pings <= FIRST_PINGS ? FIRST_PINGS_EVERY_MS : PING_EVERY_MS;
    this.#silentSinceMs ??= nowMs;
    this.sendPing(nowMs);
    this.#timers.set("ping", everyMs, () => this.#listen(nowMs + everyMs));
  }

  /** @param {number} dueMs */
  #listen(dueMs) {
    const nowMs = this.environment.now();
    if (nowMs - dueMs > LATE_MS) this.#silentSinceMs = null;
    const isSilent = this.#silentSinceMs !== null && nowMs - this.#silentSinceMs >= SILENCE_LIMIT_MS;
    if (isSilent) this.silent();
    else this.#ping();
  }
}
