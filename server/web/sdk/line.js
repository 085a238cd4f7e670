/**
 * The line to the server: one connection after the other, with pauses, for as long as the player wants to be there.
 *
 * Knows when to connect, to wait, to try at once and to give up; no session and no view. Invariant: one connection at
 * most, and what a replaced one still delivers is not heard.
 *
 *     closed -> connecting -> open -> waiting -> connecting ... -> closed
 */

import { Backoff, isFinal } from "./backoff.js";
import { CLOSE_RETURNING } from "./close_codes.js";
import { Connection } from "./connection.js";
import { Meter } from "./meter.js";
import { Timers } from "./timers.js";

/** @import { Codec } from "./codec.js" */
/** @import { Environment } from "./environment.js" */
/** @import { StatusDetail, ToClient } from "./protocol.js" */

const STABLE_AFTER_MS = 10_000;
/** A page that nobody sees tries so often, and then waits until somebody does. */
const HIDDEN_ATTEMPTS = 3;
/** So often it tries although the device says that it has no network: devices are wrong at times. */
const OFFLINE_EVERY_MS = 15_000;
/** Waking connects at once, but no more often than this. */
const WAKE_EVERY_MS = 1000;

/**
 * @typedef {"closed" | "connecting" | "open" | "waiting"} LineState
 * @typedef {{
 *   changed: (state: LineState, detail: StatusDetail) => void,
 *   opened: () => void,
 *   message: (message: ToClient) => void,
 * }} LineListener
 *   `opened`: messages can be sent; the state stays `connecting` until the server has answered.
 */

export class Line {
  /** @type {Connection | null} */
  #connection = null;
  #connectedAtMs = -Infinity;
  /** @type {Timers} */
  #timers;
  /** @type {Backoff} */
  #backoff;

  /**
   * @param {{ url: string, codec: Codec, environment: Environment }} means
   * @param {LineListener} listener
   */
  constructor(means, listener) {
    this.means = { ...means, received: new Meter(), sent: new Meter() };
    this.environment = means.environment;
    this.listener = listener;
    /** @type {LineState} */
    this.state = "closed";
    this.reconnects = 0;
    this.#timers = new Timers(means.environment);
    this.#backoff = new Backoff(means.environment.random);
  }

  /** What is known of the connection's life; null without one. */
  get pulse() {
    return this.#connection?.pulse ?? null;
  }

  open() {
    this.#backoff.reset();
    this.#connect();
  }

  /** @param {object} message */
  send(message) {
    this.#connection?.send(message);
  }

  /** The server has answered. */
  welcomed() {
    this.#connection?.welcomed();
    this.#timers.set("stable", STABLE_AFTER_MS, () => this.#backoff.reset());
    this.state = "open";
  }

  /**
   * The connection is gone, or is worth nothing.
   *
   * @param {number} code
   * @param {string} reason
   */
  lose(code, reason) {
    if (isFinal(code)) return this.close(code, reason);
    this.#wait(this.#pauseMs(), code, reason);
  }

  #pauseMs() {
    if (this.environment.isHidden() && this.#backoff.attempts >= HIDDEN_ATTEMPTS) return null;
    const pauseMs = this.#backoff.next();
    return this.environment.isOnline() ? pauseMs : OFFLINE_EVERY_MS;
  }

  /**
   * The node goes away; if it has not answered yet, it cannot take anybody now.
   *
   * @param {number} afterMs
   */
  move(afterMs) {
    if (this.state === "open") this.#timers.set("move", afterMs, () => this.#reconnect());
    else this.#wait(afterMs, CLOSE_RETURNING, "asked to come later");
  }

  /** No message can be read for a while: better none that pile up than minutes of them to be read later. */
  rest() {
    if (this.state !== "closed") this.#wait(null, CLOSE_RETURNING, "the page is put away");
  }

  /** The network or the page may be back: find out whether the connection is alive, or try at once to get one. */
  wake() {
    if (this.state === "open") this.pulse?.probe();
    if (this.state !== "waiting") return;
    const restMs = Math.max(0, this.#connectedAtMs + WAKE_EVERY_MS - this.environment.now());
    this.#timers.set("retry", restMs, () => this.#connect());
  }

  /**
   * For good.
   *
   * @param {number} code
   * @param {string} reason
   */
  close(code, reason) {
    this.#drop();
    this.#become("closed", { code, reason });
  }

  #connect() {
    this.#drop();
    this.#connectedAtMs = this.environment.now();
    this.#become("connecting", {});
    this.#connection = new Connection(this.means, {
      opened: () => this.listener.opened(),
      message: (message) => this.listener.message(message),
      lost: (code, reason) => this.lose(code, reason),
    });
  }

  #reconnect() {
    this.reconnects += 1;
    this.#connect();
  }

  #drop() {
    this.#timers.stopAll();
    this.#connection?.close(CLOSE_RETURNING);
    this.#connection = null;
  }

  /**
   * @param {number | null} delayMs until the next attempt; null: until `wake`
   * @param {number} code
   * @param {string} reason
   */
  #wait(delayMs, code, reason) {
    this.#drop();
    this.#become("waiting", { delayMs, code, reason });
    if (delayMs !== null) this.#timers.set("retry", delayMs, () => this.#reconnect());
  }

  /**
   * @param {LineState} state
   * @param {StatusDetail} detail
   */
  #become(state, detail) {
    this.state = state;
    this.listener.changed(state, detail);
  }
}
