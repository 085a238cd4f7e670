/**
 * One connection from opening to end: frames to messages and back, and whether it is alive.
 *
 * Knows no session. Invariant: `lost` is told once at most, and nothing is told after `close`.
 */

import { CLOSE_LOST, CLOSE_RETURNING } from "./close_codes.js";
import { CodecError } from "./errors.js";
import { Pulse } from "./pulse.js";
import { Timers } from "./timers.js";

/** @import { Codec } from "./codec.js" */
/** @import { Environment, Socket } from "./environment.js" */
/** @import { Meter } from "./meter.js" */
/** @import { ToClient } from "./protocol.js" */

const WELCOME_LIMIT_MS = 8000;
const SOCKET_OPEN = 1;

/**
 * @typedef {{ url: string, codec: Codec, environment: Environment, received: Meter, sent: Meter }} Means
 * @typedef {{
 *   opened: () => void, message: (message: ToClient) => void, lost: (code: number, reason: string) => void,
 * }} Listener
 */

export class Connection {
  #isOver = false;
  /** @type {Timers} */
  #timers;
  /** @type {Socket} */
  #socket;

  /**
   * @param {Means} means
   * @param {Listener} listener
   */
  constructor(means, listener) {
    this.means = means;
    this.listener = listener;
    this.pulse = new Pulse(means.environment, {
      ping: (clockMs) => this.send({ type: "ping", clock_ms: clockMs }),
      silent: () => this.#end(CLOSE_LOST, "silent"),
    });
    this.#timers = new Timers(means.environment);
    this.#timers.set("welcome", WELCOME_LIMIT_MS, () => this.#end(CLOSE_LOST, "no answer"));
    this.#socket = this.#open();
  }

  /** The other side has answered: from now on silence is what tells that it is gone. */
  welcomed() {
    this.#timers.stop("welcome");
    this.pulse.start();
  }

  /** @param {object} message */
  send(message) {
    // Closing already, though nobody said so yet: commands wait for the next connection, the rest is of no use.
    if (this.#isOver || this.#socket.readyState > SOCKET_OPEN) return;
    const data = this.means.codec.encode(message);
    this.means.sent.count(this.means.environment.now(), data.length);
    this.#socket.send(data);
  }

  /** @param {number} code */
  close(code) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timers.stopAll();
    this.pulse.stop();
    this.#socket.close(code);
  }

  #open() {
    const { url, codec, environment } = this.means;
    const socket = environment.open(url, codec.subprotocol);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#isOver || this.listener.opened();
    socket.onmessage = (event) => this.#isOver || this.#receive(event.data);
    socket.onclose = ({ code, reason }) => this.#end(code, reason);
    return socket;
  }

  /** @param {string | ArrayBuffer} data */
  #receive(data) {
    this.pulse.heard();
    this.means.received.count(this.means.environment.now(), typeof data === "string" ? data.length : data.byteLength);
    const message = this.#decode(data);
    if (message !== null) this.listener.message(message);
  }

  /**
   * @param {string | ArrayBuffer} data
   * @returns {ToClient | null} null after giving up a connection whose bytes cannot be trusted
   */
  #decode(data) {
    try {
      return this.means.codec.decode(data);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#end(CLOSE_LOST, error.message);
      return null;
    }
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #end(code, reason) {
    if (this.#isOver) return;
    this.close(CLOSE_RETURNING);
    this.listener.lost(code, reason);
  }
}
