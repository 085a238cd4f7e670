/**
 * The player's own avatar, shown as it will be when the server has done what it was asked.
 *
 * Each command that is given through here is applied at once, by the same pure step that the game's rule uses, on top
 * of what the server last showed. What the server shows next is one of the states on the way, if nothing else happened:
 * then the commands up to there are in it, whether they were answered or not, and the rest still stands. Otherwise what
 * is unanswered is applied anew on top of it; if the result differs, that is a correction, shown as even motion and
 * counted. Knows no game: the step is an argument. Invariant: with nothing on the way, the state is the server's.
 */

import { Glide } from "./glide.js";
import { Timers } from "./timers.js";

/** @import { Client } from "./client.js" */
/** @import { Change } from "./mirror.js" */
/** @import { Answer, Args, Fields } from "./protocol.js" */

/**
 * The state arrives before the answers of the commands that led to it, by one flush at most. If none comes for so long,
 * what was not foreseen was of somebody else's making.
 */
const ANSWERS_WITHIN_MS = 120;

/**
 * @typedef {{ command: string, args: Args }} Input
 * @typedef {{ input: Input, dtMs: number }} Given
 * @typedef {(state: Fields, input: Input, dtMs: number) => Fields} Step
 *   The state after a command (the same one, if it changes nothing); `dtMs`: time since the command before.
 * @typedef {{ step: Step, fields?: string[], smoothMs?: number, leap?: number }} PredictionOptions
 *   fields: those that are shown smoothly; smoothMs: over how long a change of them is shown; leap: a change so large
 *   is shown at once
 */

export class Prediction {
  /** @type {Given[]} commands whose effect was neither seen nor denied */
  #inputs = [];
  /** @type {Fields | null} what the server showed, as far as it was taken in */
  #base = null;
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
    answer.then(({ code }) => this.#onAnswer(input, code));
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
    const seen = this.#inputs.length === 0 ? 0 : this.#countSeen();
    // What crosses the border of a cell may be out of view between two messages.
    if (seen === null || this.client.avatar === null) {
      this.#timers.set("rebase", ANSWERS_WITHIN_MS, () => this.#rebase());
    } else {
      this.#inputs.splice(0, seen);
      this.#rebase();
    }
  }

  /** How many commands lead from the state before to what the server shows; null if none of them do. */
  #countSeen() {
    const shown = this.client.avatar?.fields;
    let state = this.#base;
    if (shown === undefined || state === null) return null;
    for (let count = 0; count <= this.#inputs.length; count++) {
      if (this.#distance(state, shown) === 0) return count;
      const next = this.#inputs[count];
      if (next !== undefined) state = this.step(state, next.input, next.dtMs);
    }
    return null;
  }

  /**
   * @param {Given} answered
   * @param {string} code
   */
  #onAnswer(answered, code) {
    const place = this.#inputs.indexOf(answered);
    // Its effect was seen before.
    if (place === -1) return;
    if (code === "") this.#inputs.splice(0, place + 1);
    else this.#inputs.splice(place, 1);
    // Only when all answers of the message are in: the state has the effect of each.
    queueMicrotask(() => this.#rebase());
  }

  /** Another avatar, or none. */
  #startOver() {
    this.#inputs = [];
    this.#base = this.state = null;
    this.#glide.target = null;
    this.#timers.stopAll();
  }

  /** Takes in what the server shows, and applies on top of it what is unanswered. */
  #rebase() {
    this.#timers.stop("rebase");
    const avatar = this.client.avatar;
    const predicted = this.state;
    if (avatar === null) {
      this.#base = this.state = null;
      return;
    }
    this.#base = { ...avatar.fields };
    const state = this.#inputs.reduce((sofar, { input, dtMs }) => this.step(sofar, input, dtMs), this.#base);
    if (predicted !== null) this.#judge(this.#distance(predicted, state));
    this.#show(state);
  }

  /**
   * @param {Fields} left
   * @param {Fields} right
   */
  #distance(left, right) {
    return Math.hypot(...this.fields.map((name) => left[name] - right[name]));
  }

  /** @param {number} off how far the prediction was from the truth */
  #judge(off) {
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
