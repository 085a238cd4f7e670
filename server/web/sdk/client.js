/**
 * A player's session with the server: join, commands, the view of the world, and being the same player again after the
 * connection is lost, on whichever node, and after the page was loaded anew.
 *
 * Knows the protocol and no game. What it needs from where it runs arrives as an argument (environment.js), so that a
 * test can hold time, chance and sockets. Invariant: a command is answered once.
 *
 *     idle -> connecting -> playing -> waiting -> connecting ... -> closed (final, or after leave)
 */

import { Clock } from "./clock.js";
import { CLOSE_LOST, CLOSE_NORMAL } from "./close_codes.js";
import { MSGPACK } from "./codec.js";
import { Emitter } from "./emitter.js";
import { AMBIENT } from "./environment.js";
import { ClosedError, CodecError, UsageError } from "./errors.js";
import { Keepsake } from "./keepsake.js";
import { Line } from "./line.js";
import { MAX_UNANSWERED, Orders } from "./orders.js";
import { View } from "./view.js";

/** @import { Codec } from "./codec.js" */
/** @import { Environment, Moment } from "./environment.js" */
/** @import { Kept } from "./keepsake.js" */
/** @import { LineState } from "./line.js" */
/** @import { Change } from "./mirror.js" */
/** @import { Answer, Args, Entity, Fields, Status, StatusDetail, ToClient, Welcome } from "./protocol.js" */

/**
 * @typedef {{ name: string, credentials: string, radius: number, spectate: boolean }} Player
 * @typedef {{ radius?: number, x?: number, y?: number, follow?: number }} Look
 *
 * @typedef {{
 *   status: [status: Status, detail: StatusDetail],
 *   welcome: [welcome: Welcome, isResumed: boolean],
 *   change: [change: Change],
 *   enter: [entity: Entity],
 *   update: [entity: Entity, before: Fields],
 *   leave: [entity: Entity, reason: "gone" | "hidden"],
 *   reset: [reason: string],
 *   event: [name: string, body: any, cell: number],
 *   complaint: [code: string, text: string],
 * }} Told
 *   What a game can listen to.
 */

/** @extends {Emitter<Told>} */
export class Client extends Emitter {
  /** @type {{ session: string, secret: string } | null} */
  #session = null;
  /** @type {Player} */
  #player = { name: "", credentials: "", radius: 0, spectate: false };
  /** @type {Look | null} where a spectator looks */
  #spot = null;
  /** @type {{ resolve: (welcome: Welcome) => void, reject: (error: ClosedError) => void } | null} */
  #joining = null;
  #orders = new Orders();
  /** @type {Line} */
  #line;
  /** @type {View} */
  #view;
  /** @type {Keepsake} */
  #keepsake;
  /** @type {Kept | null} */
  #kept;

  /**
   * @param {{ url: string, codec?: Codec, environment?: Environment }} options
   *   url: `/ws/{world}`, absolute or as seen from the page
   */
  constructor({ url, codec = MSGPACK, environment = AMBIENT }) {
    super();
    this.codec = codec;
    this.environment = environment;
    /** @type {Status} */
    this.status = "idle";
    /** The server's clock. */
    this.clock = new Clock(() => environment.now());
    /** @type {Welcome | null} the last welcome; null when there is no session */
    this.welcome = null;
    this.#line = new Line(
      { url, codec, environment },
      {
        changed: (state, detail) => this.#onLine(state, detail),
        opened: () => this.#line.send(this.#joinMessage()),
        message: (message) => this.#receive(message),
      },
    );
    this.#view = new View(this, () => this.#line.send({ type: "digest", ok: false }));
    this.#keepsake = new Keepsake(environment, `oarlock ${url}`);
    this.#kept = this.#keepsake.take();
    environment.watch((moment) => this.#onMoment(moment));
  }

  // ---- what a game asks ----------------------------------------------------------------------------------------

  /** What is in view; null without a session. */
  get mirror() {
    return this.#view.mirror;
  }

  /** Kinds, commands and measures of the game; null before the first welcome. */
  get schema() {
    return this.#view.schema;
  }

  /** The player's own entity; null while it is not in view, and for a spectator. */
  get avatar() {
    return this.mirror?.entities.get(this.welcome?.avatar ?? 0) ?? null;
  }

  /** How long the last ping took there and back, in milliseconds; null while there is no connection. */
  get latencyMs() {
    return this.#line.pulse?.latencyMs ?? null;
  }

  /** How many commands wait for their answers. */
  get unanswered() {
    return this.#orders.waiting.size;
  }

  /** Whether this tab was in the world before its page was loaded: `rejoin` goes on from there. */
  get canRejoin() {
    return this.#kept !== null;
  }

  /** Figures for a network panel; rates are means over five seconds. */
  statistics() {
    const nowMs = this.environment.now();
    const { received, sent } = this.#line.means;
    const [inward, outward] = [received.rates(nowMs), sent.rates(nowMs)];
    return {
      node: this.welcome?.node ?? "",
      latencyMs: this.latencyMs,
      jitterMs: this.#line.pulse?.jitterMs ?? 0,
      bytesInPerS: inward.bytesPerS,
      bytesOutPerS: outward.bytesPerS,
      messagesInPerS: inward.messagesPerS,
      messagesOutPerS: outward.messagesPerS,
      clockUncertaintyMs: this.clock.uncertaintyMs,
      unanswered: this.unanswered,
      reconnects: this.#line.reconnects,
      divergences: this.#view.divergences,
      version: this.mirror?.version ?? 0,
    };
  }

  // ---- what a game does ----------------------------------------------------------------------------------------

  /**
   * Enters the world; comes back by itself until `leave` or a final close.
   *
   * @param {Partial<Player>} player radius: how far to look, in world units (0: as the game has it)
   * @returns {Promise<Welcome>} rejected with ClosedError when the server does not want the player
   */
  join({ name = "", credentials = "", radius = 0, spectate = false } = {}) {
    if (this.status !== "idle" && this.status !== "closed") throw new UsageError(`join while ${this.status}`);
    return this.#enter({ name, credentials, radius, spectate });
  }

  /**
   * Goes on as the player that this tab was before its page was loaded; as a new one of the same name, if the server
   * has let that one go.
   *
   * @param {{ credentials?: string, radius?: number }} [more]
   * @returns {Promise<Welcome>} as for `join`
   */
  rejoin({ credentials = "", radius } = {}) {
    if (this.#kept === null) throw new UsageError("there is nothing to rejoin");
    const { player, session, secret } = this.#kept;
    this.#session = { session, secret };
    return this.#enter({ ...player, credentials, radius: radius ?? player.radius });
  }

  /**
   * Gives a command. It takes effect once, however often the connection is lost.
   *
   * @param {string} command
   * @param {Args} [args]
   * @param {{ mayWait?: boolean }} [options] mayWait: without a connection it waits for the next; else it is refused
   * @returns {Promise<Answer>} never rejected
   */
  do(command, args = {}, { mayWait = true } = {}) {
    const [code, text] = this.#faultOf(command, args, mayWait);
    if (code !== "") return Promise.resolve({ seq: 0, version: this.mirror?.version ?? 0, code, text });
    const answer = this.#orders.add(command, args);
    if (this.status === "playing") this.#tellNew();
    return answer;
  }

  /**
   * Changes how far the player sees, in world units; a spectator also says where: after the entity `follow`, or at a
   * point.
   *
   * @param {Look} look
   */
  look({ radius = this.#player.radius, ...spot }) {
    this.#player.radius = radius;
    this.#spot = this.#player.spectate ? { ...spot } : null;
    if (this.status === "playing") this.#sendLook();
  }

  /** Ends the session: the avatar leaves the world. */
  leave() {
    if (this.status === "playing") this.#line.send({ type: "leave" });
    if (this.status !== "idle" && this.status !== "closed") this.#line.close(CLOSE_NORMAL, "");
  }

  /** Cuts the connection, as a failing network would: for demonstrations. */
  cut() {
    if (this.status === "connecting" || this.status === "playing") this.#line.lose(CLOSE_LOST, "cut");
  }

  /** The network or the page may be back: find out whether the connection is alive, or try at once to get one. */
  wake() {
    this.#line.wake();
  }

  // ---- the page and the line -----------------------------------------------------------------------------------

  /** @param {Moment} moment */
  #onMoment(moment) {
    if (moment === "hidden" || moment === "frozen" || moment === "leaving") this.#keep();
    else this.#keepsake.clear();
    if (moment === "frozen" || moment === "leaving") this.#line.rest();
    if (moment === "hidden" || moment === "frozen" || moment === "leaving") return;
    this.clock.forget();
    this.wake();
  }

  #keep() {
    if (this.#session === null || this.#player.spectate) return;
    const { name, radius, spectate } = this.#player;
    this.#keepsake.put({ ...this.#session, player: { name, radius, spectate } });
  }

  /**
   * @param {LineState} state
   * @param {StatusDetail} detail
   */
  #onLine(state, detail) {
    // An open line is worth a word once the view is there: see #greet.
    if (state === "open") return;
    if (state === "closed") this.#end(detail);
    this.#become(state, detail);
  }

  /** @param {StatusDetail} why */
  #end({ code = CLOSE_LOST, reason = "" }) {
    this.#endSession();
    this.#keepsake.clear();
    this.#joining?.reject(new ClosedError(code, reason));
    this.#joining = null;
  }

  /**
   * @param {Player} player
   * @returns {Promise<Welcome>}
   */
  #enter(player) {
    this.#player = player;
    this.#spot = null;
    this.#kept = null;
    /** @type {Promise<Welcome>} */
    const welcome = new Promise((resolve, reject) => (this.#joining = { resolve, reject }));
    // Who does not wait for it hears by the status that it failed.
    welcome.catch(() => undefined);
    this.#line.open();
    return welcome;
  }

  #joinMessage() {
    const message = { type: "join", ...this.#player };
    if (this.#session === null || this.#player.spectate) return message;
    return { ...message, resume: { ...this.#session, ...this.#view.claim(), pending: this.#orders.tellAll() } };
  }

  // ---- messages ------------------------------------------------------------------------------------------------

  /** @param {ToClient} message */
  #receive(message) {
    if (message.type === "welcome") this.#greet(message);
    else if (message.type === "moving") this.#line.move(message.after_ms);
    else if (message.type === "error") this.emit("complaint", message.code, message.text);
    else if (message.type === "pong") this.#learn(message.clock_ms, message.server_ms);
    else if (this.status === "playing") this.#receiveInWorld(message);
  }

  /** @param {Exclude<ToClient, Welcome>} message */
  #receiveInWorld(message) {
    switch (message.type) {
      case "cells":
      case "delta":
      case "reset":
        return this.#view.take(message);
      case "done":
        return message.acks.forEach(([seq, version, code, text]) => this.#orders.settle(seq, version, code, text));
      case "event":
        return message.events.forEach(([name, cell, body]) => this.emit("event", name, body, cell));
      // A newer node may say things that this page does not know yet.
    }
  }

  /** @param {Welcome} welcome */
  #greet(welcome) {
    const isResumed = this.#session?.session === welcome.session;
    if (this.#session !== null && !isResumed) this.#endSession();
    this.#session = { session: welcome.session, secret: welcome.secret };
    this.welcome = welcome;
    if (!this.#view.greet(welcome)) return this.#line.lose(CLOSE_LOST, "a node of another release");
    this.#orders.settleUpTo(welcome.acknowledged ?? 0);
    this.clock.forget();
    this.#line.welcomed();
    this.emit("welcome", welcome, isResumed);
    this.#become("playing", { node: welcome.node });
    this.#tellNew();
    if (this.#spot !== null) this.#sendLook();
    this.#joining?.resolve(welcome);
    this.#joining = null;
  }

  /**
   * @param {number} clockMs
   * @param {number} serverMs
   */
  #learn(clockMs, serverMs) {
    const trip = this.#line.pulse?.pong(clockMs);
    if (trip) this.clock.learn(trip.sentMs, trip.receivedMs, serverMs);
  }

  // ---- the session ---------------------------------------------------------------------------------------------

  /** Nobody will answer what was asked, and what is in view is not to be trusted. */
  #endSession() {
    this.#orders.giveUp("lost", "the session ended before an answer");
    this.#view.forget("session");
    this.#session = null;
    this.welcome = null;
  }

  /**
   * @param {string} command
   * @param {Args} args
   * @param {boolean} mayWait
   * @returns {[code: string, text: string]} why the command is refused here and now; an empty code if it is not
   */
  #faultOf(command, args, mayWait) {
    if (this.status === "idle" || this.status === "closed") return ["closed", "there is no session"];
    if (this.#player.spectate) return ["spectator", "a spectator gives no commands"];
    if (this.status !== "playing" && !mayWait) return ["offline", "there is no connection"];
    if (this.#orders.isFull) return ["full", `${MAX_UNANSWERED} commands are unanswered`];
    const fault = this.schema?.fault(command, args) || this.#codecFault(args);
    return fault ? ["bad_arguments", fault] : ["", ""];
  }

  /**
   * @param {Args} args
   * @returns {string} why they cannot be sent; empty if they can
   */
  #codecFault(args) {
    try {
      this.codec.encode(args);
    } catch (error) {
      if (error instanceof CodecError) return error.message;
      throw error;
    }
    return "";
  }

  #tellNew() {
    for (const message of this.#orders.tellNew()) this.#line.send(message);
  }

  #sendLook() {
    this.#line.send({ type: "view", radius: this.#player.radius, ...this.#spot });
  }

  /**
   * @param {Status} status
   * @param {StatusDetail} [detail]
   */
  #become(status, detail = {}) {
    this.status = status;
    this.emit("status", status, detail);
  }
}
