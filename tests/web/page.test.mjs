/** What a page goes through: silence, sleep, hiding, freezing, reloading, two tabs (S20). The test holds the clock. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { UsageError } from "../../server/web/sdk/errors.js";
import { Box, TabStorage } from "./harness.mjs";

/** The server answers the last ping of the connection. */
function pong(box) {
  const { clock_ms: sentMs } = box.socket.of("ping").at(-1);
  box.socket.say({ type: "pong", clock_ms: sentMs, server_ms: 1 });
}

test("a connection that is silent for five seconds is given up", () => {
  const box = Box.playing();
  box.clock.advance(4999);
  assert.equal(box.client.status, "playing");
  box.clock.advance(1);
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

test("a dead connection is noticed within three seconds of being seen, whatever is still delivered from before", () => {
  const box = Box.playing();
  box.show(false);
  box.clock.sleep(420_000);
  box.show(true);
  for (let version = 6; version < 30; version++) {
    box.clock.advance(100);
    box.socket.say({ type: "delta", version, cells: [] });
  }
  box.clock.advance(600);
  assert.equal(box.client.status, "waiting");
});

test("a connection that outlived the sleep is kept", () => {
  const box = Box.playing();
  box.show(false);
  box.clock.sleep(420_000);
  box.show(true);
  box.clock.advance(100);
  pong(box);
  for (let second = 0; second < 10; second++) {
    box.clock.advance(1000);
    pong(box);
  }
  assert.equal(box.sockets.length, 1);
});

test("waking while waiting tries at once, but not more than once a second", () => {
  const box = Box.playing({ random: () => 1 });
  box.clock.advance(2000);
  box.socket.die();
  box.client.wake();
  box.clock.advance(0);
  assert.equal(box.sockets.length, 2);
  for (let flap = 0; flap < 100; flap++) {
    if (box.client.status === "connecting") box.socket.die();
    box.tell("online");
    box.clock.advance(10);
  }
  assert.ok(box.sockets.length <= 4, `${box.sockets.length} connections`);
});

test("a hidden page that loses its connection tries three times, then waits until it is seen", () => {
  const box = Box.playing();
  box.clock.advance(2000);
  pong(box);
  box.show(false);
  box.socket.die();
  for (let minute = 0; minute < 60; minute++) {
    box.clock.advance(60_000);
    if (box.client.status === "connecting") box.socket.die();
  }
  assert.equal(box.sockets.length, 4);
  assert.equal(box.statuses.at(-1)[1].delayMs, null);
  box.show(true);
  box.clock.advance(0);
  assert.equal(box.sockets.length, 5);
  box.comeBack();
  assert.equal(box.client.status, "playing");
});

test("a device that says it has no network is tried now and then, and at once when it says it has one", () => {
  const box = Box.playing();
  box.clock.advance(2000);
  pong(box);
  box.isOnline = false;
  box.socket.die();
  assert.equal(box.statuses.at(-1)[1].delayMs, 15_000);
  box.clock.advance(14_000);
  assert.equal(box.sockets.length, 1);
  box.isOnline = true;
  box.tell("online");
  box.clock.advance(0);
  assert.equal(box.sockets.length, 2);
});

test("a frozen page has no connection, so nothing piles up; thawed, it comes back at once as the same player", () => {
  const box = Box.playing();
  box.clock.advance(2000);
  pong(box);
  box.tell("frozen");
  assert.notEqual(box.sockets[0].closedWith, null);
  box.clock.sleep(120_000);
  assert.equal(box.sockets.length, 1);
  box.tell("thawed");
  box.clock.advance(0);
  box.comeBack();
  assert.equal(box.socket.sent[0].resume.session, "s1");
});

test("a page that was never in the world keeps nothing and does not connect when it is seen", () => {
  const box = new Box();
  for (const moment of ["hidden", "frozen", "thawed", "visible", "leaving", "returned", "online"]) box.tell(moment);
  box.clock.advance(60_000);
  assert.deepEqual([box.sockets.length, box.storage.texts.size, box.client.canRejoin], [0, 0, false]);
});

test("a page that is loaded anew goes on as the same player, counting on", async () => {
  const before = Box.playing();
  before.client.do("row", {});
  before.tell("leaving");
  const after = new Box({ storage: before.storage });
  assert.equal(after.client.canRejoin, true);
  assert.equal(before.storage.texts.size, 0, "a copy of this tab would find it");
  const joining = after.client.rejoin();
  after.socket.accept();
  const { resume, name, radius } = after.socket.sent[0];
  assert.deepEqual([name, radius], ["Ahab", 700]);
  assert.deepEqual(resume, { session: "s1", secret: "hush", epoch: "", version: 0, cells: [], pending: [] });
  after.socket.greet({ acknowledged: 7 });
  assert.equal((await joining).session, "s1");
  after.client.do("row", {});
  assert.equal(after.socket.of("do")[0].seq, 8);
});

test("a duplicated tab is another player: what a page lives by is nowhere to be copied from", () => {
  const first = Box.playing();
  first.show(false);
  assert.equal(first.storage.texts.size, 1);
  first.show(true);
  const copied = new TabStorage();
  copied.texts = new Map(first.storage.texts);
  const second = new Box({ storage: copied });
  assert.equal(second.client.canRejoin, false);
  assert.throws(() => second.client.rejoin(), UsageError);
});

test("who left, or was closed for good, is not remembered", () => {
  for (const end of [(box) => box.client.leave(), (box) => box.socket.die(4504)]) {
    const box = Box.playing();
    box.show(false);
    end(box);
    box.tell("leaving");
    assert.equal(new Box({ storage: box.storage }).client.canRejoin, false);
  }
});

test("storage that is full, forbidden or full of somebody else's words is as good as none", () => {
  const broken = {
    getItem: () => "{",
    setItem: () => {
      throw new Error("QuotaExceededError");
    },
    removeItem: () => undefined,
  };
  for (const storage of [broken, { ...broken, getItem: () => '{"session": 5}' }, null]) {
    assert.equal(new Box({ storage }).client.canRejoin, false);
    const box = Box.playing({ storage });
    box.tell("leaving");
    assert.equal(box.client.status, "waiting");
  }
});
