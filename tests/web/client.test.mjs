/** The session: joining, commands, coming back, silence. The test plays the server and holds the clock. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Box } from "./harness.mjs";

test("joining says who one is, and the welcome opens the game", () => {
  const box = new Box();
  box.client.join("Ahab", { radius: 700 });
  assert.deepEqual([box.socket.url, box.socket.subprotocol], ["ws://bay/ws/bay", "oarlock.v1.json"]);
  box.socket.accept();
  assert.deepEqual(box.socket.sent, [{ type: "join", name: "Ahab", credentials: "", radius: 700 }]);
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
  assert.equal(box.client.pending.size, 0);
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

test("a command without a connection is refused at once", async () => {
  const box = Box.playing();
  box.socket.die();
  assert.equal((await box.client.do("row", {})).code, "offline");
});

test("after a lost connection the client comes back as itself, with what was not answered", async () => {
  const box = Box.playing();
  box.client.do("row", { dx: 1 });
  const second = box.client.do("row", { dx: 2 });
  box.socket.say({ type: "done", acks: [[1, 9]] });
  box.socket.say({ type: "cells", version: 5, entered: [[3, []]], left: [] });
  box.socket.say({ type: "delta", version: 9, cells: [] });
  box.socket.die();
  assert.deepEqual(box.statuses.at(-1), ["waiting", { delayMs: 250 }]);
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
  box.socket.die(4502, "world full");
  assert.deepEqual(box.statuses.at(-1), ["closed", { code: 4502, reason: "world full" }]);
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
  assert.equal(box.client.clockOffsetMs, 980);
});

test("a connection that is silent for five seconds is given up", () => {
  const box = Box.playing();
  box.clock.advance(4999);
  assert.equal(box.client.status, "playing");
  box.clock.advance(1100);
  assert.equal(box.client.status, "waiting");
  assert.notEqual(box.sockets[0].closedWith, null);
});

test("a connection on which anything comes is kept", () => {
  const box = Box.playing();
  for (let second = 0; second < 60; second++) {
    box.clock.advance(1000);
    box.socket.say({ type: "delta", version: 6 + second, cells: [] });
  }
  assert.equal(box.sockets.length, 1);
});

test("a page that slept does not take its own sleep for the server's silence", () => {
  const box = Box.playing();
  box.clock.sleep(420_000);
  assert.equal(box.client.status, "playing");
  box.socket.say({ type: "delta", version: 6, cells: [] });
  box.clock.advance(2000);
  assert.equal(box.sockets.length, 1);
});

test("a dead connection is noticed within six seconds of waking", () => {
  const box = Box.playing();
  box.clock.sleep(420_000);
  box.client.wake();
  box.clock.advance(6000);
  assert.equal(box.client.status, "waiting");
});

test("waking while waiting tries at once", () => {
  const box = Box.playing({ random: () => 1 });
  box.socket.die();
  box.client.wake();
  assert.equal(box.sockets.length, 2);
  box.clock.advance(500);
  assert.equal(box.sockets.length, 2);
});

test("a handshake that nobody answers is given up", () => {
  const box = new Box();
  box.client.join("Ahab");
  box.clock.advance(8000);
  assert.equal(box.client.status, "waiting");
});

test("content that differs from the server's is reported", () => {
  const box = Box.playing();
  box.socket.say({ type: "cells", version: 5, entered: [[3, [[1, 0, [10]]]]], left: [] });
  box.socket.say({ type: "delta", version: 6, cells: [[3, [], [], [], [], 12345]] });
  assert.deepEqual(box.socket.of("digest"), [{ type: "digest", ok: false }]);
});

test("a message that cannot be read ends the connection, not the session", () => {
  const box = Box.playing();
  box.socket.onmessage({ data: "{" });
  assert.equal(box.client.status, "waiting");
  box.clock.advance(250);
  box.socket.accept();
  assert.equal(box.socket.sent[0].resume.session, "s1");
});

test("messages and fields of a newer server are passed over", () => {
  const box = Box.playing();
  box.socket.say({ type: "weather", wind: 4 });
  box.socket.say({ type: "delta", version: 6, cells: [], mood: "calm" });
  assert.equal(box.client.mirror.version, 6);
});

test("events are handed on with name and body", () => {
  const box = Box.playing();
  box.socket.say({ type: "event", version: 6, events: [["shout", 3, { boat: 1, text: "ahoy" }]] });
  assert.deepEqual(box.events, [["shout", { boat: 1, text: "ahoy" }]]);
});

test("leaving says so, closes, and does not come back", () => {
  const box = Box.playing();
  box.client.leave();
  assert.equal(box.socket.of("leave").length, 1);
  assert.equal(box.socket.closedWith, 1000);
  box.clock.advance(600_000);
  assert.deepEqual([box.sockets.length, box.client.status], [1, "closed"]);
});
