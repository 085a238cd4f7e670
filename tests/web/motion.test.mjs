/** Smooth motion from states that arrive in steps: tracks, how late they are shown, and a glide to a target. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Glide } from "../../server/web/sdk/glide.js";
import { PlayoutDelay } from "../../server/web/sdk/playout.js";
import { Track } from "../../server/web/sdk/track.js";

const DELAY_MS = 100;
const FRAME_MS = 5;

const track = (options = {}) => new Track({ leap: 300, extrapolateMs: 100, ...options });

/** Pushes what arrives at its time and looks at every frame; returns what was shown: [time, value]. */
function play(moving, arrivals, untilMs, delayMs = DELAY_MS) {
  const shown = [];
  const left = [...arrivals];
  for (let nowMs = arrivals[0][0]; nowMs <= untilMs; nowMs += FRAME_MS) {
    while (left.length > 0 && left[0][0] <= nowMs) {
      const [atMs, value] = left.shift();
      moving.push(atMs, [value], delayMs);
    }
    shown.push([nowMs, moving.at(nowMs, delayMs)[0]]);
  }
  return shown;
}

/** The largest step between two frames. */
function largestStep(shown) {
  return Math.max(...shown.slice(1).map(([, value], at) => Math.abs(value - shown[at][1])));
}

/** Numbers from 0 to below 1, always the same. */
function chance(seed = 1) {
  return () => (seed = (seed * 48271) % 2147483647) / 2147483647;
}

test("something that moves is shown between two places where it was, a delay late", () => {
  const moving = track();
  for (const atMs of [0, 100, 200, 300]) moving.push(atMs, [atMs * 0.4, 0], DELAY_MS);
  assert.deepEqual(moving.at(300, DELAY_MS), [80, 0]);
  assert.deepEqual(moving.at(350, DELAY_MS), [100, 0]);
  assert.deepEqual(moving.at(400, DELAY_MS), [120, 0]);
});

test("even steps that arrive unevenly are shown as even motion, without a jump", () => {
  const random = chance(7);
  const arrivals = Array.from({ length: 60 }, (_, step) => [step * 100 + 60 * random(), step * 40]);
  const shown = play(track(), arrivals, 6000, 160);
  assert.ok(largestStep(shown) < 40 * (FRAME_MS / 100) * 3, `${largestStep(shown)}`);
});

test("steps held up and delivered together are shown as one", () => {
  const arrivals = [[0, 0], [100, 40], [200, 80], [500, 120], [502, 160], [504, 200], [600, 240], [700, 280]];
  const shown = play(track(), arrivals, 1000);
  assert.ok(largestStep(shown) <= 6, `${largestStep(shown)}`);
  assert.equal(shown.at(-1)[1], 280);
});

test("when a step is late, motion goes on for a bounded time and comes back", () => {
  const shown = play(track({ extrapolateMs: 100 }), [[0, 0], [100, 40], [200, 80]], 1000);
  const furthest = Math.max(...shown.map(([, value]) => value));
  assert.ok(furthest > 80 && furthest <= 120, `${furthest}`);
  assert.equal(shown.at(-1)[1], 80);
  assert.ok(largestStep(shown) <= 2.01);
  const held = play(track({ extrapolateMs: 0 }), [[0, 0], [100, 40], [200, 80]], 1000);
  assert.equal(Math.max(...held.map(([, value]) => value)), 80);
});

test("a step that comes after motion had gone on alone is joined without a jump", () => {
  const shown = play(track(), [[0, 0], [100, 40], [200, 80], [380, 60], [480, 40]], 900);
  assert.ok(largestStep(shown) < 6, `${largestStep(shown)}`);
  assert.equal(shown.at(-1)[1], 40);
});

test("what lay still starts when it starts, and does not creep before", () => {
  const moving = track();
  moving.push(0, [0], DELAY_MS);
  assert.equal(moving.at(4999, DELAY_MS)[0], 0);
  moving.push(5000, [40], DELAY_MS);
  assert.deepEqual([5000, 5050, 5100].map((nowMs) => moving.at(nowMs, DELAY_MS)[0]), [0, 20, 40]);
});

test("a leap is shown as a leap", () => {
  const moving = track();
  moving.push(0, [0], DELAY_MS);
  moving.push(100, [2000], DELAY_MS);
  assert.equal(moving.at(101, DELAY_MS)[0], 2000);
});

test("a track says how long ago the step before was, but not of pauses and what did not move", () => {
  const moving = track();
  const arrivals = [[0, 0], [100, 40], [150, 40], [230, 80], [5000, 120]];
  const gaps = arrivals.map(([atMs, x]) => moving.push(atMs, [x], DELAY_MS));
  assert.deepEqual(gaps, [null, 100, null, 130, null]);
});

test("memory is bounded, however long it moves", () => {
  const moving = track();
  for (let step = 0; step < 10_000; step++) moving.push(step * 50, [step], DELAY_MS);
  assert.deepEqual(moving.at(499_950, DELAY_MS), [9997]);
});

test("the delay comes to what nearly all gaps are shorter than, whatever the network does", () => {
  for (const [everyMs, jitterMs] of [[50, 0], [100, 20], [100, 150]]) {
    const random = chance(3);
    const delay = new PlayoutDelay();
    let nowMs = 0;
    let late = 0;
    for (let step = 0; step < 4000; step++) {
      const gapMs = everyMs + jitterMs * random();
      nowMs += gapMs;
      if (step > 1000 && gapMs > delay.at(nowMs)) late += 1;
      delay.learn(nowMs, [gapMs]);
    }
    assert.ok(late / 3000 < 0.12, `${everyMs}±${jitterMs}: ${late} late at ${delay.delayMs}`);
    assert.ok(delay.delayMs < everyMs + jitterMs + 16, `${delay.delayMs}`);
  }
});

test("a stall that holds up three hundred things at once counts once", () => {
  const delay = new PlayoutDelay();
  delay.learn(1000, Array(300).fill(450));
  assert.ok(delay.wantedMs <= 108, `${delay.wantedMs}`);
});

test("the delay stays in its bounds and changes so slowly that shown time never runs back", () => {
  const delay = new PlayoutDelay();
  let shownMs = -Infinity;
  for (let nowMs = 0; nowMs < 20_000; nowMs += 16) {
    delay.learn(nowMs, [nowMs < 10_000 ? 499 : 1]);
    const delayMs = delay.at(nowMs);
    assert.ok(delayMs >= 40 && delayMs <= 400, `${delayMs}`);
    assert.ok(nowMs - delayMs > shownMs);
    shownMs = nowMs - delayMs;
  }
});

test("a glide reaches its target evenly, in its time", () => {
  const glide = new Glide({ overMs: 100, leap: 300 });
  assert.equal(glide.at(0), null);
  glide.moveTo(0, [0]);
  glide.moveTo(1000, [40]);
  assert.deepEqual([1000, 1050, 1100, 2000].map((nowMs) => glide.at(nowMs)[0]), [0, 20, 40, 40]);
});

test("a glide whose target moves on at its pace moves evenly, and a turn back is no jump", () => {
  const glide = new Glide({ overMs: 100, leap: 300 });
  for (let step = 0; step <= 10; step++) glide.moveTo(step * 100, [step * 40]);
  assert.deepEqual([1025, 1050].map((nowMs) => glide.at(nowMs)[0]), [370, 380]);
  glide.moveTo(1050, [100]);
  assert.equal(glide.at(1050)[0], 380);
  glide.moveTo(1060, [2000]);
  assert.equal(glide.at(1060)[0], 2000);
});
