/**
 * A player's session with the server: join, commands, latency, and coming back after the connection is lost.
 *
 * Knows the protocol and no game. Sockets, timers and chance arrive as arguments, so that a test can hold them.
 * Invariant: one socket at most; a command is answered once ("done", or "lost" with its session), and what a replaced
 * socket still delivers is ignored.
 *
 * States: idle -> connecting -> playing -> waiting -> connecting ... -> closed (final, or after leave).
 */

import { Backoff, isFinal } from "./backoff.js";
import { CodecError } from "./codec.js";
import { Mirror } from "./mirror.js";

const PING_INTERVAL_MS = 2000;
const SILENCE_LIMIT_MS = 5000;
const CONNECT_LIMIT_MS = 8000;
const STABLE_AFTER_MS = 10_000;
const SOCKET_OPEN = 1;
const CLOSE_MOVING = 4000;
const CLOSE_SILENT = 4001;

/** What a page gives when it does not bring its own. */
export const BROWSER = {
  open: (url, subprotocol) => new WebSocket(url, subprotocol),
  now: () => performance.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => clearTimeout(timer),
  random: Math.random,
};

export class Client {
  /**
   * `handlers`: functions onStatus(status, detail), onWelcome(welcome), onChange(change), onEvent(name, body),
   * onError(code, text); each may be left out.
   */
  constructor({ url, codec, handlers = {}, environment = BROWSER }) {
    this.url = url;
    this.codec = codec;
    this.handlers = handlers;
    this.environment = environment;
    this.backoff = new Backoff(environment.random);
    this.status = "idle";
    this.mirror = null;
    this.welcome = null;
    this.latencyMs = null;
    /** Estimate of the node's clock minus this one's, in milliseconds. */
    this.clockOffsetMs = 0;
    this.reconnects = 0;
    this.player = { name: "", credentials: "", radius: 0 };
    this.lastSeq = 0;
    /** Commands sent and not answered: seq -> {command, args, resolve}. */
    this.pending = new Map();
    this.socket = null;
    this.timers = new Map();
    this.silentSince = null;
  }

  /** Enters the world; comes back by itself until `leave` or a final close. */
  join(name, { credentials = "", radius = 0 } = {}) {
    this.player = { name, credentials, radius };
    this.#forgetSession();
    this.backoff.reset();
    this.#connect();
  }

  /** Sends a command; resolves to {seq, version, code, text}, with an empty code when it took effect. */
  do(command, args) {
    if (this.status !== "playing") return Promise.resolve(answer(0, 0, "offline", "not connected"));
    const seq = ++this.lastSeq;
    return new Promise((resolve) => {
      this.pending.set(seq, { command, args, resolve });
      this.#send({ type: "do", seq, command, args });
    });
  }

  /** Changes how far the player sees, in world units. */
  look(radius) {
    this.player.radius = radius;
    if (this.status === "playing") this.#send({ type: "view", radius });
  }

  /** Ends the session: the avatar leaves the world. */
  leave() {
    if (this.status === "playing") this.#send({ type: "leave" });
    this.#drop(1000);
    this.#forgetSession();
    this.#become("closed", { code: 1000, reason: "" });
  }

  /** The network or the page is back: find out now whether the connection is alive, or try at once to get one. */
  wake() {
    if (this.status === "playing") this.#ping();
    if (this.status === "waiting") this.#connect();
  }

  // ---- the socket ----------------------------------------------------------------------------------------------

  #connect() {
    this.#drop(CLOSE_SILENT);
    this.#become("connecting");
    const socket = this.environment.open(this.url, this.codec.subprotocol);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    const current = (handle) => (event) => {
      if (this.socket === socket) handle(event);
    };
    socket.onopen = current(() => this.#send(this.#joinMessage()));
    socket.onmessage = current((event) => this.#receive(event.data));
    socket.onclose = current(({ code, reason }) => this.#lost(code, reason));
    this.#after("connect", CONNECT_LIMIT_MS, () => this.#lost(CLOSE_SILENT, "no answer"));
  }

  #joinMessage() {
    const { name, credentials, radius } = this.player;
    const message = { type: "join", name, credentials, radius };
    if (this.welcome === null) return message;
    const pending = [...this.pending].map(([seq, { command, args }]) => ({ type: "do", seq, command, args }));
    const { session, secret } = this.welcome;
    const { epoch, version, isSuspect } = this.mirror;
    // What may be wrong is worth no catch-up.
    const cells = isSuspect ? [] : [...this.mirror.cells.keys()];
    return { ...message, resume: { session, secret, epoch, version, pending, cells } };
  }

  #send(message) {
    // Closing already, though nobody said so yet: commands wait for the next connection, the rest is of no use.
    if (this.socket.readyState > SOCKET_OPEN) return;
    this.socket.send(this.codec.encode(message));
  }

  /** Lets go of the socket: nothing it still delivers is heard. */
  #drop(code) {
    const socket = this.socket;
    this.socket = null;
    for (const timer of this.timers.values()) this.environment.clearTimer(timer);
    this.timers.clear();
    if (socket !== null) socket.close(code);
  }

  #lost(code, reason) {
    this.#drop(CLOSE_SILENT);
    if (isFinal(code)) {
      this.#forgetSession();
      this.#become("closed", { code, reason });
    } else {
      this.#retry(this.backoff.next());
    }
  }

  #retry(delayMs) {
    this.reconnects += 1;
    this.latencyMs = null;
    this.#become("waiting", { delayMs });
    this.#after("retry", delayMs, () => this.#connect());
  }

  // ---- messages ------------------------------------------------------------------------------------------------

  #receive(data) {
    this.silentSince = null;
    const message = this.#decode(data);
    if (message === null) return;
    const handle = this.#messages[message.type];
    // A newer node may say things that this page does not know yet.
    if (handle !== undefined && (this.mirror !== null || message.type in this.#beforeWelcome)) handle(message);
  }

  /** The message, or null after giving up a connection whose bytes cannot be trusted. */
  #decode(data) {
    try {
      return this.codec.decode(data);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#lost(CLOSE_SILENT, error.message);
      return null;
    }
  }

  #beforeWelcome = { welcome: true, error: true, moving: true };

  #messages = {
    welcome: (message) => this.#greet(message),
    cells: (message) => this.#change(message),
    delta: (message) => this.#change(message),
    reset: (message) => this.#change(message),
    done: ({ acks }) => acks.forEach(([seq, version, code, text]) => this.#settle(seq, version, code, text)),
    event: ({ events }) => events.forEach(([name, , body]) => this.handlers.onEvent?.(name, body)),
    moving: ({ after_ms: afterMs }) => this.#after("moving", afterMs, () => this.#move()),
    pong: (message) => this.#measure(message),
    error: ({ code, text }) => this.handlers.onError?.(code, text),
  };

  #greet(welcome) {
    const isSame = this.welcome !== null && this.welcome.session === welcome.session;
    if (!isSame) this.#forgetSession();
    this.welcome = welcome;
    if (this.mirror === null) this.mirror = new Mirror(welcome.schema);
    this.mirror.epoch ||= welcome.epoch;
    this.#settleUpTo(welcome.acknowledged ?? 0);
    this.environment.clearTimer(this.timers.get("connect"));
    this.#after("stable", STABLE_AFTER_MS, () => this.backoff.reset());
    this.handlers.onWelcome?.(welcome);
    this.#become("playing", { node: welcome.node });
    this.#ping();
  }

  /** Answers that were given on the connection that broke. */
  #settleUpTo(acknowledged) {
    for (const seq of [...this.pending.keys()]) if (seq <= acknowledged) this.#settle(seq, 0, "", "");
    this.lastSeq = Math.max(this.lastSeq, acknowledged);
  }

  #settle(seq, version, code = "", text = "") {
    const command = this.pending.get(seq);
    this.pending.delete(seq);
    command?.resolve(answer(seq, version, code, text));
  }

  #change(message) {
    const change = this.mirror.apply(message);
    if (change.diverged.length > 0) this.#send({ type: "digest", ok: false });
    this.handlers.onChange?.(change);
  }

  /** The node goes away: leave it before it does, as the one that decides when. */
  #move() {
    this.#drop(CLOSE_MOVING);
    this.reconnects += 1;
    this.#connect();
  }

  #forgetSession() {
    for (const seq of [...this.pending.keys()]) this.#settle(seq, 0, "lost", "the session ended before an answer");
    if (this.mirror !== null) this.handlers.onChange?.(this.mirror.apply({ type: "reset", epoch: "", version: 0 }));
    this.mirror = null;
    this.welcome = null;
    this.lastSeq = 0;
  }

  // ---- latency and silence -------------------------------------------------------------------------------------

  #ping() {
    const now = this.environment.now();
    this.silentSince ??= now;
    this.#send({ type: "ping", clock_ms: now });
    this.#after("ping", PING_INTERVAL_MS, () => this.#listen(now + PING_INTERVAL_MS));
  }

  /**
   * Gives up a connection on which nothing came for too long. A timer that fired late says nothing about the
   * connection: the page was hidden or asleep, and what arrived meanwhile has not been delivered yet.
   */
  #listen(dueMs) {
    const now = this.environment.now();
    const wasAsleep = now - dueMs > PING_INTERVAL_MS / 2;
    if (wasAsleep) this.silentSince = null;
    const isSilent = this.silentSince !== null && now - this.silentSince >= SILENCE_LIMIT_MS;
    if (isSilent) this.#lost(CLOSE_SILENT, "silent");
    else this.#ping();
  }

  #measure({ clock_ms: sentMs, server_ms: serverMs }) {
    const now = this.environment.now();
    this.latencyMs = now - sentMs;
    this.clockOffsetMs = serverMs + this.latencyMs / 2 - now;
  }

  #after(name, delayMs, callback) {
    this.environment.clearTimer(this.timers.get(name));
    this.timers.set(name, this.environment.setTimer(callback, delayMs));
  }

  #become(status, detail = {}) {
    this.status = status;
    this.handlers.onStatus?.(status, detail);
  }
}

function answer(seq, version, code, text) {
  return { seq, version, code, text };
}
