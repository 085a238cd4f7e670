/**
 * What is on the bay, as the page shows it: entities of the mirror with smooth motion, shouts, floating numbers.
 *
 * Knows the mirror and Flotsam's kinds and events; draws nothing. Kinds it has never heard of are kept when they have a
 * place, so that they can be drawn as something. Invariant: a thing is shown exactly while the mirror holds it.
 */

import { Track } from "./motion.js";

const SHOUT_MS = 4000;
const PICKED_MS = 1400;
const REACH_UNITS = 60;

export class Scene {
  constructor(stepMs) {
    this.stepMs = stepMs;
    this.things = new Map();
    this.shouts = new Map();
    this.picked = [];
  }

  /** Takes over what a message changed. */
  update(mirror, { entered, updated, gone, hidden }, nowMs) {
    for (const id of [...gone.keys(), ...hidden.keys()]) this.things.delete(id);
    for (const id of [...entered, ...updated.keys()]) {
      const entity = mirror.entities.get(id);
      if (typeof entity.fields.x === "number" && typeof entity.fields.y === "number") this.#place(entity, nowMs);
    }
  }

  #place(entity, nowMs) {
    const { id, kind, fields } = entity;
    const known = this.things.get(id);
    const track = known?.track ?? new Track(this.stepMs);
    track.push(nowMs, fields.x, fields.y);
    this.things.set(id, { id, kind, fields, track, sinceMs: known?.sinceMs ?? nowMs });
  }

  /** An event of the game; ones it does not know are nothing to see. */
  happen(name, body, nowMs) {
    if (name === "shout") this.shouts.set(body.boat, { text: String(body.text), untilMs: nowMs + SHOUT_MS });
    if (name === "picked") this.#pick(body, nowMs);
  }

  #pick({ boat, gold }, nowMs) {
    // A hidden page draws no frames and so tidies nothing, but still hears everything.
    this.tidy(nowMs);
    const thing = this.things.get(boat);
    if (thing === undefined) return;
    this.picked.push({ x: thing.fields.x, y: thing.fields.y, gold, atMs: nowMs, untilMs: nowMs + PICKED_MS });
  }

  /** Forgets what has been seen long enough. */
  tidy(nowMs) {
    for (const [boat, { untilMs }] of this.shouts) if (untilMs <= nowMs) this.shouts.delete(boat);
    this.picked = this.picked.filter(({ untilMs }) => untilMs > nowMs);
  }

  of(kind) {
    return [...this.things.values()].filter((thing) => thing.kind === kind);
  }

  /** The nearest crate that the boat can reach by the game's rule (a square around it), or null. */
  crateInReach(boatId) {
    const boat = this.things.get(boatId);
    if (boat === undefined) return null;
    const distance = ({ fields }) => Math.max(Math.abs(fields.x - boat.fields.x), Math.abs(fields.y - boat.fields.y));
    const near = this.of("Crate").filter((crate) => distance(crate) <= REACH_UNITS);
    return near.sort((left, right) => distance(left) - distance(right))[0] ?? null;
  }
}
