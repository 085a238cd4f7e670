/**
 * The two encodings of the protocol: MessagePack in binary frames, JSON in text frames.
 *
 * Knows no message, only values: null, booleans, finite numbers, texts, bytes, lists, maps with text keys. Invariant:
 * decode(encode(value)) equals value; whole numbers below 2^53 stay exact; what is not the encoding of such a value
 * throws CodecError and nothing else. Maps decoded from MessagePack have no prototype, so that no key of a stranger
 * reaches one; JSON.parse makes such keys plain properties by itself.
 */

import { CodecError } from "./errors.js";

/**
 * @typedef {{
 *   subprotocol: string, encode(value: unknown): string | Uint8Array, decode(data: any): any,
 * }} Codec
 */

/** The writers of DataView that take a number, and the one that takes a larger one. */
/** @typedef {"setUint8" | "setUint16" | "setUint32" | "setInt8" | "setInt16" | "setInt32" | "setFloat64"} Setter */
/** @typedef {"setBigUint64" | "setBigInt64"} BigSetter */

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true });

// Texts up to this many bytes are read by hand when they are ASCII: calling TextDecoder costs more than they do.
const SHORT_TEXT_BYTES = 24;
const TWO_32 = 2 ** 32;

class Writer {
  constructor() {
    this.bytes = new Uint8Array(256);
    this.view = new DataView(this.bytes.buffer);
    this.length = 0;
  }

  finish() {
    return this.bytes.slice(0, this.length);
  }

  /**
   * Makes room for `count` bytes and returns where they go.
   *
   * @param {number} count
   */
  reserve(count) {
    const at = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, 2 * this.bytes.length));
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    return at;
  }

  /** @param {number} value */
  byte(value) {
    const at = this.reserve(1);
    this.bytes[at] = value;
  }

  /**
   * A head byte followed by a number that one of DataView's setters writes.
   *
   * @param {number} head
   * @param {number} size
   * @param {Setter} setter
   * @param {number} value
   */
  number(head, size, setter, value) {
    this.byte(head);
    const at = this.reserve(size);
    this.view[setter](at, value);
  }

  /**
   * @param {number} head
   * @param {BigSetter} setter
   * @param {number} value
   */
  large(head, setter, value) {
    this.byte(head);
    const at = this.reserve(8);
    this.view[setter](at, BigInt(value));
  }

  /** @param {Uint8Array} bytes */
  raw(bytes) {
    const at = this.reserve(bytes.length);
    this.bytes.set(bytes, at);
  }

  /** @param {any} value */
  value(value) {
    if (value === null || value === undefined) this.byte(0xc0);
    else if (typeof value === "boolean") this.byte(value ? 0xc3 : 0xc2);
    else if (typeof value === "number") this.real(value);
    else if (typeof value === "string") this.text(value);
    else if (value instanceof Uint8Array) this.binary(value);
    else if (Array.isArray(value)) this.list(value);
    else if (typeof value === "object") this.map(value);
    else throw new CodecError(`cannot encode a ${typeof value}`);
  }

  /** @param {number} value */
  real(value) {
    if (!Number.isFinite(value)) throw new CodecError(`${value} is not a number of the protocol`);
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) this.number(0xcb, 8, "setFloat64", value);
    else if (value >= 0) this.positive(value);
    else this.negative(value);
  }

  /** @param {number} value */
  positive(value) {
    if (value < 0x80) this.byte(value);
    else if (value < 0x100) this.number(0xcc, 1, "setUint8", value);
    else if (value < 0x10000) this.number(0xcd, 2, "setUint16", value);
    else if (value < TWO_32) this.number(0xce, 4, "setUint32", value);
    else this.large(0xcf, "setBigUint64", value);
  }

  /** @param {number} value */
  negative(value) {
    if (value >= -0x20) this.byte(value & 0xff);
    else if (value >= -0x80) this.number(0xd0, 1, "setInt8", value);
    else if (value >= -0x8000) this.number(0xd1, 2, "setInt16", value);
    else if (value >= -0x80000000) this.number(0xd2, 4, "setInt32", value);
    else this.large(0xd3, "setBigInt64", value);
  }

  /** @param {string} value */
  text(value) {
    const bytes = utf8Encoder.encode(value);
    const length = bytes.length;
    if (length < 0x20) this.byte(0xa0 | length);
    else this.sized(length, 0xd9, 0xda, 0xdb);
    this.raw(bytes);
  }

  /** @param {Uint8Array} bytes */
  binary(bytes) {
    this.sized(bytes.length, 0xc4, 0xc5, 0xc6);
    this.raw(bytes);
  }

  /** @param {unknown[]} items */
  list(items) {
    if (items.length < 0x10) this.byte(0x90 | items.length);
    else this.sized(items.length, null, 0xdc, 0xdd);
    for (const item of items) this.value(item);
  }

  /** @param {object} object */
  map(object) {
    const entries = Object.entries(object).filter(([, value]) => value !== undefined);
    if (entries.length < 0x10) this.byte(0x80 | entries.length);
    else this.sized(entries.length, null, 0xde, 0xdf);
    for (const [key, value] of entries) {
      this.text(key);
      this.value(value);
    }
  }

  /**
   * A length behind the head of the smallest form that holds it; `head8` is null where the format has no such form.
   *
   * @param {number} length
   * @param {number | null} head8
   * @param {number} head16
   * @param {number} head32
   */
  sized(length, head8, head16, head32) {
    if (head8 !== null && length < 0x100) this.number(head8, 1, "setUint8", length);
    else if (length < 0x10000) this.number(head16, 2, "setUint16", length);
    else this.number(head32, 4, "setUint32", length);
  }
}

class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  /**
   * Steps over `count` bytes and returns where they began. Throws: CodecError.
   *
   * @param {number} count
   */
  take(count) {
    const at = this.at;
    if (at + count > this.bytes.length) throw new CodecError("the message is cut short");
    this.at = at + count;
    return at;
  }

  /** @returns {any} */
  value() {
    const head = this.bytes[this.take(1)];
    if (head < 0x80) return head;
    if (head < 0x90) return this.map(head & 0x0f);
    if (head < 0xa0) return this.list(head & 0x0f);
    if (head < 0xc0) return this.text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    const read = FORMS[head];
    if (read === undefined) throw new CodecError(`unknown form 0x${head.toString(16)}`);
    return read(this);
  }

  /** @param {number} value */
  finite(value) {
    if (!Number.isFinite(value)) throw new CodecError(`${value} is not a number of the protocol`);
    return value;
  }

  uint8() {
    return this.view.getUint8(this.take(1));
  }

  uint16() {
    return this.view.getUint16(this.take(2));
  }

  uint32() {
    return this.view.getUint32(this.take(4));
  }

  /** @param {number} length */
  text(length) {
    const start = this.take(length);
    if (length <= SHORT_TEXT_BYTES) {
      const text = this.ascii(start, length);
      if (text !== null) return text;
    }
    try {
      return utf8Decoder.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw new CodecError("a text is not UTF-8");
    }
  }

  /**
   * The text when every byte is ASCII, else null.
   *
   * @param {number} start
   * @param {number} length
   */
  ascii(start, length) {
    let text = "";
    for (let at = start; at < start + length; at++) {
      const code = this.bytes[at];
      if (code > 0x7f) return null;
      text += String.fromCharCode(code);
    }
    return text;
  }

  /** @param {number} length */
  binary(length) {
    const start = this.take(length);
    return this.bytes.slice(start, start + length);
  }

  /** @param {number} length */
  list(length) {
    /** @type {unknown[]} */
    const items = [];
    for (let index = 0; index < length; index++) items.push(this.value());
    return items;
  }

  /** @param {number} length */
  map(length) {
    const object = Object.create(null);
    for (let index = 0; index < length; index++) {
      const key = this.value();
      object[key] = this.value();
    }
    return object;
  }
}

/** @type {Record<number, (reader: Reader) => any>} */
const FORMS = {
  0xc0: () => null,
  0xc2: () => false,
  0xc3: () => true,
  0xc4: (reader) => reader.binary(reader.uint8()),
  0xc5: (reader) => reader.binary(reader.uint16()),
  0xc6: (reader) => reader.binary(reader.uint32()),
  0xca: (reader) => reader.finite(reader.view.getFloat32(reader.take(4))),
  0xcb: (reader) => reader.finite(reader.view.getFloat64(reader.take(8))),
  0xcc: (reader) => reader.uint8(),
  0xcd: (reader) => reader.uint16(),
  0xce: (reader) => reader.uint32(),
  0xcf: (reader) => Number(reader.view.getBigUint64(reader.take(8))),
  0xd0: (reader) => reader.view.getInt8(reader.take(1)),
  0xd1: (reader) => reader.view.getInt16(reader.take(2)),
  0xd2: (reader) => reader.view.getInt32(reader.take(4)),
  0xd3: (reader) => Number(reader.view.getBigInt64(reader.take(8))),
  0xd9: (reader) => reader.text(reader.uint8()),
  0xda: (reader) => reader.text(reader.uint16()),
  0xdb: (reader) => reader.text(reader.uint32()),
  0xdc: (reader) => reader.list(reader.uint16()),
  0xdd: (reader) => reader.list(reader.uint32()),
  0xde: (reader) => reader.map(reader.uint16()),
  0xdf: (reader) => reader.map(reader.uint32()),
};

/** @type {Codec} */
export const MSGPACK = {
  subprotocol: "oarlock.v1.msgpack",

  encode(value) {
    const writer = new Writer();
    writer.value(value);
    return writer.finish();
  },

  /** Takes an ArrayBuffer or a Uint8Array. Throws: CodecError. */
  decode(data) {
    const reader = new Reader(data instanceof Uint8Array ? data : new Uint8Array(data));
    const value = reader.value();
    if (reader.at !== reader.bytes.length) throw new CodecError("bytes follow the message");
    return value;
  },
};

/** @type {Codec} */
export const JSON_TEXT = {
  subprotocol: "oarlock.v1.json",

  encode(value) {
    return JSON.stringify(value, requireFinite);
  },

  /** Throws: CodecError. */
  decode(text) {
    try {
      return JSON.parse(text);
    } catch {
      throw new CodecError("the message is not JSON");
    }
  },
};

/**
 * JSON.stringify would write NaN and the infinities as null.
 *
 * @param {string} _key
 * @param {unknown} value
 */
function requireFinite(_key, value) {
  const isFit = typeof value !== "number" || Number.isFinite(value);
  if (!isFit) throw new CodecError(`${value} is not a number of the protocol`);
  return value;
}
