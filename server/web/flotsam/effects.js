/**
 * What is seen for a moment: shouts, numbers that rise, rings, splinters. Made from the game's events.
 *
 * Knows the scene and the events; draws nothing. Invariant: there are never more than MOST effects, and none outlives its
 * time by more than the next one that is made.
 */

const MOST = 160;
const SHOUT_MS = 4500;
const NUMBER_MS = 1500;
const RING_MS = 700;
const SPLINTER_MS = 900;
const FLIGHT_MS = 380;

export class Effects {
  constructor(scene) {
    this.scene = scene;
    /** boat -> { text, atMs, untilMs } */
    this.shouts = new Map();
    /** { kind, x, y, atMs, untilMs, ... } */
    this.shown = [];
  }

  /** An event of the game; ones it does not know are nothing to see. */
  happen(name, body, nowMs) {
    // A hidden page draws no frames and so tidies nothing, but still hears everything.
    this.tidy(nowMs);
    const show = SHOWS[name];
    if (show !== undefined) show(this, body, nowMs);
  }

  /** Forgets what has been seen long enough. */
  tidy(nowMs) {
    for (const [boat, { untilMs }] of this.shouts) if (untilMs <= nowMs) this.shouts.delete(boat);
    let kept = 0;
    for (const effect of this.shown) if (effect.untilMs > nowMs) this.shown[kept++] = effect;
    this.shown.length = kept;
  }

  shout({ boat, text }, nowMs) {
    this.shouts.set(boat, { text: String(text), atMs: nowMs, untilMs: nowMs + SHOUT_MS });
  }

  add(kind, place, lastsMs, nowMs, more = {}) {
    if (this.shown.length >= MOST) this.shown.shift();
    this.shown.push({ kind, x: place.x, y: place.y, atMs: nowMs, untilMs: nowMs + lastsMs, ...more });
  }

  /** Numbers over a thing for what it got or lost. */
  count(id, goods, nowMs) {
    const thing = this.scene.things.get(id);
    if (thing === undefined) return;
    const words = Object.entries(goods).filter(([, amount]) => amount);
    words.forEach(([what, amount], row) =>
      this.add("number", thing, NUMBER_MS, nowMs, { text: `${amount > 0 ? "+" : "−"}${Math.abs(amount)} ${what}`, what, row }),
    );
  }

  ring(id, colour, nowMs, size = 60) {
    const thing = this.scene.things.get(id);
    if (thing !== undefined) this.add("ring", thing, RING_MS, nowMs, { colour, size });
  }
}

const SHOWS = {
  __proto__: null,
  shout: (effects, body, nowMs) => effects.shout(body, nowMs),
  picked: (effects, { boat, crate, gold, oil }, nowMs) => {
    const from = effects.scene.recall(crate);
    if (from !== undefined) effects.add("flight", from, FLIGHT_MS, nowMs, { to: boat });
    effects.count(boat, { gold, oil }, nowMs);
    effects.ring(boat, "242 193 78", nowMs);
  },
  rammed: (effects, { by, boat, gold, oil, sunk }, nowMs) => {
    const victim = effects.scene.things.get(boat);
    if (victim !== undefined) effects.add("splinters", victim, SPLINTER_MS, nowMs, { seed: boat, isSunk: sunk });
    effects.count(by, { gold, oil }, nowMs);
    // The sunk one begins anew elsewhere: nothing to read over it there.
    if (!sunk) effects.count(boat, { gold: -gold, oil: -oil, hull: -34 }, nowMs);
  },
  traded: (effects, { seller, buyer, gold, oil }, nowMs) => {
    effects.count(buyer, { gold, oil }, nowMs);
    effects.count(seller, { gold: -gold, oil: -oil }, nowMs);
    for (const boat of [seller, buyer]) effects.ring(boat, "111 220 154", nowMs);
  },
  salvaged: (effects, { boat, gold, oil }, nowMs) => {
    effects.count(boat, { gold, oil }, nowMs);
    effects.ring(boat, "242 193 78", nowMs, 90);
  },
  paid: (effects, { boat, lighthouse, gold }, nowMs) => {
    effects.count(boat, { gold: -gold }, nowMs);
    effects.ring(lighthouse, "255 243 214", nowMs, 110);
  },
  kept: (effects, { lighthouse }, nowMs) => effects.ring(lighthouse, "242 193 78", nowMs, 240),
};
