/**
 * The player's own avatar, shown as it will be when the server has done what it was asked.
 *
 * Each command that is given through here is applied at once, by the same pure step that the game's rule uses, on top of
 * what the server last showed. When it shows more, what is still unanswered is applied anew on top of that; if the result
 * differs, that is a correction, which is shown as even motion and counted.
 * Knows no game: the step is an argument. Invariant: with nothing unanswered, the state is the server's.
 */

import { Glide } from "./glide.js";
import { Timers } from "./timers.js";

/** @import { Client } from "./client.js" */
/** @import { Change } from "./mirror.js" */
/** @import { Answer, Args, Fields } from "./protocol.js" */

/**
 * The state arrives before the answer, in two messages that were sent as one: with state taken in between the two, a
 * command would count twice. If no answer comes for so long, the state was of somebody else's making.
 */
const ANSWER_WITHIN_MS = 30;

/**
 * @typedef {{ command: string, args: Args }} Input
 * @typedef {(state: Fields, input: Input, dtMs: number) => Fields} Step
 *   The state after a command (the same one, if it changes nothing); `dtMs`: time since the command before.
 * @typedef {{ step: Step, fields?: string[], smoothMs?: number, leap?: number }} PredictionOptions
 *   fields: those that are shown smoothly; smoothMs: over how long a change of them is shown; leap: a change so large is
 *   shown at once
 */

export class Prediction {
  /** @type {{ input: Input, dtMs: number }[]} those without an answer */
  #inputs = [];
  /** @type {number | null} */
  #lastInputMs = null;
  /** @type {Glide} */
  #glide;
  /** @type {Timers} */
  #timers;
  /** @type {(() => void)[]} */
  #subscriptions;

  /**
   * @param {Client} client
   * @param {PredictionOptions} options
   */
  constructor(client, { step, fields = ["x", "y"], smoothMs = 100, leap = 300 }) {
    this.client = client;
    this.step = step;
    this.fields = fields;
    /** @type {Fields | null} the avatar as it is predicted to be; null while it is not in view */
    this.state = null;
    this.corrections = 0;
    /** How far the last correction went, over the fields that are shown. */
    this.lastCorrection = 0;
    this.#glide = new Glide({ overMs: smoothMs, leap });
    this.#timers = new Timers(client.environment);
    this.#subscriptions = [
      client.on("welcome", (_welcome, isResumed) => isResumed || this.#startOver()),
      client.on("status", (status) => status === "closed" && this.#startOver()),
      client.on("change", (change) => this.#onChange(change)),
    ];
  }

  /**
   * Gives a command, as `Client.do`, and shows its effect at once.
   *
   * @param {string} command
   * @param {Args} [args]
   * @param {{ mayWait?: boolean }} [options]
   * @returns {Promise<Answer>}
   */
  do(command, args = {}, options = {}) {
    const nowMs = this.client.environment.now();
    const before = this.client.unanswered;
    const answer = this.client.do(command, args, options);
    // Refused on the spot: there is nothing to show.
    if (this.client.unanswered === before) return answer;
    const input = { input: { command, args }, dtMs: nowMs - (this.#lastInputMs ?? nowMs) };
    this.#lastInputMs = nowMs;
    this.#inputs.push(input);
    if (this.state !== null) this.#show(this.step(this.state, input.input, input.dtMs));
    answer.then(() => this.#onAnswer(input));
    return answer;
  }

  /**
   * Where the avatar is shown now: the fields, by name; null while it is not in view.
   *
   * @param {Record<string, number>} [into] takes the values, so that a frame need not make objects
   */
  at(into = {}) {
    const point = this.state && this.#glide.at(this.client.environment.now());
    if (!point) return null;
    this.fields.forEach((name, axis) => (into[name] = point[axis]));
    return into;
  }

  /** Stops following the client. */
  close() {
    for (const end of this.#subscriptions) end();
    this.#timers.stopAll();
  }

  /** @param {Change} change */
  #onChange({ entered, updated, gone, hidden }) {
    const id = this.client.welcome?.avatar ?? 0;
    if (![entered, updated, gone, hidden].some((ids) => ids.has(id))) return;
    // What crosses the border of a cell may be out of view between two messages.
    if (this.#inputs.length === 0 && this.client.avatar !== null) this.#rebase();
    else this.#timers.set("rebase", ANSWER_WITHIN_MS, () => this.#rebase());
  }

  /** @param {{ input: Input }} answered */
  #onAnswer(answered) {
    this.#inputs = this.#inputs.filter((input) => input !== answered);
    // Only when all answers of the message are in: the state has the effect of each.
    queueMicrotask(() => this.#rebase());
  }

  /** Another avatar, or none. */
  #startOver() {
    this.#inputs = [];
    this.state = null;
    this.#glide.target = null;
    this.#timers.stopAll();
  }

  /** Takes in what the server shows, and applies on top of it what is unanswered. */
  #rebase() {
    this.#timers.stop("rebase");
    const avatar = this.client.avatar;
    const predicted = this.state;
    if (avatar === null) {
      this.state = null;
      return;
    }
    const shown = { ...avatar.fields };
    const state = this.#inputs.reduce((sofar, { input, dtMs }) => this.step(sofar, input, dtMs), shown);
    if (predicted !== null) this.#judge(predicted, state);
    this.#show(state);
  }

  /**
   * @param {Fields} predicted
   * @param {Fields} state
   */
  #judge(predicted, state) {
    const off = Math.hypot(...this.fields.map((name) => state[name] - predicted[name]));
    if (off === 0) return;
    this.corrections += 1;
    this.lastCorrection = off;
  }

  /** @param {Fields} state */
  #show(state) {
    this.state = state;
    const point = this.fields.map((name) => state[name]);
    const shown = this.#glide.target;
    if (shown === null || point.some((value, axis) => value !== shown[axis])) {
      this.#glide.moveTo(this.client.environment.now(), point);
    }
  }
}
