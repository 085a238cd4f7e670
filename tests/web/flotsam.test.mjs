/** What the page of Flotsam tells its player: what is in reach, what happened, which offers stand, who is on which node. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { nodeColour } from "../../server/web/flotsam/colours.js";
import { readable } from "../../server/web/flotsam/labels.js";
import { countByNode } from "../../server/web/flotsam/network.js";
import { goods, newsOf } from "../../server/web/flotsam/news.js";
import { Pace } from "../../server/web/flotsam/pace.js";
import { inReach } from "../../server/web/flotsam/reach.js";
import { Scene } from "../../server/web/flotsam/scene.js";
import { standing } from "../../server/web/flotsam/trade.js";

const NOW_MS = 50_000;
const OWN = { x: 1000, y: 1000, dx: 40, dy: 0, salvages: 0, rested_ms: NOW_MS - 100, rams_ms: 0, gold: 5, oil: 5, hull: 100 };

/** What a boat at (1000, 1000) with way to the right has in its reach. */
function reachOf(things, boat = OWN) {
  const entities = things.map(([kind, x, y], at) => ({ id: at + 2, kind, fields: { x, y } }));
  const mirror = { entities: new Map([{ id: 1, kind: "Boat", fields: boat }, ...entities].map((entity) => [entity.id, entity])) };
  const scene = new Scene();
  scene.update(mirror, { entered: new Set(mirror.entities.keys()), updated: new Map(), gone: new Map(), hidden: new Map() }, 0);
  return inReach(scene, 1, boat, NOW_MS);
}

test("the nearest crate within a square of 60 units can be grabbed", () => {
  assert.equal(reachOf([["Crate", 1060, 1060], ["Crate", 1050, 1000], ["Crate", 1000, 1061]]).crate.id, 3);
  assert.equal(reachOf([["Crate", 1000, 1061]]).crate, null);
});

test("wrecks, boats and lighthouses are in reach within a circle, each its own", () => {
  const { wreck, partner, light } = reachOf([["Wreck", 1080, 1000], ["Boat", 1000, 1200], ["Lighthouse", 1096, 1128]]);
  assert.deepEqual([wreck.id, partner.id, light.id], [2, 3, 4]);
  const beyond = reachOf([["Wreck", 1060, 1060], ["Boat", 1150, 1150], ["Lighthouse", 1120, 1120]]);
  assert.deepEqual([beyond.wreck, beyond.partner, beyond.light], [null, null, null]);
});

test("who works on a wreck is not offered another", () => {
  assert.equal(reachOf([["Wreck", 1010, 1000]], { ...OWN, salvages: 9 }).wreck, null);
});

test("a boat is rammed bow first, with way on and breath in the crew", () => {
  const other = [["Boat", 1060, 1010]];
  assert.equal(reachOf(other).victim.id, 2);
  assert.equal(reachOf([["Boat", 940, 1000]]).victim, null, "astern");
  assert.equal(reachOf([["Boat", 1071, 1000]]).victim, null, "too far");
  assert.equal(reachOf(other, { ...OWN, dx: 10 }).victim, null, "hardly a stroke");
  assert.equal(reachOf(other, { ...OWN, rested_ms: NOW_MS - 501 }).victim, null, "no way on");
  assert.equal(reachOf(other, { ...OWN, rams_ms: NOW_MS + 1 }).victim, null, "out of breath");
});

test("players are told what happened to them, and of others only what all should know", () => {
  const nameOf = (id) => `boat ${id}`;
  const rammed = { by: 1, boat: 2, gold: 3, oil: 1, sunk: false };
  assert.equal(newsOf("rammed", rammed, 1, nameOf), "You rammed boat 2 and took 3 gold and 1 oil.");
  assert.equal(newsOf("rammed", rammed, 2, nameOf), "boat 1 rammed you and took 3 gold and 1 oil.");
  assert.match(newsOf("rammed", { ...rammed, sunk: true }, 2, nameOf), /sank you/);
  assert.equal(newsOf("rammed", rammed, 3, nameOf), "");
  assert.equal(newsOf("kept", { light: "Gull Rock", name: "Ann" }, 9, nameOf), "Ann keeps Gull Rock now.");
  assert.equal(newsOf("constructor", {}, 1, nameOf), "");
  assert.equal(goods(0, 0), "nothing");
});

test("offers are shown to the two boats concerned, until they run out", () => {
  const offer = (id, seller, buyer, untilMs) => ({ id, fields: { seller, buyer, until_ms: untilMs } });
  const offers = [offer(9, 2, 1, NOW_MS), offer(5, 1, 3, NOW_MS + 1), offer(6, 2, 3, NOW_MS + 1), offer(7, 2, 1, NOW_MS - 1)];
  assert.deepEqual(standing(offers, 1, NOW_MS).map(({ id, isOwn }) => [id, isOwn]), [[5, true], [9, false]]);
});

test("boats are counted by the node of their players, without the mark of its process", () => {
  const boats = ["node2-0123456789ab", "node1-0123456789ab", "node2-ba9876543210", ""].map((node) => ({ fields: { node } }));
  assert.deepEqual(countByNode(boats), [["", 1], ["node1", 1], ["node2", 2]]);
});

test("neighbouring nodes have different colours, and a node's colour is always the same", () => {
  const colours = Array.from({ length: 8 }, (_, at) => nodeColour(`node${at + 1}`));
  assert.equal(new Set(colours).size, 8);
  assert.equal(nodeColour("harbour-east"), nodeColour("harbour-east"));
  assert.match(nodeColour("harbour-east"), /^#[0-9a-f]{6}$/);
});

test("marks that turn the direction of writing are not shown, whatever else a name is", () => {
  assert.equal(readable("\u202Egnp.exe\u2066\u0000"), "gnp.exe");
  assert.equal(readable("<img src=x onerror=alert(1)>"), "<img src=x onerror=alert(1)>");
  assert.equal(readable("__proto__"), "__proto__");
  assert.equal(readable("Zoë 🛶"), "Zoë 🛶");
});

test("a screen that is slow to paint is painted every other frame, until it is fast again", () => {
  const pace = new Pace();
  let nowMs = 0;
  const painted = (frames, costMs) => {
    let count = 0;
    for (let frame = 0; frame < frames; frame++) {
      const isDue = pace.isDue(nowMs);
      count += isDue;
      nowMs += isDue ? Math.max(16.7, costMs) : 16.7;
    }
    return count / frames;
  };
  assert.equal(painted(200, 8), 1);
  painted(200, 40);
  assert.equal(painted(200, 40), 0.5);
  nowMs += 3_600_000;
  painted(200, 8);
  assert.equal(painted(200, 8), 1);
});
