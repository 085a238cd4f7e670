/** The browser's codec against msgspec's. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { JSON_TEXT, MSGPACK } from "../../server/web/sdk/codec.js";
import { CodecError } from "../../server/web/sdk/errors.js";
import { VECTORS, bytesOf, hexOf, plain } from "./vectors.mjs";

const MESSAGES = [...VECTORS.to_server, ...VECTORS.scenario, ...VECTORS.to_client];

test("the subprotocols are the server's", () => {
  assert.deepEqual(VECTORS.subprotocols, [MSGPACK.subprotocol, JSON_TEXT.subprotocol]);
});

test("every value that msgspec encodes is decoded to the same", () => {
  for (const { value, msgpack } of VECTORS.values) {
    assert.deepEqual(plain(MSGPACK.decode(bytesOf(msgpack))), plain(value));
  }
});

test("every value is encoded to the bytes that msgspec gives", () => {
  for (const { value, msgpack } of VECTORS.values) assert.equal(hexOf(MSGPACK.encode(value)), msgpack);
});

test("the largest whole numbers stay exact, and minus zero stays itself", () => {
  for (const value of [2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 32, -0]) {
    assert.ok(Object.is(MSGPACK.decode(MSGPACK.encode(value)), value), `${value}`);
  }
});

test("messages of both directions are decoded alike from both encodings", () => {
  for (const { msgpack, json } of MESSAGES) {
    assert.deepEqual(plain(MSGPACK.decode(bytesOf(msgpack))), plain(JSON_TEXT.decode(json)));
  }
});

test("messages to the server are encoded so that the server reads the same", () => {
  for (const { value, msgpack, json } of VECTORS.to_server) {
    assert.deepEqual(plain(MSGPACK.decode(MSGPACK.encode(value))), plain(MSGPACK.decode(bytesOf(msgpack))));
    assert.deepEqual(JSON.parse(JSON_TEXT.encode(value)), JSON.parse(json));
  }
});

test("lengths that need 32 bits go there and back", () => {
  for (const value of ["x".repeat(70000), Array(70000).fill(7), new Uint8Array(70000)]) {
    assert.deepEqual(MSGPACK.decode(MSGPACK.encode(value)), value);
  }
});

test("a frame that is a view into a larger buffer is read at its own place", () => {
  const inner = MSGPACK.encode({ type: "ping", clock_ms: 1.5 });
  const outer = new Uint8Array(inner.length + 8);
  outer.set(inner, 5);
  assert.equal(MSGPACK.decode(outer.subarray(5, 5 + inner.length)).clock_ms, 1.5);
});

test("fields that are not set are left out", () => {
  assert.deepEqual(plain(MSGPACK.decode(MSGPACK.encode({ type: "join", resume: undefined }))), { type: "join" });
});

test("a stranger's key reaches no prototype", () => {
  const decoded = MSGPACK.decode(MSGPACK.encode(JSON.parse('{"__proto__": {"polluted": true}}')));
  assert.equal({}.polluted, undefined);
  assert.equal(decoded.polluted, undefined);
  assert.deepEqual(Object.keys(decoded), ["__proto__"]);
});

test("bytes that are no message throw CodecError, wherever they are cut", () => {
  for (const { msgpack } of MESSAGES) {
    const bytes = bytesOf(msgpack);
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => MSGPACK.decode(bytes.subarray(0, length)), CodecError);
    }
  }
  for (const hex of ["c1", "c7", "d4", "a2c328", "9101ff02", "0101"]) {
    assert.throws(() => MSGPACK.decode(bytesOf(hex)), CodecError, hex);
  }
  assert.throws(() => JSON_TEXT.decode("{"), CodecError);
});

test("whole floats of the server arrive as whole numbers", () => {
  assert.equal(MSGPACK.decode(bytesOf("cb4049000000000000")), 50);
});

test("what is no finite number is no message, in either direction (S12)", () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    for (const codec of [MSGPACK, JSON_TEXT]) assert.throws(() => codec.encode({ args: [{ dx: value }] }), CodecError);
    const bytes = new Uint8Array(9);
    bytes[0] = 0xcb;
    new DataView(bytes.buffer).setFloat64(1, value);
    assert.throws(() => MSGPACK.decode(bytes), CodecError);
  }
  for (const text of ["NaN", '{"x": NaN}', "[Infinity]"]) assert.throws(() => JSON_TEXT.decode(text), CodecError);
});
