/**
 * A client's view of the world: what the node sent, applied in order, and checked against the digests it gave.
 *
 * Knows no socket and no game; the schema of the welcome tells kinds and fields. Invariant: after a `delta` the view is
 * whole at `version`, and every entity stands in exactly one cell that is in view.
 */

import { cellDigest, entityDigest } from "./digest.js";

/** @import { CellRow, Cells, Delta, Entity, EntityRow, Fields, PatchRow, Reset } from "./protocol.js" */
/** @import { StateMessage, WireSchema } from "./protocol.js" */

/** What one message did to the view. */
export class Change {
  constructor() {
    /** @type {Set<number>} ids of what came into view */
    this.entered = new Set();
    /** @type {Map<number, Fields>} id -> the fields that changed, as they were before */
    this.updated = new Map();
    /** @type {Map<number, Entity>} what was deleted from the world, as it was last */
    this.gone = new Map();
    /** @type {Map<number, Entity>} what only went out of view, as it was last */
    this.hidden = new Map();
    /** @type {number[]} cells that are not what the node holds */
    this.diverged = [];
  }
}

export class Mirror {
  /** @param {{ schema: Pick<WireSchema, "kinds">, epoch: string }} welcome */
  constructor({ schema, epoch }) {
    this.kinds = schema.kinds.map(([name, fields]) => ({ name, fields: fields.map(([field]) => field) }));
    /** @type {Map<number, Entity>} */
    this.entities = new Map();
    /** @type {Map<number, Set<number>>} cell in view -> ids of what is in it */
    this.cells = new Map();
    this.epoch = epoch;
    this.version = 0;
    /** What is held is wrong somewhere; a reset will end it. */
    this.isSuspect = false;
  }

  /**
   * Applies a message that carries state.
   *
   * @param {StateMessage} message
   * @returns {Change}
   */
  apply(message) {
    const change = new Change();
    if (message.type === "cells") this.#applyCells(message, change);
    else if (message.type === "delta") this.#applyDelta(message, change);
    else this.#applyReset(message, change);
    return change;
  }

  /**
   * The digest of what is held of a cell.
   *
   * @param {number} cell
   */
  digest(cell) {
    const digests = [...(this.cells.get(cell) ?? [])].map((id) => {
      const { kindNumber, fields } = this.#held(id);
      return entityDigest(id, kindNumber, this.kinds[kindNumber].fields.map((name) => fields[name]));
    });
    return cellDigest(digests);
  }

  // ---- messages ------------------------------------------------------------------------------------------------

  /**
   * @param {Cells} message
   * @param {Change} change
   */
  #applyCells({ version, entered, left }, change) {
    for (const cell of left) this.#dropCell(cell, change);
    for (const [cell, rows] of entered) {
      this.#dropCell(cell, change);
      this.cells.set(cell, new Set());
      for (const row of rows) this.#put(cell, row, change);
    }
    this.version = Math.max(this.version, version);
  }

  /**
   * @param {Delta} message
   * @param {Change} change
   */
  #applyDelta({ version, cells }, change) {
    for (const row of cells) this.#applyCellRow(row, change);
    this.version = version;
    // Only now: what moved between two cells may stand in either row first.
    for (const [cell, , , , , digest] of cells) this.#check(cell, digest, change);
  }

  /**
   * @param {CellRow} row
   * @param {Change} change
   */
  #applyCellRow([cell, puts, patches, gone, moved], change) {
    if (!this.cells.has(cell)) return;
    for (const row of puts) this.#put(cell, row, change);
    for (const row of patches) this.#patch(row, change);
    // What stands in another cell by now was put there by a row that came first.
    for (const id of gone) if (this.entities.get(id)?.cell === cell) this.#drop(id, change, change.gone);
    for (const id of moved) if (this.entities.get(id)?.cell === cell) this.#drop(id, change, change.hidden);
  }

  /**
   * @param {Reset} message
   * @param {Change} change
   */
  #applyReset({ epoch, version, keep }, change) {
    if (!keep) {
      for (const cell of [...this.cells.keys()]) this.#dropCell(cell, change);
      this.isSuspect = false;
    }
    this.epoch = epoch;
    this.version = version;
  }

  // ---- entities ------------------------------------------------------------------------------------------------

  /**
   * @param {number} cell
   * @param {EntityRow} row
   * @param {Change} change
   */
  #put(cell, [id, kindNumber, values], change) {
    const kind = this.kinds[kindNumber];
    if (kind === undefined) return;
    /** @type {Fields} */
    const fields = Object.create(null);
    kind.fields.forEach((name, at) => (fields[name] = values[at]));
    const before = this.entities.get(id) ?? change.hidden.get(id) ?? change.gone.get(id);
    this.#leaveCell(id);
    this.entities.set(id, { id, kind: kind.name, kindNumber, cell, fields });
    this.cells.get(cell)?.add(id);
    if (before === undefined) change.entered.add(id);
    else this.#noteReplaced(id, before.fields, fields, change);
  }

  /**
   * @param {number} id
   * @param {Fields} before
   * @param {Fields} after
   * @param {Change} change
   */
  #noteReplaced(id, before, after, change) {
    change.gone.delete(id);
    change.hidden.delete(id);
    if (change.entered.has(id)) return;
    const earlier = earlierOf(change, id);
    for (const name of Object.keys(after)) {
      if (!(name in earlier) && before[name] !== after[name]) earlier[name] = before[name];
    }
  }

  /**
   * @param {PatchRow} row
   * @param {Change} change
   */
  #patch([id, mask, values], change) {
    const entity = this.entities.get(id);
    if (entity === undefined) return;
    const earlier = change.entered.has(id) ? null : earlierOf(change, id);
    let next = 0;
    this.kinds[entity.kindNumber].fields.forEach((name, bit) => {
      // Division, not `>>`: a kind may have more than 32 fields.
      if (Math.floor(mask / 2 ** bit) % 2 === 0) return;
      if (earlier !== null && !(name in earlier)) earlier[name] = entity.fields[name];
      entity.fields[name] = values[next++];
    });
  }

  /**
   * @param {number} id
   * @param {Change} change
   * @param {Map<number, Entity>} reason
   */
  #drop(id, change, reason) {
    const entity = this.#held(id);
    this.#leaveCell(id);
    this.entities.delete(id);
    change.updated.delete(id);
    // What came and went within one message was never there to be seen, unless it had been before.
    if (!change.entered.delete(id)) reason.set(id, entity);
  }

  /**
   * @param {number} cell
   * @param {Change} change
   */
  #dropCell(cell, change) {
    for (const id of [...(this.cells.get(cell) ?? [])]) this.#drop(id, change, change.hidden);
    this.cells.delete(cell);
  }

  /** @param {number} id */
  #leaveCell(id) {
    const entity = this.entities.get(id);
    if (entity !== undefined) this.cells.get(entity.cell)?.delete(id);
  }

  /**
   * @param {number} id of an entity in view
   * @returns {Entity}
   */
  #held(id) {
    return /** @type {Entity} */ (this.entities.get(id));
  }

  /**
   * @param {number} cell
   * @param {number | null | undefined} digest
   * @param {Change} change
   */
  #check(cell, digest, change) {
    if (digest === null || digest === undefined || !this.cells.has(cell)) return;
    if (this.digest(cell) === digest) return;
    this.isSuspect = true;
    change.diverged.push(cell);
  }
}

/**
 * @param {Change} change
 * @param {number} id
 * @returns {Fields} what is noted of the entity as it was before the message
 */
function earlierOf(change, id) {
  const noted = change.updated.get(id);
  if (noted !== undefined) return noted;
  /** @type {Fields} */
  const earlier = Object.create(null);
  change.updated.set(id, earlier);
  return earlier;
}
