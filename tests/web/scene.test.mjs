/** What the page shows of the bay: where things are, what is seen for a moment, and how much of the bay is asked for. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Camera } from "../../server/web/flotsam/camera.js";
import { Effects } from "../../server/web/flotsam/effects.js";
import { Scene } from "../../server/web/flotsam/scene.js";

const boat = (id, x, y, more = {}) => ({ id, kind: "Boat", fields: { x, y, dx: 0, dy: 0, name: "Ahab", gold: 0, ...more } });
const crate = (id, x, y) => ({ id, kind: "Crate", fields: { x, y, gold: 3, oil: 0 } });

function changeOf({ entered = [], updated = [], gone = [], hidden = [] }) {
  return { entered: new Set(entered), updated: new Map(updated), gone: new Map(gone), hidden: new Map(hidden) };
}

/** A scene of these entities, and the mirror they come from. */
function sceneOf(...entities) {
  const mirror = { entities: new Map(entities.map((entity) => [entity.id, entity])) };
  const scene = new Scene();
  scene.update(mirror, changeOf({ entered: mirror.entities.keys() }));
  return { scene, mirror };
}

/** Shows everything where the server has it. */
function atRest(thing) {
  return Object.assign(thing, { x: thing.fields.x, y: thing.fields.y }).fields;
}

test("things come and go with the mirror, and what a message replaced is seen anew", () => {
  const { scene, mirror } = sceneOf(boat(1, 0, 0), crate(2, 5, 5));
  mirror.entities.set(1, boat(1, 40, 0));
  scene.update(mirror, changeOf({ updated: [[1, {}]] }));
  assert.equal(scene.things.get(1).fields.x, 40);
  scene.update(mirror, changeOf({ gone: [[2, {}]], hidden: [[1, {}]] }));
  assert.deepEqual([scene.things.size, scene.of("Boat").size, scene.of("Crate").size], [0, 0, 0]);
});

test("kinds without a place are not shown, unknown kinds with one are", () => {
  const board = { id: 1, kind: "Board", fields: { scores: [] } };
  const { scene } = sceneOf(board, { id: 2, kind: "Buoy", fields: { x: 1, y: 2 } });
  assert.deepEqual([...scene.things.keys()], [2]);
  assert.equal(scene.of("Buoy").size, 1);
});

test("a boat turns the short way round, to where its last stroke went", () => {
  const { scene } = sceneOf(boat(1, 0, 0, { dx: -40, dy: -8 }));
  const thing = scene.things.get(1);
  thing.heading = 3;
  for (const nowMs of [0, 16, 32, 48]) scene.pose(nowMs, atRest);
  assert.ok(thing.heading > 3 && thing.heading < 3.5, `${thing.heading}`);
});

test("a boat that moves works its oars; one that the storm carried off in a leap does not", () => {
  const { scene, mirror } = sceneOf(boat(1, 0, 0));
  const thing = scene.things.get(1);
  for (let frame = 1; frame <= 60; frame++) {
    mirror.entities.get(1).fields.x = frame * 6;
    scene.pose(frame * 16, atRest);
  }
  assert.ok(thing.speed > 300 && thing.speed < 400, `${thing.speed}`);
  assert.ok(thing.stroke > 5);
  mirror.entities.get(1).fields.x = 3000;
  for (let frame = 61; frame <= 120; frame++) scene.pose(frame * 16, atRest);
  assert.ok(thing.speed < 10, `${thing.speed}`);
});

test("a shout is shown for some seconds, as it was written", () => {
  const { scene } = sceneOf(boat(1, 10, 20));
  const effects = new Effects(scene);
  effects.happen("shout", { boat: 1, name: "Ahab", text: "<b>ahoy</b>" }, 1000);
  effects.happen("weather", { wind: 3 }, 1000);
  assert.equal(effects.shouts.get(1).text, "<b>ahoy</b>");
  effects.tidy(5499);
  assert.equal(effects.shouts.size, 1);
  effects.tidy(5500);
  assert.equal(effects.shouts.size, 0);
});

test("cargo that was picked up flies from where the crate was, though the crate is gone when the event comes", () => {
  const { scene, mirror } = sceneOf(boat(1, 10, 20), crate(2, 50, 60));
  scene.update(mirror, changeOf({ gone: [[2, {}]] }));
  const effects = new Effects(scene);
  effects.happen("picked", { boat: 1, crate: 2, gold: 7, oil: 0 }, 1000);
  const flight = effects.shown.find(({ kind }) => kind === "flight");
  assert.deepEqual([flight.x, flight.y, flight.to], [50, 60, 1]);
  assert.deepEqual(effects.shown.filter(({ kind }) => kind === "number").map(({ text }) => text), ["+7 gold"]);
});

test("whoever is rammed is seen to lose what the other gains, unless it begins anew elsewhere", () => {
  const { scene } = sceneOf(boat(1, 0, 0), boat(2, 30, 0));
  const texts = (body) => {
    const effects = new Effects(scene);
    effects.happen("rammed", body, 0);
    return effects.shown.filter(({ kind }) => kind === "number").map(({ text }) => text);
  };
  assert.deepEqual(texts({ by: 1, boat: 2, gold: 3, oil: 0, sunk: false }), ["+3 gold", "−3 gold", "−34 hull"]);
  assert.deepEqual(texts({ by: 1, boat: 2, gold: 3, oil: 0, sunk: true }), ["+3 gold"]);
});

test("a page that nobody looks at does not gather what happened", () => {
  const { scene } = sceneOf(boat(1, 0, 0));
  const effects = new Effects(scene);
  for (let nowMs = 0; nowMs < 3_600_000; nowMs += 50) effects.happen("picked", { boat: 1, crate: 2, gold: 1, oil: 1 }, nowMs);
  assert.ok(effects.shown.length <= 160, `${effects.shown.length}`);
  for (let id = 10; id < 1000; id++) {
    scene.update({ entities: new Map([[id, crate(id, 1, 1)]]) }, changeOf({ entered: [id] }), 0);
    scene.update({ entities: new Map() }, changeOf({ gone: [[id, {}]] }), 0);
  }
  assert.ok(scene.departed.size <= 64);
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
