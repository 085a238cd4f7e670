/** The browser's view of the world, fed with messages that the Python side made. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Mirror } from "../../server/web/sdk/mirror.js";
import { MSGPACK } from "../../server/web/sdk/codec.js";
import { VECTORS, bytesOf, plain } from "./vectors.mjs";

const [WELCOME, ...MESSAGES] = VECTORS.scenario.map(({ msgpack }) => MSGPACK.decode(bytesOf(msgpack)));
const CRATE = 2 ** 53 - 1;

/** A mirror that has seen the first `count` messages after the welcome. */
function mirrorAfter(count) {
  const mirror = new Mirror(WELCOME);
  const changes = MESSAGES.slice(0, count).map((message) => mirror.apply(message));
  return { mirror, change: changes.at(-1) };
}

function fieldsOf(mirror, id) {
  return plain(mirror.entities.get(id).fields);
}

test("cells that come into view bring what is in them", () => {
  const { mirror, change } = mirrorAfter(1);
  assert.deepEqual(fieldsOf(mirror, 1), { x: 10, y: 20, name: "Ahab", gold: 3 });
  assert.equal(mirror.entities.get(CRATE).kind, "Crate");
  assert.deepEqual([...mirror.cells.keys()], [5, 6, 7]);
  assert.deepEqual([...change.entered], [1, 2, CRATE]);
  assert.equal(mirror.version, 10);
});

test("a patch changes the fields of its mask and no others", () => {
  const { mirror, change } = mirrorAfter(2);
  assert.deepEqual(fieldsOf(mirror, 2), { x: 31, y: -40, name: "Zoë 🦀", gold: 5 });
  assert.deepEqual(plain([...change.updated]), [[2, { x: 30, gold: 0 }]]);
});

test("a move between two cells in view keeps the entity, whichever row comes first", () => {
  const { mirror, change } = mirrorAfter(3);
  assert.equal(mirror.entities.get(1).cell, 6);
  assert.equal(fieldsOf(mirror, 1).x, 260);
  assert.deepEqual([...mirror.cells.get(5)], [2]);
  assert.deepEqual([...change.gone, ...change.hidden, ...change.entered], []);
  assert.deepEqual(plain([...change.updated]), [[1, { x: 10, y: 20 }]]);
});

test("a move out of sight and a deletion both take the entity away, and are told apart", () => {
  const { mirror, change } = mirrorAfter(4);
  assert.deepEqual([...mirror.entities.keys()], [1]);
  assert.deepEqual([...change.gone.keys()], [CRATE]);
  assert.deepEqual([...change.hidden.keys()], [2]);
});

test("a cell that left the view is forgotten, and an empty delta moves the version on", () => {
  const { mirror } = mirrorAfter(6);
  assert.deepEqual([...mirror.cells.keys()], [5, 6, 8]);
  assert.equal(mirror.version, 15);
  assert.ok(mirror.entities.has(CRATE));
});

test("the digests of the Python side hold at every step", () => {
  assert.equal(mirrorAfter(MESSAGES.length).mirror.isSuspect, false);
});

test("a lost change is noticed by the next digest", () => {
  const mirror = new Mirror(WELCOME);
  mirror.apply(MESSAGES[0]);
  const cells = MESSAGES[1].cells.map(([cell, , , , , digest]) => [cell, [], [], [], [], digest]);
  const change = mirror.apply({ ...MESSAGES[1], cells });
  assert.deepEqual(change.diverged, [5]);
  assert.equal(mirror.isSuspect, true);
});

test("what a cell holds is replaced when it comes into view again", () => {
  const { mirror } = mirrorAfter(1);
  const change = mirror.apply({ type: "cells", version: 11, entered: [[5, [[3, 0, [1, 2, "New", 0]]]]], left: [] });
  assert.deepEqual([...mirror.cells.get(5)], [3]);
  assert.deepEqual([...change.hidden.keys()].sort(), [1, 2]);
});

test("a reset empties the view and takes over epoch and version, also backwards", () => {
  const { mirror } = mirrorAfter(6);
  const change = mirror.apply({ type: "reset", epoch: "e2", version: 3, reason: "rollback" });
  assert.deepEqual([mirror.entities.size, mirror.cells.size, mirror.epoch, mirror.version], [0, 0, "e2", 3]);
  assert.deepEqual([...change.hidden.keys()].sort(), [1, CRATE]);
});

test("a reset that keeps the view changes its position only", () => {
  const { mirror } = mirrorAfter(6);
  const held = [...mirror.entities.keys()];
  const change = mirror.apply({ type: "reset", epoch: "e2", version: 3, reason: "epoch", keep: true });
  assert.deepEqual([...mirror.entities.keys()], held);
  assert.deepEqual([mirror.epoch, mirror.version], ["e2", 3]);
  assert.deepEqual([...change.gone, ...change.hidden, ...change.entered, ...change.updated], []);
});

test("what comes and goes, or comes twice, within one message is told as what it amounts to", () => {
  const { mirror } = mirrorAfter(1);
  const [fleeting, crossing] = [[7, 0, [1, 1, "x", 0]], [8, 0, [2, 2, "y", 0]]];
  const rows = [[5, [fleeting, crossing], [], [], []], [6, [crossing], [], [], []], [5, [], [], [7], [8]]];
  const change = mirror.apply({ type: "delta", version: 11, cells: rows });
  assert.deepEqual([[...change.entered], [...change.updated], [...change.gone], [...change.hidden]], [[8], [], [], []]);
  assert.equal(mirror.entities.get(8).cell, 6);
});

test("changes of cells that are not in view are ignored", () => {
  const { mirror } = mirrorAfter(1);
  mirror.apply({ type: "delta", version: 11, cells: [[99, [[7, 0, [1, 1, "x", 0]]], [], [], [], 1]] });
  assert.equal(mirror.entities.has(7), false);
  assert.equal(mirror.isSuspect, false);
});

test("a move, patch or deletion of what is not held, or stands elsewhere, changes nothing", () => {
  const { mirror } = mirrorAfter(3);
  mirror.apply({ type: "delta", version: 13, cells: [[5, [], [[77, 1, [2]]], [1, 78], [79, 1]]] });
  assert.deepEqual([...mirror.entities.keys()].sort(), [1, 2, CRATE]);
  assert.equal(mirror.entities.get(1).cell, 6);
});

test("kinds of a newer server than the schema tells are left out", () => {
  const { mirror } = mirrorAfter(1);
  mirror.apply({ type: "delta", version: 11, cells: [[5, [[7, 12, [1]]], [[7, 1, [2]]], [], []]] });
  assert.equal(mirror.entities.has(7), false);
});

test("more than 32 fields fit a patch", () => {
  const fields = Array.from({ length: 40 }, (_, at) => [`f${at}`, "int"]);
  const mirror = new Mirror({ schema: { kinds: [["Wide", fields]] }, epoch: "e1" });
  mirror.apply({ type: "cells", version: 1, entered: [[0, [[1, 0, Array(40).fill(0)]]]], left: [] });
  mirror.apply({ type: "delta", version: 2, cells: [[0, [], [[1, 2 ** 39 + 1, [5, 6]]], [], []]] });
  assert.deepEqual([mirror.entities.get(1).fields.f0, mirror.entities.get(1).fields.f39], [5, 6]);
});
