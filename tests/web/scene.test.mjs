/** What the page shows of the bay: smooth motion, shouts, crates in reach, and how much of the bay is asked for. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Camera } from "../../server/web/flotsam/camera.js";
import { Track } from "../../server/web/flotsam/motion.js";
import { Scene } from "../../server/web/flotsam/scene.js";

function changeOf({ entered = [], updated = [], gone = [], hidden = [] }) {
  return { entered: new Set(entered), updated: new Map(updated), gone: new Map(gone), hidden: new Map(hidden) };
}

/** A scene of these entities, and the mirror they come from. */
function sceneOf(...entities) {
  const mirror = { entities: new Map(entities.map((entity) => [entity.id, entity])) };
  const scene = new Scene(100);
  scene.update(mirror, changeOf({ entered: mirror.entities.keys() }), 0);
  return { scene, mirror };
}

const boat = (id, x, y) => ({ id, kind: "Boat", fields: { x, y, name: "Ahab", gold: 0 } });
const crate = (id, x, y) => ({ id, kind: "Crate", fields: { x, y, gold: 3 } });

test("something that moves is shown between two places where it was, a step late", () => {
  const track = new Track(100);
  track.push(0, 0, 0);
  track.push(100, 40, 20);
  assert.deepEqual([track.at(100).x, track.at(150).x, track.at(150).y, track.at(200).x], [0, 20, 10, 40]);
});

test("it is never shown ahead of the last known place", () => {
  const track = new Track(100);
  track.push(0, 0, 0);
  track.push(100, 40, 0);
  assert.equal(track.at(5000).x, 40);
});

test("what lay still starts when it starts, and does not creep before", () => {
  const track = new Track(100);
  track.push(0, 0, 0);
  track.push(5000, 40, 0);
  assert.deepEqual([track.at(4999).x, track.at(5050).x, track.at(5100).x], [0, 20, 40]);
});

test("a leap is shown as a leap", () => {
  const track = new Track(100);
  track.push(0, 0, 0);
  track.push(100, 2000, 0);
  assert.equal(track.at(150).x, 2000);
});

test("a boat turns the short way round", () => {
  const track = new Track(100);
  track.heading = 3;
  track.push(0, 0, 0);
  track.at(0);
  track.push(100, -40, -8);
  const { heading } = track.at(160);
  assert.ok(heading > 3 && heading < 3.6, `${heading}`);
});

test("things come and go with the mirror, and keep their motion", () => {
  const { scene, mirror } = sceneOf(boat(1, 0, 0));
  mirror.entities.set(1, boat(1, 40, 0));
  scene.update(mirror, changeOf({ updated: [[1, {}]] }), 100);
  assert.equal(scene.things.get(1).track.at(150).x, 20);
  scene.update(mirror, changeOf({ hidden: [[1, {}]] }), 200);
  assert.equal(scene.things.size, 0);
});

test("kinds without a place are not shown, unknown kinds with one are", () => {
  const ledger = { id: 1, kind: "Ledger", fields: { minted: 4 } };
  const { scene } = sceneOf(ledger, { id: 2, kind: "Buoy", fields: { x: 1, y: 2 } });
  assert.deepEqual([...scene.things.keys()], [2]);
});

test("the nearest crate within a square of 60 units can be grabbed", () => {
  const { scene } = sceneOf(boat(1, 100, 100), crate(2, 160, 160), crate(3, 150, 100), crate(4, 100, 161));
  assert.equal(scene.crateInReach(1).id, 3);
  assert.equal(sceneOf(boat(1, 100, 100), crate(4, 100, 161)).scene.crateInReach(1), null);
  assert.equal(scene.crateInReach(99), null);
});

test("a shout is shown for four seconds, gold that was picked up for a moment", () => {
  const { scene } = sceneOf(boat(1, 10, 20));
  scene.happen("shout", { boat: 1, name: "Ahab", text: "<b>ahoy</b>" }, 1000);
  scene.happen("picked", { boat: 1, crate: 2, gold: 7 }, 1000);
  scene.happen("weather", { wind: 3 }, 1000);
  assert.deepEqual([scene.shouts.get(1).text, scene.picked[0].gold], ["<b>ahoy</b>", 7]);
  scene.tidy(4999);
  assert.deepEqual([scene.shouts.size, scene.picked.length], [1, 0]);
  scene.tidy(5000);
  assert.equal(scene.shouts.size, 0);
});

test("no window shows more of the bay than the server is willing to send", () => {
  for (const [width, height] of [[360, 740], [1280, 800], [2560, 1440], [5120, 1440]]) {
    const camera = new Camera();
    camera.resize(width, height);
    assert.ok(camera.radius(250) <= 1200, `${width}`);
    const [left, top] = camera.toWorld(0, 0);
    assert.ok(Math.max(-left, -top) <= camera.radius(0));
  }
});

test("a place on the screen and in the world are each other's", () => {
  const camera = new Camera();
  camera.resize(360, 740);
  camera.follow({ x: 500, y: 600 }, 0);
  assert.deepEqual(camera.toScreen(500, 600), [180, 370]);
  assert.deepEqual(camera.toWorld(...camera.toScreen(123, 456)).map(Math.round), [123, 456]);
});
