/**
 * Timers with names: setting one again replaces it, all can be stopped at once. Knows nothing of what they are for.
 */

/** @import { Environment } from "./environment.js" */

export class Timers {
  /** @type {Map<string, unknown>} */
  #running = new Map();

  /** @param {Pick<Environment, "setTimer" | "clearTimer">} environment */
  constructor(environment) {
    this.environment = environment;
  }

  /**
   * @param {string} name
   * @param {number} delayMs
   * @param {() => void} callback
   */
  set(name, delayMs, callback) {
    this.stop(name);
    this.#running.set(name, this.environment.setTimer(callback, delayMs));
  }

  /** @param {string} name */
  stop(name) {
    this.environment.clearTimer(this.#running.get(name));
    this.#running.delete(name);
  }

  stopAll() {
    for (const name of [...this.#running.keys()]) this.stop(name);
  }
}
