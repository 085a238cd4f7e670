/** The session: joining, commands, coming back, silence. The test plays the server and holds the clock. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ClosedError, UsageError } from "../../server/web/sdk/errors.js";
import { Box, SCHEMA } from "./harness.mjs";

test("joining says who one is, and the welcome opens the game", () => {
  const box = new Box();
  box.client.join({ name: "Ahab", radius: 700 });
  assert.deepEqual([box.socket.url, box.socket.subprotocol], ["ws://bay/ws/bay", "oarlock.v1.json"]);
  box.socket.accept();
  assert.deepEqual(box.socket.sent, [
    { type: "join", name: "Ahab", credentials: "", radius: 700, spectate: false },
  ]);
  box.socket.greet();
  assert.deepEqual(box.statuses.map(([status]) => status), ["connecting", "playing"]);
});

test("commands are numbered from one without holes and answered by number", async () => {
  const box = Box.playing();
  const first = box.client.do("row", { dx: 1, dy: 0 });
  const second = box.client.do("grab", { crate: 7 });
  assert.deepEqual(box.socket.of("do").map(({ seq }) => seq), [1, 2]);
  box.socket.say({ type: "done", acks: [[1, 12], [2, 12, "gone", "somebody was faster"]] });
  assert.deepEqual(await first, { seq: 1, version: 12, code: "", text: "" });
  assert.deepEqual(await second, { seq: 2, version: 12, code: "gone", text: "somebody was faster" });
  assert.equal(box.client.unanswered, 0);
});

test("a command given while the connection closes goes out with the next", async () => {
  const box = Box.playing();
  box.socket.readyState = 2;
  box.client.do("row", { dx: 1 });
  assert.equal(box.socket.of("do").length, 0);
  box.socket.die();
  box.clock.advance(250);
  box.socket.accept();
  assert.equal(box.socket.sent[0].resume.pending[0].seq, 1);
});

test("a command without a connection waits for the next one, or is refused if it must not", async () => {
  const box = Box.playing();
  box.socket.die();
  assert.equal((await box.client.do("row", {}, { mayWait: false })).code, "offline");
  const answer = box.client.do("row", { dx: 1 });
  box.clock.advance(250);
  box.comeBack({ acknowledged: 0 });
  assert.deepEqual(box.socket.sent[0].resume.pending.map(({ seq }) => seq), [1]);
  box.socket.say({ type: "done", acks: [[1, 9]] });
  assert.equal((await answer).version, 9);
});

test("a command given between the join and the welcome is sent once, behind it", () => {
  const box = Box.playing();
  box.socket.die();
  box.clock.advance(250);
  box.socket.accept();
  box.client.do("row", { dx: 1 });
  assert.equal(box.socket.of("do").length, 0);
  box.socket.greet();
  assert.deepEqual([box.socket.sent[0].resume.pending, box.socket.of("do").map(({ seq }) => seq)], [[], [1]]);
});

test("commands given before the first welcome follow it", () => {
  const box = new Box();
  box.client.join({ name: "Ahab" });
  box.client.do("row", { dx: 1 });
  box.socket.accept();
  box.socket.greet();
  assert.deepEqual(box.socket.of("do").map(({ seq }) => seq), [1]);
});

test("at most 64 commands wait: what is more is refused", async () => {
  const box = Box.playing();
  box.socket.die();
  for (let count = 0; count < 64; count++) box.client.do("row", {});
  assert.equal((await box.client.do("row", {})).code, "full");
  assert.equal(box.client.unanswered, 64);
});

test("what cannot be right by the schema is not sent (S12)", async () => {
  const box = Box.playing();
  const wrong = [
    ["fly", {}],
    ["row", { dx: NaN, dy: 0 }],
    ["row", { dx: 1.5 }],
    ["row", { dx: 41 }],
    ["row", { dx: "1" }],
    ["shout", { text: "x".repeat(121) }],
    ["grab", { crate: Infinity }],
    ["row", { unknown: [NaN] }],
  ];
  for (const [command, args] of wrong) {
    assert.equal((await box.client.do(command, args)).code, "bad_arguments", command);
  }
  assert.equal(box.socket.of("do").length, 0);
  box.client.do("shout", { text: "🦀".repeat(120) });
  assert.equal(box.socket.of("do")[0].seq, 1);
});

test("after a lost connection the client comes back as itself, with what was not answered", async () => {
  const box = Box.playing();
  box.client.do("row", { dx: 1 });
  const second = box.client.do("row", { dx: 2 });
  box.socket.say({ type: "done", acks: [[1, 9]] });
  box.socket.say({ type: "cells", version: 5, entered: [[3, []]], left: [] });
  box.socket.say({ type: "delta", version: 9, cells: [] });
  box.socket.die();
  assert.deepEqual(box.statuses.at(-1), ["waiting", { delayMs: 250, code: 1006, reason: "" }]);
  box.clock.advance(249);
  assert.equal(box.sockets.length, 1);
  box.clock.advance(1);
  box.socket.accept();
  assert.deepEqual(box.socket.sent[0].resume, {
    session: "s1", secret: "hush", epoch: "e1", version: 9,
    pending: [{ type: "do", seq: 2, command: "row", args: { dx: 2 } }],
    cells: [3],
  });
  box.socket.greet({ node: "node2", acknowledged: 1 });
  box.socket.say({ type: "done", acks: [[2, 10]] });
  assert.equal((await second).version, 10);
  box.client.do("row", { dx: 3 });
  assert.equal(box.socket.of("do").at(-1).seq, 3);
});

test("an answer that was lost with the connection counts as given", async () => {
  const box = Box.playing();
  const answer = box.client.do("row", {});
  box.socket.die();
  box.clock.advance(250);
  box.comeBack({ acknowledged: 1 });
  assert.equal((await answer).code, "");
});

test("a server that forgot the session gives a new one: old commands are lost, numbers start again", async () => {
  const box = Box.playing();
  const answer = box.client.do("row", {});
  box.socket.die();
  box.clock.advance(250);
  box.comeBack({ session: "s2", secret: "other", epoch: "e2" });
  assert.equal((await answer).code, "lost");
  assert.equal(box.client.mirror.epoch, "e2");
  box.client.do("row", {});
  assert.equal(box.socket.of("do")[0].seq, 1);
});

test("attempts that fail wait longer and longer, and only a session that lasted starts the count again", () => {
  const box = Box.playing({ random: () => 1 });
  const delays = () => box.statuses.filter(([status]) => status === "waiting").map(([, { delayMs }]) => delayMs);
  box.socket.die();
  box.clock.advance(500);
  box.socket.die();
  box.clock.advance(1000);
  box.comeBack();
  box.clock.advance(1500);
  box.socket.die();
  assert.deepEqual(delays(), [500, 1000, 2000]);
  box.clock.advance(2000);
  box.comeBack();
  for (let second = 0; second < 11; second++) {
    box.clock.advance(1000);
    box.socket.say({ type: "pong", clock_ms: box.clock.nowMs, server_ms: 1 });
  }
  box.socket.die();
  assert.equal(delays().at(-1), 500);
});

test("a close between 4500 and 4999 is final", () => {
  const box = Box.playing();
  box.socket.die(4504, "elsewhere");
  assert.deepEqual(box.statuses.at(-1), ["closed", { code: 4504, reason: "elsewhere" }]);
  box.clock.advance(600_000);
  assert.equal(box.sockets.length, 1);
});

test("a node that goes away is left when it says, and the next connection resumes", () => {
  const box = Box.playing();
  box.socket.say({ type: "moving", after_ms: 300 });
  box.clock.advance(299);
  assert.equal(box.sockets.length, 1);
  box.clock.advance(1);
  assert.equal(box.sockets[0].closedWith, 4000);
  box.socket.accept();
  assert.equal(box.socket.sent[0].resume.session, "s1");
});

test("who is asked to come later before the welcome comes later", () => {
  const box = new Box();
  box.client.join({ name: "Ahab" });
  box.socket.accept();
  box.socket.say({ type: "moving", after_ms: 700 });
  assert.deepEqual(box.statuses.at(-1)[1].delayMs, 700);
  box.clock.advance(699);
  assert.equal(box.sockets.length, 1);
  box.clock.advance(1);
  assert.equal(box.sockets.length, 2);
});

test("a join that the server refuses is an error with code and reason, and may be tried again", async () => {
  const box = new Box();
  const joining = box.client.join({ name: "Ahab" });
  assert.throws(() => box.client.join({ name: "Ahab" }), UsageError);
  box.socket.accept();
  box.socket.die(4502, "world full");
  await assert.rejects(joining, (error) => error instanceof ClosedError && error.code === 4502);
  assert.deepEqual(box.statuses.at(-1), ["closed", { code: 4502, reason: "world full" }]);
  const again = box.client.join({ name: "Ishmael" });
  box.comeBack();
  assert.equal((await again).session, "s1");
});

test("a refused join that nobody waits for is told by the status alone", async () => {
  const box = new Box();
  box.client.join({ name: "Ahab" });
  box.socket.die(4502, "world full");
  await new Promise(setImmediate);
  assert.equal(box.client.status, "closed");
});

test("what a replaced connection still says is not heard", () => {
  const box = Box.playing();
  const old = box.socket;
  box.socket.say({ type: "moving", after_ms: 0 });
  box.clock.advance(0);
  box.comeBack({ node: "node2" });
  old.say({ type: "delta", version: 99, cells: [] });
  old.die(4502);
  assert.equal(box.client.mirror.version, 0);
  assert.equal(box.client.status, "playing");
});

test("latency and the server's clock are measured", () => {
  const box = Box.playing();
  const { clock_ms: sentMs } = box.socket.of("ping")[0];
  box.clock.advance(40);
  box.socket.say({ type: "pong", clock_ms: sentMs, server_ms: 1000 });
  assert.equal(box.client.latencyMs, 40);
  assert.equal(box.client.clock.now(), 1020);
  assert.equal(box.client.statistics().clockUncertaintyMs, 20);
});

test("a handshake that nobody answers is given up", () => {
  const box = new Box();
  box.client.join({ name: "Ahab" });
  box.clock.advance(8000);
  assert.equal(box.client.status, "waiting");
});

test("content that differs from the server's is reported, once until a reset", () => {
  const box = Box.playing();
  box.socket.say({ type: "cells", version: 5, entered: [[3, [[1, 0, [10, 0]]]]], left: [] });
  box.socket.say({ type: "delta", version: 6, cells: [[3, [], [], [], [], 12345]] });
  box.socket.say({ type: "delta", version: 7, cells: [[3, [], [], [], [], 12345]] });
  assert.deepEqual(box.socket.of("digest"), [{ type: "digest", ok: false }]);
  assert.equal(box.client.statistics().divergences, 2);
  box.socket.say({ type: "reset", epoch: "e1", version: 7, reason: "digest" });
  box.socket.say({ type: "cells", version: 7, entered: [[3, []]], left: [] });
  box.socket.say({ type: "delta", version: 8, cells: [[3, [], [], [], [], 12345]] });
  assert.equal(box.socket.of("digest").length, 2);
});

test("a view that is known to be wrong is not gone on from", () => {
  const box = Box.playing();
  box.socket.say({ type: "cells", version: 5, entered: [[3, [[1, 0, [10, 0]]]]], left: [] });
  box.socket.say({ type: "delta", version: 6, cells: [[3, [], [], [], [], 12345]] });
  box.socket.die();
  box.clock.advance(250);
  box.socket.accept();
  assert.deepEqual(box.socket.sent[0].resume.cells, []);
});

test("a message that cannot be read ends the connection, not the session", () => {
  const box = Box.playing();
  box.socket.onmessage({ data: "{" });
  assert.equal(box.client.status, "waiting");
  box.clock.advance(250);
  box.socket.accept();
  assert.equal(box.socket.sent[0].resume.session, "s1");
});

test("messages and fields of a newer server are passed over (S32)", () => {
  const box = Box.playing();
  for (const type of ["weather", "constructor", "__proto__", "toString"]) box.socket.say({ type, wind: 4 });
  box.socket.say({ type: "delta", version: 6, cells: [], mood: "calm" });
  assert.equal(box.client.mirror.version, 6);
});

test("events are handed on with name, body and cell", () => {
  const box = Box.playing();
  box.socket.say({ type: "event", version: 6, events: [["shout", 3, { boat: 1, text: "ahoy" }]] });
  assert.deepEqual(box.events, [["shout", { boat: 1, text: "ahoy" }, 3]]);
});

test("leaving says so, closes, and does not come back", () => {
  const box = Box.playing();
  box.client.leave();
  assert.equal(box.socket.of("leave").length, 1);
  assert.notEqual(box.socket.closedWith, null);
  box.clock.advance(600_000);
  assert.deepEqual([box.sockets.length, box.client.status], [1, "closed"]);
});

test("a spectator gives no commands, says where it looks, and says so again when it is back", async () => {
  const box = new Box();
  box.client.join({ spectate: true, radius: 500 });
  box.comeBack({ avatar: 0, secret: "" });
  assert.equal((await box.client.do("row", {})).code, "spectator");
  box.client.look({ x: 10, y: 20 });
  assert.deepEqual(box.socket.of("view"), [{ type: "view", radius: 500, x: 10, y: 20 }]);
  box.socket.die();
  box.clock.advance(250);
  box.comeBack({ session: "s2", avatar: 0, secret: "" });
  assert.equal(box.socket.sent[0].resume, undefined);
  assert.deepEqual(box.socket.of("view"), [{ type: "view", radius: 500, x: 10, y: 20 }]);
});

test("a node of another release: what was in view is dropped and asked for anew (S32)", () => {
  const box = Box.playing();
  box.socket.say({ type: "cells", version: 5, entered: [[3, [[1, 0, [10, 0]]]]], left: [] });
  const left = [];
  box.client.on("leave", (entity) => left.push(entity.id));
  box.socket.die();
  box.clock.advance(250);
  const schema = { ...SCHEMA, kinds: [["Boat", [["hull", "int"], ["x", "int"], ["y", "int"]]]] };
  box.comeBack({ schema });
  assert.deepEqual([left, box.client.status], [[1], "waiting"]);
  box.clock.advance(500);
  box.comeBack({ schema });
  assert.deepEqual([box.socket.sent[0].resume.cells, box.socket.sent[0].resume.session], [[], "s1"]);
  box.socket.say({ type: "reset", epoch: "e1", version: 6, reason: "resume" });
  box.socket.say({ type: "cells", version: 6, entered: [[3, [[1, 0, [100, 10, 0]]]]], left: [] });
  assert.deepEqual({ ...box.client.avatar.fields }, { hull: 100, x: 10, y: 0 });
});

test("who listens hears what enters, changes and leaves, and no more once that is ended", () => {
  const box = Box.playing();
  const heard = [];
  box.client.on("enter", ({ id, kind }) => heard.push(["enter", id, kind]));
  const end = box.client.on("update", ({ fields }, before) => heard.push(["update", fields.x, before.x]));
  box.client.on("leave", ({ id }, reason) => heard.push(["leave", id, reason]));
  box.socket.say({ type: "cells", version: 5, entered: [[3, [[1, 0, [10, 0]], [2, 0, [5, 5]]]]], left: [] });
  box.socket.say({ type: "delta", version: 6, cells: [[3, [], [[1, 1, [11]]], [2], []]] });
  end();
  box.socket.say({ type: "delta", version: 7, cells: [[3, [], [[1, 1, [12]]], [], [1]]] });
  assert.deepEqual(heard, [
    ["enter", 1, "Boat"], ["enter", 2, "Boat"], ["leave", 2, "gone"], ["update", 11, 10], ["leave", 1, "hidden"],
  ]);
});
