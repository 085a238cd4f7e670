/**
 * What the welcome tells about the game, and whether a command fits it, so that what cannot be right is not sent.
 *
 * Knows names, types and bounds; no rule of any game. The server checks all of it again.
 */

/** @import { Args, FieldRow, WireSchema } from "./protocol.js" */

/** @type {Record<string, (value: unknown) => boolean>} */
const IS_OF_TYPE = {
  int: (value) => Number.isSafeInteger(value),
  float: (value) => Number.isFinite(value),
  ref: (value) => Number.isSafeInteger(value),
  str: (value) => typeof value === "string",
  bool: (value) => typeof value === "boolean",
};

export class Schema {
  /** @param {WireSchema} wire */
  constructor(wire) {
    this.game = wire.game;
    this.bounds = wire.bounds;
    this.cellSize = wire.cell_size;
    this.commands = new Map(wire.commands);
    /** Tells two schemas apart. */
    this.fingerprint = JSON.stringify([wire.game, wire.kinds, wire.commands]);
  }

  /**
   * What is wrong with a command, in words; empty if nothing is.
   *
   * @param {string} command
   * @param {Args} args
   */
  fault(command, args) {
    const fields = this.commands.get(command);
    if (fields === undefined) return `no command ${JSON.stringify(command)}`;
    return fields.map((field) => faultOf(field, args[field[0]])).find((fault) => fault !== "") ?? "";
  }
}

/**
 * @param {FieldRow} field
 * @param {unknown} value
 */
function faultOf([name, type, low, high], value) {
  // It may have a default, or be of a type that this page has never heard of: the server knows.
  const isOfType = IS_OF_TYPE[type];
  if (value === undefined || isOfType === undefined) return "";
  if (!isOfType(value)) return `${name} is not ${type}`;
  const size = typeof value === "string" ? [...value].length : Number(value);
  if (type === "ref" || type === "bool") return "";
  if (low !== null && low !== undefined && size < low) return `${name} is less than ${low}`;
  if (high !== null && high !== undefined && size > high) return `${name} is more than ${high}`;
  return "";
}
