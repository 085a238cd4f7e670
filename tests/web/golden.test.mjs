/** The browser's side of the protocol against tests/vectors/protocol.json, which Python is held to as well. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { JSON_TEXT, MSGPACK } from "../../server/web/sdk/codec.js";
import { entityDigest } from "../../server/web/sdk/digest.js";
import { plain } from "./vectors.mjs";

const GOLDEN = JSON.parse(readFileSync(new URL("../vectors/protocol.json", import.meta.url), "utf8"));
const MESSAGES = Object.entries({ ...GOLDEN.to_server, ...GOLDEN.to_client });

const bytesOf = (base64) => new Uint8Array(Buffer.from(base64, "base64"));

test("both encodings of a message are decoded to the same", () => {
  assert.ok(MESSAGES.length > 15);
  for (const [name, { json, msgpack_base64: msgpack }] of MESSAGES) {
    assert.deepEqual(plain(MSGPACK.decode(bytesOf(msgpack))), plain(JSON_TEXT.decode(json)), name);
  }
});

test("a message is encoded so that it is decoded to the same again", () => {
  for (const [name, { json }] of MESSAGES) {
    const message = JSON_TEXT.decode(json);
    assert.deepEqual(plain(MSGPACK.decode(MSGPACK.encode(message))), plain(message), name);
    assert.deepEqual(JSON_TEXT.decode(JSON_TEXT.encode(message)), message, name);
  }
});

test("what has no fraction but in Python has the same bytes", () => {
  const whole = ["do", "digest", "digest failed", "leave"];
  for (const name of whole) {
    const { json, msgpack_base64: msgpack } = GOLDEN.to_server[name];
    assert.deepEqual(MSGPACK.encode(JSON_TEXT.decode(json)), bytesOf(msgpack), name);
    assert.equal(JSON_TEXT.encode(JSON_TEXT.decode(json)), json, name);
  }
});

test("entities have the digest that the file says", () => {
  for (const { id, kind, values, digest } of GOLDEN.digests) assert.equal(entityDigest(id, kind, values), digest);
});
