/**
 * What the client sees: the mirror under the schema it was made for, and the telling of what changes in it.
 *
 * Knows no connection. Invariant: who listens hears of every entity first that it entered and last that it left.
 */

import { Mirror } from "./mirror.js";
import { Schema } from "./schema.js";

/** @import { Told } from "./client.js" */
/** @import { Emitter } from "./emitter.js" */
/** @import { Change } from "./mirror.js" */
/** @import { Cells, Delta, Entity, Reset, StateMessage, Welcome } from "./protocol.js" */

export class View {
  #hasComplained = false;

  /**
   * @param {Emitter<Told>} listeners
   * @param {() => void} complain tells the server that what it sent is not what it says
   */
  constructor(listeners, complain) {
    this.listeners = listeners;
    this.complain = complain;
    /** @type {Mirror | null} */
    this.mirror = null;
    /** @type {Schema | null} */
    this.schema = null;
    this.divergences = 0;
  }

  /** What a returning client says that it holds. What may be wrong is worth no catch-up. */
  claim() {
    const { epoch = "", version = 0, isSuspect = false, cells = new Map() } = this.mirror ?? {};
    return { epoch, version, cells: isSuspect ? [] : [...cells.keys()] };
  }

  /**
   * Takes over the schema. The view, if there is one, may be of the kinds of an older node: then it is worth nothing,
   * and has to be asked for anew.
   *
   * @param {Welcome} welcome
   * @returns {boolean} whether the view can go on
   */
  greet(welcome) {
    const schema = new Schema(welcome.schema);
    const goesOn = this.mirror === null || this.schema?.fingerprint === schema.fingerprint;
    if (!goesOn) this.forget("schema");
    this.schema = schema;
    if (goesOn) this.mirror ??= new Mirror(welcome);
    return goesOn;
  }

  /** @param {Cells | Delta | Reset} message */
  take(message) {
    if (this.mirror === null) return;
    this.#apply(this.mirror, message);
    if (message.type !== "reset") return;
    if (!message.keep) this.#hasComplained = false;
    this.listeners.emit("reset", message.reason ?? "");
  }

  /** @param {string} reason */
  forget(reason) {
    this.take({ type: "reset", epoch: "", version: 0, reason });
    this.mirror = null;
  }

  /**
   * @param {Mirror} mirror
   * @param {StateMessage} message
   */
  #apply(mirror, message) {
    const change = mirror.apply(message);
    this.#report(change);
    this.listeners.emit("change", change);
    for (const entity of change.gone.values()) this.listeners.emit("leave", entity, "gone");
    for (const entity of change.hidden.values()) this.listeners.emit("leave", entity, "hidden");
    for (const id of change.entered) tellOf(mirror, id, (entity) => this.listeners.emit("enter", entity));
    for (const [id, before] of change.updated) {
      tellOf(mirror, id, (entity) => this.listeners.emit("update", entity, before));
    }
  }

  /**
   * Complains once: a reset will follow.
   *
   * @param {Change} change
   */
  #report({ diverged }) {
    this.divergences += diverged.length;
    if (diverged.length === 0 || this.#hasComplained) return;
    this.#hasComplained = true;
    this.complain();
  }
}

/**
 * @param {Mirror} mirror
 * @param {number} id
 * @param {(entity: Entity) => void} tell
 */
function tellOf(mirror, id, tell) {
  // A listener that was told before may have ended the session.
  const entity = mirror.entities.get(id);
  if (entity !== undefined) tell(entity);
}
