/** Others a little late, oneself at once: interpolation and prediction on a client whose server the test plays. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Interpolation } from "../../server/web/sdk/interpolation.js";
import { Prediction } from "../../server/web/sdk/prediction.js";
import { Box } from "./harness.mjs";

const CELL = 3;

function step(boat, { command, args }) {
  return command === "row" ? { ...boat, x: Math.min(boat.x + args.dx, 100), y: boat.y + args.dy } : boat;
}

/** A player at (10, 0) who has given nothing, and what predicts its boat. */
function predicted(options = {}) {
  const box = Box.playing();
  const own = new Prediction(box.client, { step, ...options });
  box.socket.say({ type: "cells", version: 5, entered: [[CELL, [[1, 0, [10, 0]], [2, 0, [50, 50]]]]], left: [] });
  return { box, own };
}

/** The server shows the boat at a place. */
function shows(box, version, x, y, id = 1) {
  box.socket.say({ type: "delta", version, cells: [[CELL, [], [[id, 3, [x, y]]], [], []]] });
}

async function answers(box, ...acks) {
  box.socket.say({ type: "done", acks });
  await new Promise(setImmediate);
}

const placeOf = ({ x, y }) => [x, y];

test("a command is shown at once, evenly, and its answer changes nothing", async () => {
  const { box, own } = predicted();
  own.do("row", { dx: 20, dy: 0 });
  assert.deepEqual(placeOf(own.state), [30, 0]);
  assert.deepEqual(placeOf(own.at()), [10, 0]);
  box.clock.advance(50);
  assert.deepEqual(placeOf(own.at()), [20, 0]);
  shows(box, 6, 30, 0);
  await answers(box, [1, 6]);
  box.clock.advance(50);
  assert.deepEqual([placeOf(own.at()), own.corrections], [[30, 0], 0]);
});

test("commands on the way are applied on top of what the server shows", async () => {
  const { box, own } = predicted();
  own.do("row", { dx: 20, dy: 0 });
  own.do("row", { dx: 0, dy: 7 });
  shows(box, 6, 30, 0);
  await answers(box, [1, 6]);
  assert.deepEqual([placeOf(own.state), own.corrections], [[30, 7], 0]);
});

test("between the state and the answer that belongs to it, a command does not count twice", async () => {
  const { box, own } = predicted();
  own.do("row", { dx: 20, dy: 0 });
  shows(box, 6, 30, 0);
  assert.deepEqual(placeOf(own.state), [30, 0]);
  box.clock.advance(10);
  assert.deepEqual(placeOf(own.at()), [12, 0]);
  await answers(box, [1, 6]);
  assert.equal(own.corrections, 0);
});

test("a state that is further than the answers so far is recognised: nothing counts twice", async () => {
  const { box, own } = predicted();
  own.do("row", { dx: 20, dy: 0 });
  own.do("row", { dx: 5, dy: 5 });
  own.do("row", { dx: 0, dy: 7 });
  shows(box, 6, 35, 5);
  await answers(box, [1, 6]);
  assert.deepEqual([placeOf(own.state), own.corrections], [[35, 12], 0]);
  box.clock.advance(50);
  await answers(box, [2, 6]);
  shows(box, 7, 35, 12);
  await answers(box, [3, 7]);
  assert.deepEqual([placeOf(own.state), own.corrections], [[35, 12], 0]);
});

test("there and back while commands are on the way ends where the server is", async () => {
  const { box, own } = predicted();
  for (const dx of [20, -20, 20, -20]) own.do("row", { dx, dy: 0 });
  shows(box, 6, 10, 0);
  await answers(box, [1, 6], [2, 6]);
  assert.deepEqual(placeOf(own.state), [10, 0]);
  shows(box, 7, 30, 0);
  await answers(box, [3, 7], [4, 7, "tired"]);
  assert.deepEqual(placeOf(own.state), [30, 0]);
});

test("what somebody else did to the avatar is taken in though a command is on the way", () => {
  const { box, own } = predicted();
  own.do("row", { dx: 20, dy: 0 });
  shows(box, 6, 10, 90);
  assert.equal(own.corrections, 0);
  box.clock.advance(120);
  assert.deepEqual([placeOf(own.state), own.corrections, own.lastCorrection], [[30, 90], 1, 90]);
});

test("a state that nobody foresaw is one correction, however many answers come with it", async () => {
  const { box, own } = predicted();
  own.do("row", { dx: 20, dy: 0 });
  own.do("row", { dx: 20, dy: 0 });
  shows(box, 6, 50, 90);
  await answers(box, [1, 6], [2, 6]);
  assert.deepEqual([placeOf(own.state), own.corrections, own.lastCorrection], [[50, 90], 1, 90]);
});

test("a refused command is taken back evenly, and counted", async () => {
  const { box, own } = predicted();
  own.do("row", { dx: 20, dy: 0 });
  box.clock.advance(200);
  await answers(box, [1, 5, "tired", "nobody rows that fast"]);
  assert.deepEqual([placeOf(own.state), own.corrections, own.lastCorrection], [[10, 0], 1, 20]);
  assert.deepEqual(placeOf(own.at()), [30, 0]);
  box.clock.advance(50);
  assert.deepEqual(placeOf(own.at()), [20, 0]);
});

test("a command that is refused on the spot is never shown", async () => {
  const { box, own } = predicted();
  assert.equal((await own.do("row", { dx: NaN, dy: 0 })).code, "bad_arguments");
  box.socket.die();
  assert.equal((await own.do("row", { dx: 20, dy: 0 }, { mayWait: false })).code, "offline");
  assert.deepEqual([placeOf(own.state), own.corrections], [[10, 0], 0]);
});

test("without a connection commands go on being shown, and hold when the server took them", async () => {
  const { box, own } = predicted();
  box.socket.die();
  own.do("row", { dx: 20, dy: 0 });
  own.do("row", { dx: 20, dy: 0 });
  assert.deepEqual(placeOf(own.state), [50, 0]);
  box.clock.advance(250);
  box.comeBack();
  shows(box, 7, 50, 0);
  await answers(box, [1, 6], [2, 7]);
  assert.deepEqual([placeOf(own.state), own.corrections], [[50, 0], 0]);
});

test("a new session is another avatar: nothing of the old one is shown", async () => {
  const { box, own } = predicted();
  own.do("row", { dx: 20, dy: 0 });
  box.socket.die();
  box.clock.advance(250);
  box.comeBack({ session: "s2", secret: "other", avatar: 9 });
  assert.equal(own.at(), null);
  box.socket.say({ type: "cells", version: 9, entered: [[CELL, [[9, 0, [77, 7]]]]], left: [] });
  await new Promise(setImmediate);
  assert.deepEqual([placeOf(own.at()), own.corrections], [[77, 7], 0]);
});

test("an avatar that crosses the border of a cell in two messages stays where it is shown", () => {
  const { box, own } = predicted();
  box.socket.say({ type: "delta", version: 6, cells: [[CELL, [], [], [], [1]]] });
  assert.deepEqual(placeOf(own.at()), [10, 0]);
  box.socket.say({ type: "cells", version: 6, entered: [[4, [[1, 0, [12, 0]]]]], left: [] });
  box.clock.advance(100);
  assert.deepEqual(placeOf(own.at()), [12, 0]);
});

test("ten thousand commands, some refused, end where the server is, at every lag", async () => {
  let seed = 11;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const { box, own } = predicted();
  const server = { boat: { x: 10, y: 0 }, version: 5, seq: 0 };
  const onTheWay = [];
  for (let count = 0; count < 10_000; count++) {
    const args = { dx: Math.floor(81 * random()) - 40, dy: Math.floor(81 * random()) - 40 };
    own.do("row", args);
    onTheWay.push(args);
    box.clock.advance(10);
    while (onTheWay.length > 20 * random()) {
      const seq = ++server.seq;
      const taken = onTheWay.shift();
      const isRefused = random() < 0.1;
      if (!isRefused) server.boat = step(server.boat, { command: "row", args: taken });
      if (!isRefused) shows(box, ++server.version, server.boat.x, server.boat.y);
      await answers(box, isRefused ? [seq, server.version, "tired"] : [seq, server.version]);
    }
    const expected = onTheWay.reduce((boat, rest) => step(boat, { command: "row", args: rest }), server.boat);
    assert.deepEqual(placeOf(own.state), placeOf(expected));
  }
  assert.ok(own.corrections > 500 && own.corrections < 1500, `${own.corrections}`);
});

test("others are shown between two places, with a delay that follows what arrives", () => {
  const box = Box.playing();
  const others = new Interpolation(box.client);
  box.socket.say({ type: "cells", version: 5, entered: [[CELL, [[2, 0, [0, 0]]]]], left: [] });
  for (let count = 1; count <= 100; count++) {
    box.clock.advance(100);
    shows(box, 5 + count, count * 10, 0, 2);
  }
  assert.ok(Math.abs(others.delayMs - 100) < 12, `${others.delayMs}`);
  const into = { x: 0, y: 0, name: "kept" };
  assert.equal(others.at(2, into), into);
  assert.ok(Math.abs(into.x - (1000 - others.delayMs / 10)) < 1e-6, `${into.x}`);
  assert.deepEqual([into.name, others.at(99)], ["kept", null]);
});

test("what leaves is not shown, and goes on evenly if it is back within half a second", () => {
  const box = Box.playing();
  const others = new Interpolation(box.client);
  box.socket.say({ type: "cells", version: 5, entered: [[CELL, [[2, 0, [0, 0]]]]], left: [] });
  box.clock.advance(100);
  shows(box, 6, 40, 0, 2);
  box.clock.advance(50);
  const before = others.at(2).x;
  box.socket.say({ type: "delta", version: 7, cells: [[CELL, [], [], [], [2]]] });
  assert.equal(others.at(2), null);
  box.socket.say({ type: "cells", version: 7, entered: [[4, [[2, 0, [60, 0]]]]], left: [] });
  assert.ok(Math.abs(others.at(2).x - before) < 1e-9);
  box.socket.say({ type: "delta", version: 8, cells: [[4, [], [], [2], []]] });
  assert.equal(others.at(2), null);
});

test("kinds without such fields are not shown, and who is done hears no more", () => {
  const box = Box.playing();
  const others = new Interpolation(box.client, { fields: ["x", "depth"] });
  box.socket.say({ type: "cells", version: 5, entered: [[CELL, [[2, 0, [0, 0]]]]], left: [] });
  assert.equal(others.at(2), null);
  const positions = new Interpolation(box.client);
  positions.close();
  shows(box, 6, 1, 1, 2);
  assert.equal(positions.at(2), null);
});
