/**
 * Content digest of entities, the same number that server/wire/digest.py computes.
 *
 * Numbers count as big-endian float64, texts as length and UTF-8, lists as length and items, maps as the list of their
 * keys and values in order of the keys' code points. The digest of a cell is the sum of its entities' modulo 2^32.
 */

const TABLE = crcTable();
const encoder = new TextEncoder();
const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);

/**
 * CRC-32 of an entity.
 *
 * @param {number} id
 * @param {number} kind its number in the schema
 * @param {unknown[]} values of its fields, in schema order
 */
export function entityDigest(id, kind, values) {
  let crc = addNumber(addNumber(0xffffffff, id), kind);
  for (const value of values) crc = addItem(crc, value);
  return ~crc >>> 0;
}

/**
 * Digest of a set of entities, from theirs.
 *
 * @param {Iterable<number>} digests
 */
export function cellDigest(digests) {
  let sum = 0;
  for (const digest of digests) sum = (sum + digest) >>> 0;
  return sum;
}

function crcTable() {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc;
  });
}

/**
 * @param {number} crc
 * @param {Uint8Array} bytes
 */
function addBytes(crc, bytes, length = bytes.length) {
  for (let at = 0; at < length; at++) crc = TABLE[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8);
  return crc;
}

/**
 * @param {number} crc
 * @param {number} value
 */
function addNumber(crc, value) {
  scratch.setFloat64(0, value + 0); // -0 equals 0, so it must count the same
  return addBytes(crc, scratchBytes, 8);
}

/**
 * @param {number} crc
 * @param {number} length
 */
function addLength(crc, length) {
  scratch.setUint32(0, length);
  return addBytes(crc, scratchBytes, 4);
}

/**
 * @param {number} crc
 * @param {string} letter
 */
function addLetter(crc, letter) {
  scratch.setUint8(0, letter.charCodeAt(0));
  return addBytes(crc, scratchBytes, 1);
}

/**
 * @param {number} crc
 * @param {any} value
 * @returns {number}
 */
function addItem(crc, value) {
  if (value === null || value === undefined) return addLetter(crc, "n");
  if (typeof value === "boolean") return addLetter(crc, value ? "t" : "f");
  if (typeof value === "number") return addNumber(crc, value);
  if (typeof value === "string") return addText(crc, value);
  /** @type {unknown[]} */
  const items = Array.isArray(value) ? value : sortedParts(value);
  return items.reduce((/** @type {number} */ sofar, item) => addItem(sofar, item), addLength(crc, items.length));
}

/**
 * @param {number} crc
 * @param {string} text
 */
function addText(crc, text) {
  const bytes = encoder.encode(text);
  return addBytes(addLength(crc, bytes.length), bytes);
}

/** @param {Record<string, unknown>} map */
function sortedParts(map) {
  const keys = Object.keys(map).sort(byCodePoints);
  /** @type {unknown[]} */
  const parts = [];
  for (const key of keys) parts.push(key, map[key]);
  return parts;
}

/**
 * Python's order of texts; JavaScript's own compares UTF-16 units, which puts astral characters elsewhere.
 *
 * @param {string} left
 * @param {string} right
 */
function byCodePoints(left, right) {
  const lefts = Array.from(left, (character) => character.codePointAt(0) ?? 0);
  const rights = Array.from(right, (character) => character.codePointAt(0) ?? 0);
  const length = Math.min(lefts.length, rights.length);
  for (let at = 0; at < length; at++) if (lefts[at] !== rights[at]) return lefts[at] - rights[at];
  return lefts.length - rights.length;
}
