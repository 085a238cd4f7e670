/**
 * Smooth motion of what others move: everything is shown a little late, between two states that were really there.
 *
 * How late follows what arrives: late enough that the next state is nearly always known, no later. If one is missing
 * nevertheless, motion goes on for a moment as it was, and what turns out wrong is made good evenly.
 * Knows the client's view and names of fields; no game.
 */

import { PlayoutDelay } from "./playout.js";
import { Track } from "./track.js";

/** @import { Client } from "./client.js" */
/** @import { Change } from "./mirror.js" */
/** @import { Entity } from "./protocol.js" */

/** What crosses the border of a cell may go out of view and come back in the same breath. */
const KEPT_MS = 500;

/**
 * @typedef {{ fields?: string[], leap?: number, extrapolateMs?: number }} InterpolationOptions
 *   fields: numbers that change evenly, together (a position); leap: a change so large is shown as one at once;
 *   extrapolateMs: how long motion goes on when the next state is late
 */

export class Interpolation {
  /** @type {Map<number, Track>} */
  #tracks = new Map();
  /** @type {Map<number, number>} id of what went out of view -> when */
  #left = new Map();
  #playout = new PlayoutDelay();
  /** @type {() => void} */
  #unsubscribe;

  /**
   * @param {Client} client
   * @param {InterpolationOptions} [options]
   */
  constructor(client, { fields = ["x", "y"], leap = 300, extrapolateMs = 100 } = {}) {
    this.client = client;
    this.fields = fields;
    this.leap = leap;
    this.extrapolateMs = extrapolateMs;
    this.#unsubscribe = client.on("change", (change) => this.#take(change));
  }

  /** How late things are shown, in milliseconds. */
  get delayMs() {
    return this.#playout.at(this.client.environment.now());
  }

  /**
   * Where an entity is shown now: its interpolated fields, by name.
   *
   * @param {number} id
   * @param {Record<string, number>} [into] takes the values, so that a frame need not make objects
   * @returns {Record<string, number> | null} null for what is not in view or has no such fields
   */
  at(id, into = {}) {
    const nowMs = this.client.environment.now();
    const point = this.#left.has(id) ? null : this.#tracks.get(id)?.at(nowMs, this.#playout.at(nowMs));
    if (!point) return null;
    this.fields.forEach((name, axis) => (into[name] = point[axis]));
    return into;
  }

  /** Stops following the client. */
  close() {
    this.#unsubscribe();
    this.#tracks.clear();
  }

  /** @param {Change} change */
  #take({ entered, updated, gone, hidden }) {
    const nowMs = this.client.environment.now();
    /** @type {number[]} */
    const gaps = [];
    for (const id of [...entered, ...updated.keys()]) this.#push(nowMs, id, gaps);
    for (const id of gone.keys()) this.#tracks.delete(id);
    for (const id of hidden.keys()) this.#left.set(id, nowMs);
    this.#playout.learn(nowMs, gaps);
    this.#tidy(nowMs);
  }

  /**
   * @param {number} nowMs
   * @param {number} id
   * @param {number[]} gaps
   */
  #push(nowMs, id, gaps) {
    const point = this.#pointOf(this.client.mirror?.entities.get(id));
    if (point === null) return;
    this.#left.delete(id);
    let track = this.#tracks.get(id);
    if (track === undefined) {
      track = new Track({ leap: this.leap, extrapolateMs: this.extrapolateMs });
      this.#tracks.set(id, track);
    }
    const gapMs = track.push(nowMs, point, this.#playout.at(nowMs));
    if (gapMs !== null) gaps.push(gapMs);
  }

  /**
   * @param {Entity | undefined} entity
   * @returns {number[] | null}
   */
  #pointOf(entity) {
    const point = this.fields.map((name) => entity?.fields[name]);
    return point.every((value) => typeof value === "number") ? point : null;
  }

  /** @param {number} nowMs */
  #tidy(nowMs) {
    for (const [id, leftMs] of this.#left) {
      if (nowMs - leftMs < KEPT_MS) break;
      this.#left.delete(id);
      this.#tracks.delete(id);
    }
  }
}
