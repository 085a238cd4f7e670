/** When to try again, and when not. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff, isFinal } from "../../server/web/sdk/backoff.js";

test("the bound doubles from half a second to fifteen, and jitter takes any part of it", () => {
  const longest = new Backoff(() => 1);
  assert.deepEqual(Array.from({ length: 7 }, () => longest.next()), [500, 1000, 2000, 4000, 8000, 15000, 15000]);
  const shortest = new Backoff(() => 0);
  assert.deepEqual(Array.from({ length: 3 }, () => shortest.next()), [0, 0, 0]);
});

test("clients that lose their node together do not come back together", () => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const delays = Array.from({ length: 2000 }, () => new Backoff(random).next());
  const buckets = new Map();
  for (const delay of delays) buckets.set(Math.floor(delay / 100), (buckets.get(Math.floor(delay / 100)) ?? 0) + 1);
  assert.equal(buckets.size, 5);
  assert.ok(Math.max(...buckets.values()) < 0.25 * delays.length);
});

test("after a reset it begins again", () => {
  const backoff = new Backoff(() => 1);
  backoff.next();
  backoff.next();
  backoff.reset();
  assert.equal(backoff.next(), 500);
});

test("only close codes from 4500 to 4999 are final", () => {
  assert.deepEqual([1000, 1001, 1006, 1012, 4000, 4499].filter(isFinal), []);
  assert.deepEqual([4500, 4999].filter(isFinal), [4500, 4999]);
});
