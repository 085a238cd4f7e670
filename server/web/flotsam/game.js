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
import { Helm } from "./helm.js";
import { Hud } from "./hud.js";
import { Input } from "./input.js";
import { readable } from "./labels.js";
import { LighthouseWindow } from "./lighthouse.js";
import { Lookout } from "./lookout.js";
import { NetworkPanel } from "./network.js";
import { newsOf } from "./news.js";
import { Pace } from "./pace.js";
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
/** What is seen behind the start: a corner of the bay, with some land. */
const COVE = { x: 330, y: 210 };
/** The code of a page that took too long to say who it is, and how often it tries again. */
const TOO_LATE = 4501;
const MOST_TRIES = 3;

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
    this.isWatching = false;
    this.player = null;
    this.dues = { page: 0, chart: 0, figures: 0 };
    this.lastFrameMs = 0;
    this.pace = new Pace();
    this.tries = 0;
    this.motion = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.#listen();
  }

  #makePage() {
    const { voyage, camera, sound } = this;
    const order = (command, args) => voyage.order(command, args);
    const wish = (name) => this.helm.wish(name);
    this.hud = new Hud({ wish, shout: (text) => order("shout", { text }) });
    this.trade = new Trade({ order, nameOf: (id) => this.#nameOf(id) });
    this.light = new LighthouseWindow(order);
    this.network = new NetworkPanel(() => this.client.cut());
    this.fleet = new FleetPanel(() => this.network.isOpen);
    const { hud, trade, light, network } = this;
    this.helm = new Helm({ voyage, camera, sound, hud, trade, light, network });
    this.input = new Input(this.painter.canvas, { wish, tap: (x, y) => this.#tap(x, y) });
    this.start = new Start(this.world, (choice) => this.#choose(choice));
  }

  #listen() {
    const { client } = this;
    client.on("status", (status, detail) => this.#onStatus(status, detail));
    client.on("welcome", (_welcome, isResumed) => this.#onWelcome(isResumed));
    client.on("change", (change) => client.mirror && this.scene.update(client.mirror, change));
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
    keepName(name);
    this.#enter({ name, spectate: false });
  }

  watch() {
    this.#enter({ name: "", spectate: true });
  }

  #enter(player) {
    this.player = player;
    this.isWatching = player.spectate;
    this.client.join({ ...player, radius: this.camera.radius(USUAL_CELL) });
  }

  /** A page has one bay: another one is another page. */
  #choose({ name, world, isWatching }) {
    if (world !== this.world) location.search = new URLSearchParams({ world, ...(isWatching ? { watch: "1" } : { name }) });
    else if (isWatching) this.watch();
    else this.join(name);
  }

  #tap(x, y) {
    if (this.isWatching) this.lookout.tap(x, y);
    else this.helm.tap(x, y);
  }

  // ---- what the server says ------------------------------------------------------------------------------------

  #onWelcome(isResumed) {
    this.tries = 0;
    // To a boat that is new the camera leaps; it need not sail there.
    if (!isResumed) this.camera.isPlaced = false;
    if (!isResumed && this.isWatching) this.camera.follow(middleOf(this.bounds), 0);
    this.start.close();
    this.hud.open(this.isWatching);
    history.replaceState(null, "", withoutName(location.href));
  }

  #onStatus(status, { code, reason }) {
    this.hud.setStatus(status);
    if (status === "playing") this.hud.banner("");
    if (status === "waiting") this.hud.banner("The line is lost. Your boat waits; you come back by yourself.");
    if (status === "closed") this.#onClosed(code, reason);
  }

  #onClosed(code, reason) {
    this.hud.banner("");
    // A machine that is busy with something else is no reason to stay ashore.
    if (code === TOO_LATE && this.player !== null && ++this.tries < MOST_TRIES) {
      queueMicrotask(() => this.#enter(this.player));
      return;
    }
    this.helm.rest();
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
    this.camera.follow(COVE, 0);
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
    if (this.pace.isDue(nowMs)) this.#paint(nowMs);
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
      reach: this.helm.reach,
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
    this.helm.reach = boat === null ? null : inReach(scene, avatar, boat, serverMs);
    if (boat === null) return;
    this.hud.setBoat(boat, this.helm.reach);
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

function middleOf([left, top, right, bottom]) {
  return { x: (left + right) / 2, y: (top + bottom) / 2 };
}

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
