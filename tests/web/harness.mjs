/** A browser in a box for the client: a clock that stands still until told, sockets whose server the test plays. */

import { Client } from "../../server/web/sdk/client.js";
import { JSON_TEXT } from "../../server/web/sdk/codec.js";

export const SCHEMA = {
  game: "flotsam",
  kinds: [["Boat", [["x", "int"], ["y", "int"]]]],
  commands: [
    ["row", [["dx", "int", -40, 40], ["dy", "int", -40, 40]]],
    ["grab", [["crate", "ref"]]],
    ["shout", [["text", "str", null, 120]]],
  ],
  events: [],
  cell_size: 250,
  bounds: [0, 0, 9, 9],
};

/** Time that stands still until told, and its timers. */
export class Clock {
  constructor() {
    this.nowMs = 0;
    this.timers = new Map();
    this.lastTimer = 0;
  }

  setTimer(callback, delayMs) {
    this.timers.set(++this.lastTimer, { callback, dueMs: this.nowMs + delayMs });
    return this.lastTimer;
  }

  /** Lets time pass; timers run at their time, in order. */
  advance(ms) {
    const endMs = this.nowMs + ms;
    for (;;) {
      const due = [...this.timers].filter(([, { dueMs }]) => dueMs <= endMs).sort((a, b) => a[1].dueMs - b[1].dueMs)[0];
      if (due === undefined) break;
      const [timer, { callback, dueMs }] = due;
      this.timers.delete(timer);
      this.nowMs = Math.max(this.nowMs, dueMs);
      callback();
    }
    this.nowMs = endMs;
  }

  /** The machine sleeps: time passes, timers run only afterwards. */
  sleep(ms) {
    this.nowMs += ms;
    this.advance(0);
  }
}

class Socket {
  constructor(url, subprotocol) {
    this.readyState = 1;
    this.url = url;
    this.subprotocol = subprotocol;
    this.sent = [];
    this.closedWith = null;
  }

  send(data) {
    this.sent.push(JSON.parse(data));
  }

  close(code) {
    this.closedWith ??= code;
  }

  // ---- what the server does ----

  accept() {
    this.onopen({});
  }

  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  greet(more = {}) {
    const usual = { session: "s1", secret: "hush", avatar: 1, world: "bay", node: "node1", schema: SCHEMA };
    const position = { epoch: "e1", version: 5, clock_ms: 1, flush_hz: 20, acknowledged: 0 };
    this.say({ type: "welcome", ...usual, ...position, ...more });
  }

  die(code = 1006, reason = "") {
    this.onclose({ code, reason });
  }

  of(type) {
    return this.sent.filter((message) => message.type === type);
  }
}

/** What a tab keeps. */
export class TabStorage {
  constructor() {
    this.texts = new Map();
  }

  getItem(key) {
    return this.texts.get(key) ?? null;
  }

  setItem(key, text) {
    this.texts.set(key, text);
  }

  removeItem(key) {
    this.texts.delete(key);
  }
}

export class Box {
  constructor({ random = () => 0.5, storage = new TabStorage(), clock = new Clock() } = {}) {
    this.clock = clock;
    this.storage = storage;
    this.sockets = [];
    this.isHidden = false;
    this.isOnline = true;
    this.statuses = [];
    this.events = [];
    this.environment = {
      open: (url, subprotocol) => {
        this.sockets.push(new Socket(url, subprotocol));
        return this.socket;
      },
      now: () => this.clock.nowMs,
      setTimer: (callback, delayMs) => this.clock.setTimer(callback, delayMs),
      clearTimer: (timer) => this.clock.timers.delete(timer),
      random,
      isHidden: () => this.isHidden,
      isOnline: () => this.isOnline,
      watch: (tell) => (this.tell = tell),
      storage: () => this.storage,
    };
    this.client = new Client({ url: "ws://bay/ws/bay", codec: JSON_TEXT, environment: this.environment });
    this.client.on("status", (status, detail) => this.statuses.push([status, detail]));
    this.client.on("event", (name, body, cell) => this.events.push([name, body, cell]));
  }

  get socket() {
    return this.sockets.at(-1);
  }

  /** A client that has joined and been welcomed. */
  static playing(options) {
    const box = new Box(options);
    box.client.join({ name: "Ahab", radius: 700 });
    box.socket.accept();
    box.socket.greet();
    return box;
  }

  /** The next connection is opened and greeted by a server that knows the session. */
  comeBack(more = {}) {
    this.socket.accept();
    this.socket.greet(more);
  }

  /** The page is hidden, or seen again. */
  show(isShown) {
    this.isHidden = !isShown;
    this.tell(isShown ? "visible" : "hidden");
  }
}
