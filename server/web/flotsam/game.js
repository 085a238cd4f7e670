/**
 * Flotsam in the browser: puts voyage, scene, picture, input and page together, and runs the frames.
 *
 * The address says how: ?world= is the bay of this page, ?name= joins at once, ?watch=1 watches, ?wire=json takes the
 * readable encoding. `window.oarlock` shows the state to tests and to the curious.
 */

import { Camera } from "./camera.js";
import { Chart } from "./chart.js";
import { Painter } from "./draw.js";
import { Effects } from "./effects.js";
import { exposed } from "./exposed.js";
import { FleetPanel } from "./fleet_panel.js";
import { Hud } from "./hud.js";
import { Input } from "./input.js";
import { readable } from "./labels.js";
import { LighthouseWindow } from "./lighthouse.js";
import { Lookout } from "./lookout.js";
import { NetworkPanel } from "./network.js";
import { newsOf } from "./news.js";
import { byId } from "./page.js";
import { inReach } from "./reach.js";
import { Scene } from "./scene.js";
import { Sound } from "./sound.js";
import { Start, keepName } from "./start.js";
import { Trade, standing } from "./trade.js";
import { Voyage } from "./voyage.js";

const EVERY_MS = { page: 100, chart: 200, figures: 250 };
/** Until the welcome says what the game has. */
const USUAL_CELL = 250;
const EMPTY_BAY = [0, 0, 4000, 4000];
const TAP_UNITS = 50;

class Game {
  constructor(query) {
    this.world = query.get("world") || "bay";
    this.voyage = new Voyage({ world: this.world, isJson: query.get("wire") === "json", refused: (text) => this.hud.notice(text) });
    this.client = this.voyage.client;
    this.scene = new Scene();
    this.effects = new Effects(this.scene);
    this.camera = new Camera();
    this.painter = new Painter(byId("bay"), this.camera);
    this.chart = new Chart(byId("chart"));
    this.sound = new Sound();
    this.lookout = new Lookout(this.voyage, this.camera, this.scene);
    this.#makePage();
    this.reach = null;
    this.isWatching = false;
    this.dues = { page: 0, chart: 0, figures: 0 };
    this.lastFrameMs = 0;
    this.motion = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.#listen();
  }

  #makePage() {
    const order = (command, args) => this.voyage.order(command, args);
    const wish = (name) => this.#wish(name);
    this.hud = new Hud({ wish, shout: (text) => order("shout", { text }) });
    this.trade = new Trade({ order, nameOf: (id) => this.#nameOf(id) });
    this.light = new LighthouseWindow(order);
    this.network = new NetworkPanel(() => this.client.cut());
    this.fleet = new FleetPanel(() => this.network.isOpen);
    this.input = new Input(this.painter.canvas, { wish, tap: (x, y) => this.#tap(x, y) });
    this.start = new Start(this.world, (choice) => this.#choose(choice));
  }

  #listen() {
    const { client } = this;
    client.on("status", (status, detail) => this.#onStatus(status, detail));
    client.on("welcome", () => this.#onWelcome());
    client.on("change", (change) => client.mirror && this.scene.update(client.mirror, change, performance.now()));
    client.on("event", (name, body) => this.#onEvent(name, body));
    client.on("complaint", (code, text) => this.hud.notice(text || code));
  }

  get bounds() {
    return this.client.schema?.bounds ?? EMPTY_BAY;
  }

  // ---- what the player does ------------------------------------------------------------------------------------

  begin(query) {
    const name = query.get("name") ?? "";
    if (this.client.canRejoin) this.client.rejoin();
    else if (name !== "") this.join(name);
    else if (query.get("watch")) this.watch();
    else this.start.open();
  }

  join(name) {
    this.isWatching = false;
    keepName(name);
    this.client.join({ name, radius: this.camera.radius(USUAL_CELL) });
  }

  watch() {
    this.isWatching = true;
    this.client.join({ spectate: true, radius: this.camera.radius(USUAL_CELL) });
  }

  /** A page has one bay: another one is another page. */
  #choose({ name, world, isWatching }) {
    if (world !== this.world) location.search = new URLSearchParams({ world, ...(isWatching ? { watch: "1" } : { name }) });
    else if (isWatching) this.watch();
    else this.join(name);
  }

  #wish(name) {
    const { reach, hud } = this;
    if (name === "network") this.network.toggle();
    else if (name === "help") byId("help").showModal();
    else if (name === "sound") byId("sound-button").setAttribute("aria-pressed", String(this.sound.toggle()));
    else if (name === "close") this.#closeWindows();
    else if (name === "leave") this.client.leave();
    else if (this.isWatching || !this.voyage.isPlaying) return;
    else if (name === "shout") hud.openShout();
    else if (name === "accept") this.trade.answer("accept");
    else if (name === "decline") this.trade.answer("withdraw");
    else if (reach !== null) this.#act(name, reach);
  }

  /** What is done to something in reach. */
  #act(name, { crate, wreck, victim, partner, light }) {
    const { voyage, hud } = this;
    if (name === "grab" && crate !== null) voyage.order("grab", { crate: crate.id });
    else if (name === "grab" && wreck !== null) voyage.order("salvage", { wreck: wreck.id });
    else if (name === "ram" && victim !== null) voyage.order("ram", { boat: victim.id });
    else if (name === "trade" && partner !== null) this.#openTrade(partner);
    else if (name === "light" && light !== null) this.#openLight(light);
    else hud.notice(NOTHING_NEAR[name]);
  }

  #openTrade(partner) {
    this.light.close();
    this.trade.open(partner);
  }

  #openLight(light) {
    this.trade.close();
    this.light.open(light, this.voyage.boat, this.voyage.avatar);
  }

  #closeWindows() {
    this.trade.close();
    this.light.close();
    this.hud.closeShout();
    document.activeElement?.blur();
  }

  /** A tap takes what is there, if it is in reach. */
  #tap(screenX, screenY) {
    if (this.isWatching) return this.lookout.tap(screenX, screenY);
    const [x, y] = this.camera.toWorld(screenX, screenY);
    const isThere = (thing) => thing !== null && Math.hypot(thing.x - x, thing.y - y) < TAP_UNITS;
    const { crate, wreck, partner, light } = this.reach ?? NOTHING;
    if (isThere(crate) || isThere(wreck)) this.#wish("grab");
    else if (isThere(partner)) this.#wish("trade");
    else if (isThere(light)) this.#wish("light");
    return undefined;
  }

  // ---- what the server says ------------------------------------------------------------------------------------

  #onWelcome() {
    this.start.close();
    this.hud.open(this.isWatching);
    history.replaceState(null, "", withoutName(location.href));
  }

  #onStatus(status, { code, reason }) {
    this.hud.setStatus(status);
    if (status === "playing") this.hud.banner("");
    if (status === "waiting") this.hud.banner("The line is lost. Your boat waits; you come back by yourself.");
    if (status !== "closed") return;
    this.hud.banner("");
    this.#closeWindows();
    this.hud.close();
    this.trade.update([]);
    this.start.open(code === 1000 ? "" : `You have left the bay: ${reason || code}.`);
  }

  #onEvent(name, body) {
    this.effects.happen(name, body, performance.now());
    const { avatar } = this.voyage;
    const news = newsOf(name, body, avatar, (id) => this.#nameOf(id));
    if (news !== "") this.hud.notice(news);
    const isOwn = [body?.boat, body?.by, body?.seller, body?.buyer].includes(avatar);
    this.sound.play(name, isOwn || name === "kept" ? 1 : 0.3);
  }

  #nameOf(id) {
    return readable(this.scene.recall(id)?.fields.name ?? "") || "Somebody";
  }

  // ---- frames --------------------------------------------------------------------------------------------------

  run() {
    const resize = () => this.#resize();
    window.addEventListener("resize", resize);
    resize();
    this.camera.follow({ x: 640, y: 560 }, 0);
    this.fleet.run();
    requestAnimationFrame(() => this.#frame());
  }

  #resize() {
    this.painter.resize();
    if (!this.isWatching) this.client.look({ radius: this.camera.radius(this.client.schema?.cellSize ?? USUAL_CELL) });
  }

  #frame() {
    const nowMs = performance.now();
    const { scene, voyage } = this;
    scene.pose(nowMs, (thing) => voyage.locate(thing));
    this.effects.tidy(nowMs);
    this.#steer(nowMs);
    this.#paint(nowMs);
    if (this.#isDue("page", nowMs)) this.#showPage();
    if (this.#isDue("chart", nowMs)) this.chart.paint(scene, this.camera, this.bounds, voyage.avatar);
    if (this.#isDue("figures", nowMs)) this.#showFigures();
    this.lastFrameMs = nowMs;
    requestAnimationFrame(() => this.#frame());
  }

  #steer(nowMs) {
    const { voyage, camera, input } = this;
    const elapsedMs = nowMs - this.lastFrameMs;
    if (this.isWatching) return this.lookout.watch(input, this.bounds, elapsedMs, nowMs);
    const own = this.scene.things.get(voyage.avatar);
    if (own === undefined) return undefined;
    if (voyage.row(input.direction(camera, voyage.boat ?? own.fields), nowMs)) this.sound.stroke();
    camera.follow(own, elapsedMs);
    return undefined;
  }

  #paint(nowMs) {
    const isCalm = this.motion.matches;
    this.painter.paint(this.scene, this.effects, {
      bounds: this.bounds,
      avatar: this.voyage.avatar,
      reach: this.reach,
      nowMs,
      waveMs: isCalm ? 0 : nowMs,
      serverMs: this.voyage.serverMs,
      isLively: !isCalm,
    });
  }

  #isDue(what, nowMs) {
    if (nowMs < this.dues[what]) return false;
    this.dues[what] = nowMs + EVERY_MS[what];
    return true;
  }

  #showPage() {
    const { voyage, scene, client } = this;
    const { avatar, boat, serverMs } = voyage;
    const entities = client.mirror?.entities.values() ?? [];
    for (const entity of entities) if (entity.kind === "Board") this.hud.setScores(entity.fields.scores, avatar);
    this.reach = boat === null ? null : inReach(scene, avatar, boat, serverMs);
    if (boat === null) return;
    this.hud.setBoat(boat, this.reach);
    this.trade.update(standing(scene.of("Offer"), avatar, serverMs));
    const light = scene.things.get(this.light.id);
    if (this.light.isOpen && light !== undefined) this.light.update(light.fields, avatar);
  }

  #showFigures() {
    const { voyage, client } = this;
    const figures = { ...client.statistics(), delayMs: voyage.others.delayMs, corrections: voyage.own.corrections };
    this.network.update(figures, this.scene.of("Boat"), voyage.isPlaying);
  }
}

const NOTHING = { crate: null, wreck: null, victim: null, partner: null, light: null };
const NOTHING_NEAR = {
  grab: "Nothing to grab within reach.",
  ram: "Ram: get close with way on, bow first.",
  trade: "No boat within hail.",
  light: "No lighthouse nearby.",
};

/** The address to share: the bay, not the player. */
function withoutName(href) {
  const url = new URL(href);
  url.searchParams.delete("name");
  return url.href;
}

const query = new URLSearchParams(location.search);
const game = new Game(query);
window.oarlock = exposed({ ...game, join: (name) => game.join(name) });
game.run();
game.begin(query);
