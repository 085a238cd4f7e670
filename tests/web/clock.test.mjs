/** The server's clock as the page knows it. The test holds local time, and what the server's clock shows. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock } from "../../server/web/sdk/clock.js";

const EPOCH_MS = 1.7e12;

/** A local clock and one that is led to the server's, which is `EPOCH_MS` ahead. */
class Bench {
  constructor() {
    this.localMs = 0;
    this.serverAheadMs = EPOCH_MS;
    this.clock = new Clock(() => this.localMs);
  }

  /** A ping that is so long under way there, and so long back. */
  ping(thereMs, backMs) {
    const sentMs = this.localMs;
    const serverMs = sentMs + thereMs + this.serverAheadMs;
    this.localMs += thereMs + backMs;
    this.clock.learn(sentMs, this.localMs, serverMs);
  }

  get errorMs() {
    return this.clock.now() - (this.localMs + this.serverAheadMs);
  }
}

/** Numbers from 0 to below 1, always the same. */
function chance(seed = 1) {
  return () => (seed = (seed * 48271) % 2147483647) / 2147483647;
}

test("it is unknown until the first pong, and right at once if the way was even", () => {
  const bench = new Bench();
  assert.ok(Number.isNaN(bench.clock.now()));
  assert.equal(bench.clock.uncertaintyMs, Infinity);
  bench.ping(20, 20);
  assert.equal(bench.errorMs, 0);
  assert.equal(bench.clock.uncertaintyMs, 20);
});

test("of ten samples the shortest round trip counts: what was held up on one side does not pull it off", () => {
  const bench = new Bench();
  bench.ping(10, 10);
  for (let count = 0; count < 9; count++) {
    bench.localMs += 2000;
    bench.ping(10, 400);
    assert.ok(Math.abs(bench.errorMs) < 1, `${bench.errorMs}`);
  }
});

test("with jitter of a hundred milliseconds it stays within half of the best round trip", () => {
  const bench = new Bench();
  const random = chance();
  let worst = 0;
  for (let count = 0; count < 500; count++) {
    bench.ping(10 + 100 * random(), 10 + 100 * random());
    bench.localMs += 2000;
    if (count > 10) worst = Math.max(worst, Math.abs(bench.errorMs) - bench.clock.uncertaintyMs);
  }
  assert.ok(worst <= 0, `${worst} ms beyond`);
});

test("it is led slowly, at a tenth of time, and never runs back", () => {
  const bench = new Bench();
  bench.ping(100, 0);
  assert.equal(bench.errorMs, 50);
  bench.localMs += 10;
  bench.ping(5, 5);
  let last = bench.clock.now();
  for (let step = 0; step < 400; step++) {
    bench.localMs += 1;
    const now = bench.clock.now();
    assert.ok(now - last >= 0.9 - 1e-3 && now - last <= 1.1, `${now - last}`);
    last = now;
  }
  bench.localMs += 200;
  assert.ok(Math.abs(bench.errorMs) < 1e-3, `${bench.errorMs}`);
});

test("a node whose clock is an hour behind does not turn it back, one an hour ahead moves it on at once", () => {
  const bench = new Bench();
  bench.ping(5, 5);
  const before = bench.clock.now();
  bench.clock.forget();
  bench.serverAheadMs -= 3_600_000;
  bench.ping(5, 5);
  assert.ok(bench.clock.now() >= before);
  const behind = bench.clock.now();
  bench.localMs += 1000;
  assert.ok(Math.abs(bench.clock.now() - behind - 500) < 1);
  bench.clock.forget();
  bench.serverAheadMs += 7_200_000;
  bench.ping(5, 5);
  assert.equal(bench.errorMs, 0);
});

test("after a sleep in which local time stood still it is right again with the first pong", () => {
  const bench = new Bench();
  for (let count = 0; count < 10; count++) bench.ping(5, 5);
  bench.serverAheadMs += 420_000;
  bench.clock.forget();
  bench.ping(30, 30);
  assert.equal(bench.errorMs, 0);
});

test("samples older than a minute do not count: clocks drift", () => {
  const bench = new Bench();
  bench.ping(5, 5);
  bench.localMs += 61_000;
  bench.serverAheadMs += 40;
  bench.ping(50, 50);
  bench.localMs += 1000;
  assert.ok(Math.abs(bench.errorMs) < 1, `${bench.errorMs}`);
});

test("a pong of the future and a server without a clock are passed over", () => {
  const bench = new Bench();
  bench.clock.learn(100, 50, EPOCH_MS);
  bench.clock.learn(0, 50, NaN);
  assert.ok(Number.isNaN(bench.clock.now()));
});
