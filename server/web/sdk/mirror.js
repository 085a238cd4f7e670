/**
 * A client's view of the world: what the node sent, applied in order, and checked against the digests it gave.
 *
 * Knows no socket and no game; the schema of the welcome tells kinds and fields. Invariant: after a `delta` the view is
 * whole at `version`, and every entity stands in exactly one cell that is in view.
 */

import { cellDigest, entityDigest } from "./digest.js";

export class Mirror {
  constructor(schema) {
    this.kinds = schema.kinds.map(([name, fields]) => ({ name, fields: fields.map(([field]) => field) }));
    /** Entity id -> {id, kind, cell, fields}. */
    this.entities = new Map();
    /** Cell in view -> ids of what is in it. */
    this.cells = new Map();
    this.epoch = "";
    this.version = 0;
    /** How often what was held turned out not to be what the node holds. */
    this.divergences = 0;
    /** What is held is wrong somewhere; a reset will end it. */
    this.isSuspect = false;
  }

  /**
   * Applies a `cells`, `delta` or `reset` message; returns the ids of what changed, what is gone from the world and what
   * only went out of view, and which cells diverged.
   */
  apply(message) {
    const change = { changed: new Set(), gone: new Set(), hidden: new Set(), diverged: [] };
    if (message.type === "cells") this.#applyCells(message, change);
    else if (message.type === "delta") this.#applyDelta(message, change);
    else if (message.type === "reset") this.#applyReset(message, change);
    return change;
  }

  #applyCells({ version, entered, left }, change) {
    for (const cell of left) this.#dropCell(cell, change);
    for (const [cell, rows] of entered) {
      this.#dropCell(cell, change);
      this.cells.set(cell, new Set());
      for (const row of rows) this.#put(cell, row, change);
    }
    this.version = Math.max(this.version, version);
  }

  #applyDelta({ version, cells }, change) {
    for (const row of cells) this.#applyCellChange(row, change);
    this.version = version;
    // Only now: what moved between two cells may stand in either row first.
    for (const [cell, , , , , digest] of cells) this.#check(cell, digest, change);
  }

  #applyCellChange([cell, puts, patches, gone, moved], change) {
    if (!this.cells.has(cell)) return;
    for (const row of puts) this.#put(cell, row, change);
    for (const row of patches) this.#patch(row, change);
    // What stands in another cell by now was put there by a row that came first.
    for (const id of gone) if (this.entities.get(id)?.cell === cell) this.#drop(id, change, change.gone);
    for (const id of moved) if (this.entities.get(id)?.cell === cell) this.#drop(id, change, change.hidden);
  }

  #applyReset({ epoch, version, keep }, change) {
    if (!keep) {
      for (const cell of [...this.cells.keys()]) this.#dropCell(cell, change);
      this.isSuspect = false;
    }
    this.epoch = epoch;
    this.version = version;
  }

  #put(cell, [id, kindNumber, values], change) {
    const kind = this.kinds[kindNumber];
    if (kind === undefined) return;
    const fields = Object.create(null);
    kind.fields.forEach((name, at) => (fields[name] = values[at]));
    this.#leaveCell(id);
    this.entities.set(id, { id, kind: kind.name, kindNumber, cell, fields });
    this.cells.get(cell).add(id);
    change.changed.add(id);
    change.gone.delete(id);
    change.hidden.delete(id);
  }

  #patch([id, mask, values], change) {
    const entity = this.entities.get(id);
    if (entity === undefined) return;
    let next = 0;
    this.kinds[entity.kindNumber].fields.forEach((name, bit) => {
      // Division, not `>>`: a kind may have more than 32 fields.
      if (Math.floor(mask / 2 ** bit) % 2 === 1) entity.fields[name] = values[next++];
    });
    change.changed.add(id);
  }

  #drop(id, change, reason) {
    this.#leaveCell(id);
    this.entities.delete(id);
    change.changed.delete(id);
    reason.add(id);
  }

  #dropCell(cell, change) {
    for (const id of [...(this.cells.get(cell) ?? [])]) this.#drop(id, change, change.hidden);
    this.cells.delete(cell);
  }

  #leaveCell(id) {
    const entity = this.entities.get(id);
    if (entity !== undefined) this.cells.get(entity.cell)?.delete(id);
  }

  #check(cell, digest, change) {
    if (digest === null || digest === undefined || !this.cells.has(cell)) return;
    if (this.digest(cell) === digest) return;
    this.divergences += 1;
    this.isSuspect = true;
    change.diverged.push(cell);
  }

  /** The digest of what is held of a cell. */
  digest(cell) {
    const digests = [...this.cells.get(cell)].map((id) => {
      const { kindNumber, fields } = this.entities.get(id);
      return entityDigest(id, kindNumber, this.kinds[kindNumber].fields.map((name) => fields[name]));
    });
    return cellDigest(digests);
  }
}
