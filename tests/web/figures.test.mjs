/** The small parts: rates, listeners, timers, the schema's checks. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Emitter } from "../../server/web/sdk/emitter.js";
import { Meter } from "../../server/web/sdk/meter.js";
import { Schema } from "../../server/web/sdk/schema.js";
import { Timers } from "../../server/web/sdk/timers.js";
import { Box, Clock, SCHEMA } from "./harness.mjs";

test("rates are means over five whole seconds, and what is past is forgotten", () => {
  const meter = new Meter();
  for (let nowMs = 0; nowMs < 60_000; nowMs += 100) meter.count(nowMs, 200);
  assert.deepEqual(meter.rates(60_000), { messagesPerS: 10, bytesPerS: 2000 });
  assert.deepEqual(meter.rates(62_500), { messagesPerS: 6, bytesPerS: 1200 });
  assert.deepEqual(meter.rates(70_000), { messagesPerS: 0, bytesPerS: 0 });
});

test("a client counts what goes through it in both directions", () => {
  const box = Box.playing();
  box.socket.say({ type: "event", version: 6, events: [] });
  box.clock.advance(1000);
  const { bytesInPerS, bytesOutPerS, messagesOutPerS, node } = box.client.statistics();
  assert.ok(bytesInPerS > 0 && bytesOutPerS > 0);
  const early = box.socket.sent.filter(({ clock_ms: atMs }) => !(atMs >= 1000));
  assert.deepEqual([messagesOutPerS, node], [early.length / 5, "node1"]);
});

test("a listener that goes while something is told still hears it, one that comes does not", () => {
  const emitter = new Emitter();
  const heard = [];
  const endFirst = emitter.on("told", () => {
    emitter.on("told", () => heard.push("late"));
    endFirst();
    endSecond();
  });
  const endSecond = emitter.on("told", (what) => heard.push(what));
  emitter.emit("told", 1);
  assert.deepEqual(heard, [1]);
  emitter.emit("told", 2);
  assert.deepEqual(heard, [1, "late"]);
  emitter.emit("never", 3);
});

test("a timer that is set again is another, and stopped ones are silent", () => {
  const clock = new Clock();
  const rung = [];
  const timers = new Timers({
    setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs),
    clearTimer: (timer) => clock.timers.delete(timer),
  });
  timers.set("a", 100, () => rung.push("first"));
  timers.set("a", 200, () => rung.push("second"));
  timers.set("b", 100, () => rung.push("b"));
  timers.stop("b");
  clock.advance(300);
  timers.set("a", 100, () => rung.push("third"));
  timers.stopAll();
  clock.advance(300);
  assert.deepEqual(rung, ["second"]);
});

test("a command is checked by the welcome's names, types and bounds; what is unknown is left to the server", () => {
  const sail = ["sail", [["wind", "vector"], ["on", "bool"]]];
  const schema = new Schema({ ...SCHEMA, commands: [...SCHEMA.commands, sail] });
  assert.equal(schema.fault("row", { dx: 40, dy: -40 }), "");
  assert.equal(schema.fault("row", {}), "");
  assert.equal(schema.fault("sail", { wind: { x: 1 }, on: true, more: 1 }), "");
  assert.equal(schema.fault("sail", { on: 1 }), "on is not bool");
  assert.equal(schema.fault("row", { dx: -41 }), "dx is less than -40");
  assert.equal(schema.fault("constructor", {}), 'no command "constructor"');
  assert.equal(schema.fault("shout", { text: "a\u0000".repeat(61) }), "text is more than 120");
});
