/**
 * What is on the bay, as the page shows it: the mirror's entities that have a place, each where it is to be drawn now.
 *
 * Knows the mirror and Flotsam's kinds; draws nothing. Kinds it has never heard of are kept when they have a place, so
 * that they can be drawn as something. Invariant: a thing is shown exactly while the mirror holds it.
 */

const TURN_PER_MS = 0.008;
const SPEED_EASE_MS = 150;
/** Slower than this a boat drifts: no wake, oars at rest. Units/s. */
export const DRIFTING = 25;
const STROKES_PER_S = 1.6;
const NONE = new Set();
/** Events tell of what is gone by then: so many of the last things are remembered. */
const MOST_DEPARTED = 64;

export class Scene {
  constructor() {
    /**
     * id -> { id, kind, fields, x, y, heading, speed, stroke, look }; `look` is a painter's own, and forgotten when
     * fields change
     */
    this.things = new Map();
    this.kinds = new Map();
    this.departed = new Map();
    this.posedMs = 0;
  }

  /** Takes over what a message changed. */
  update(mirror, { entered, updated, gone, hidden }) {
    for (const id of gone.keys()) this.#remove(id);
    for (const id of hidden.keys()) this.#remove(id);
    for (const id of entered) this.#place(mirror.entities.get(id));
    for (const id of updated.keys()) this.#place(mirror.entities.get(id));
  }

  of(kind) {
    return this.kinds.get(kind) ?? NONE;
  }

  /** A thing, or what has just gone, as it was last; undefined: never seen, or long ago. */
  recall(id) {
    return this.things.get(id) ?? this.departed.get(id);
  }

  /** Moves everything to where it is shown at `nowMs`; `whereIs(thing)` writes `x` and `y`, and gives its last stroke. */
  pose(nowMs, whereIs) {
    const elapsedMs = Math.min(250, Math.max(1, nowMs - this.posedMs));
    this.posedMs = nowMs;
    for (const thing of this.things.values()) {
      const { x, y } = thing;
      const fields = whereIs(thing);
      if (thing.kind === "Boat") sail(thing, Math.hypot(thing.x - x, thing.y - y), fields, elapsedMs);
    }
  }

  #place(entity) {
    const { id, kind, fields } = entity;
    if (typeof fields.x !== "number" || typeof fields.y !== "number") return;
    const known = this.things.get(id);
    if (known !== undefined) Object.assign(known, { fields, look: null });
    else this.#add({ id, kind, fields, x: fields.x, y: fields.y, heading: headingOf(fields), speed: 0, stroke: id, look: null });
  }

  #add(thing) {
    this.things.set(thing.id, thing);
    if (!this.kinds.has(thing.kind)) this.kinds.set(thing.kind, new Set());
    this.kinds.get(thing.kind).add(thing);
  }

  #remove(id) {
    const thing = this.things.get(id);
    if (thing === undefined) return;
    this.things.delete(id);
    this.kinds.get(thing.kind).delete(thing);
    this.departed.delete(id);
    this.departed.set(id, thing);
    if (this.departed.size > MOST_DEPARTED) this.departed.delete(this.departed.keys().next().value);
  }
}

/** Turns a boat towards its last stroke, and works its oars. */
function sail(boat, distance, { dx, dy }, elapsedMs) {
  // A leap is no speed.
  const speed = distance > 300 ? 0 : (distance / elapsedMs) * 1000;
  boat.speed += Math.min(1, elapsedMs / SPEED_EASE_MS) * (speed - boat.speed);
  if (boat.speed > DRIFTING) boat.stroke += (elapsedMs / 1000) * STROKES_PER_S * 2 * Math.PI;
  if (!dx && !dy) return;
  const off = wrapped(Math.atan2(dy, dx) - boat.heading);
  boat.heading += Math.sign(off) * Math.min(Math.abs(off), elapsedMs * TURN_PER_MS);
}

function headingOf({ dx, dy }) {
  return dx || dy ? Math.atan2(dy, dx) : -Math.PI / 2;
}

/** The same angle between -pi and pi. */
function wrapped(angle) {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
