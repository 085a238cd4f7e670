/** The browser's digest against server/wire/digest.py. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { cellDigest, entityDigest } from "../../server/web/sdk/digest.js";
import { VECTORS } from "./vectors.mjs";

test("entities have the digest that Python computes", () => {
  for (const [id, kind, values, digest] of VECTORS.digests) assert.equal(entityDigest(id, kind, values), digest);
});

test("the digest of a cell is a sum modulo 2^32, in any order", () => {
  assert.equal(cellDigest([]), 0);
  assert.equal(cellDigest([2 ** 32 - 1, 2]), 1);
  assert.equal(cellDigest([2, 2 ** 32 - 1]), 1);
});

test("minus zero counts as zero, which it equals", () => {
  assert.equal(entityDigest(1, 0, [-0]), entityDigest(1, 0, [0]));
});

test("each part of an entity counts", () => {
  const digests = [
    entityDigest(1, 0, [1, "a"]),
    entityDigest(2, 0, [1, "a"]),
    entityDigest(1, 1, [1, "a"]),
    entityDigest(1, 0, [2, "a"]),
    entityDigest(1, 0, [1, "b"]),
    entityDigest(1, 0, [1, ["a"]]),
  ];
  assert.equal(new Set(digests).size, digests.length);
});
