/**
 * Flotsam in the browser: puts session, scene, picture, input and panel together, and runs the frames.
 *
 * The address says how: ?name= joins at once, ?world= chooses the world, ?wire=json the readable encoding.
 * `window.oarlock` shows the state to tests and to the curious.
 */

import { Client, JSON_TEXT, MSGPACK } from "../sdk/index.js";
import { Camera } from "./camera.js";
import { Chart } from "./chart.js";
import { Painter } from "./draw.js";
import { Input } from "./input.js";
import { Panel } from "./panel.js";
import { Scene } from "./scene.js";

const ROW_EVERY_MS = 105;
const STROKE_UNITS = 40;
const MAX_UNANSWERED = 8;
const CHART_EVERY_MS = 200;
const FIGURES_EVERY_MS = 250;
const NAME_KEY = "oarlock.name";
/** Until the welcome says what the game has. */
const USUAL_CELL = 250;
const EMPTY_BAY = [0, 0, 4000, 4000];

class Game {
  constructor(query) {
    this.camera = new Camera();
    this.painter = new Painter(document.getElementById("bay"), this.camera);
    this.chart = new Chart(document.getElementById("chart"));
    this.panel = new Panel({
      join: (name) => this.join(name),
      grab: () => this.grab(),
      shout: (text) => this.#command("shout", { text }),
    });
    this.input = new Input(this.painter.canvas, {
      grab: () => this.grab(),
      shout: () => this.isPlaying && this.panel.openShout(),
    });
    this.scene = new Scene(100);
    this.client = this.#makeClient(query);
    this.dues = { row: 0, chart: 0, figures: 0 };
    this.lastFrameMs = 0;
    this.isCalm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  get isPlaying() {
    return this.client.status === "playing";
  }

  get avatar() {
    return this.client.welcome?.avatar ?? 0;
  }

  get bounds() {
    return this.client.welcome?.schema.bounds ?? EMPTY_BAY;
  }

  #makeClient(query) {
    const world = encodeURIComponent(query.get("world") ?? "bay");
    const client = new Client({ url: `/ws/${world}`, codec: query.get("wire") === "json" ? JSON_TEXT : MSGPACK });
    client.on("status", (status, detail) => this.#onStatus(status, detail));
    client.on("welcome", (welcome) => this.#onWelcome(welcome));
    client.on("change", (change) => this.scene.update(client.mirror, change, performance.now()));
    client.on("event", (name, body) => this.scene.happen(name, body, performance.now()));
    client.on("complaint", (code, text) => this.panel.notice(text || code));
    return client;
  }

  // ---- what the player does ------------------------------------------------------------------------------------

  join(name) {
    keepName(name);
    this.client.join({ name, radius: this.camera.radius(USUAL_CELL) });
  }

  grab() {
    const crate = this.scene.crateInReach(this.avatar);
    if (crate !== null) this.#command("grab", { crate: crate.id });
  }

  async #command(command, args) {
    const { code, text } = await this.client.do(command, args);
    if (code !== "" && code !== "lost") this.panel.notice(text || code);
  }

  /** One stroke, when the player wants one. Refusals are not worth a word: the next stroke comes at once. */
  #row(nowMs) {
    if (!this.isPlaying || nowMs < this.dues.row || this.client.unanswered >= MAX_UNANSWERED) return;
    const boat = this.scene.things.get(this.avatar);
    const direction = boat === undefined ? null : this.input.direction(this.camera, boat.fields);
    if (direction === null) return;
    this.dues.row = nowMs + ROW_EVERY_MS;
    const [dx, dy] = direction.map((part) => Math.round(part * STROKE_UNITS));
    this.client.do("row", { dx, dy }, { mayWait: false });
  }

  // ---- what the server says ------------------------------------------------------------------------------------

  #onWelcome(welcome) {
    // Two flushes: a position that arrives a little late is still in time.
    this.scene.stepMs = Math.min(250, Math.max(60, 2000 / welcome.flush_hz));
    this.panel.play();
  }

  #onStatus(status, { code, reason }) {
    this.panel.setStatus(status);
    if (status === "playing") this.panel.banner("");
    if (status === "waiting") this.panel.banner("The line to the server is lost. Coming back by itself …");
    if (status === "closed") {
      this.panel.banner("");
      this.panel.askName(keptName(), code === 1000 ? "" : `You have left the bay: ${reason || code}.`);
    }
  }

  // ---- frames --------------------------------------------------------------------------------------------------

  start() {
    const resize = () => this.#resize();
    window.addEventListener("resize", resize);
    resize();
    this.camera.follow({ x: 2000, y: 2000 }, 0);
    requestAnimationFrame((nowMs) => this.#frame(nowMs));
  }

  #resize() {
    this.painter.resize();
    this.client.look({ radius: this.camera.radius(this.client.schema?.cellSize ?? USUAL_CELL) });
  }

  #frame() {
    const nowMs = performance.now();
    this.#row(nowMs);
    this.scene.tidy(nowMs);
    const own = this.scene.things.get(this.avatar);
    if (own !== undefined) this.camera.follow(own.track.at(nowMs), nowMs - this.lastFrameMs);
    this.painter.paint(this.scene, this.bounds, this.avatar, nowMs, this.isCalm ? 0 : nowMs);
    if (this.#isDue("chart", nowMs, CHART_EVERY_MS)) {
      this.chart.paint(this.scene, this.camera, this.bounds, this.avatar);
    }
    if (this.#isDue("figures", nowMs, FIGURES_EVERY_MS)) this.#showFigures(own);
    this.lastFrameMs = nowMs;
    requestAnimationFrame(() => this.#frame());
  }

  #isDue(what, nowMs, everyMs) {
    if (nowMs < this.dues[what]) return false;
    this.dues[what] = nowMs + everyMs;
    return true;
  }

  #showFigures(own) {
    const { welcome, latencyMs, mirror } = this.client;
    this.panel.setGrabReady(this.scene.crateInReach(this.avatar) !== null);
    this.panel.setFigures({
      node: welcome?.node ?? "–",
      latency: latencyMs === null ? "–" : `${Math.round(latencyMs)} ms`,
      boats: String(this.scene.of("Boat").length),
      version: mirror === null ? "–" : String(mirror.version),
      gold: String(own?.fields.gold ?? 0),
    });
  }
}

/** Storage may be forbidden (private windows, blocked cookies); the game does without. */
function keptName() {
  try {
    return localStorage.getItem(NAME_KEY) ?? "";
  } catch {
    return "";
  }
}

function keepName(name) {
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // The name is asked for again next time.
  }
}

/** State as plain values, read afresh at each access. */
function exposed({ client }) {
  const things = (kind) => {
    const entities = [...(client.mirror?.entities.values() ?? [])].filter((entity) => entity.kind === kind);
    return Object.fromEntries(entities.map(({ id, fields }) => [id, { ...fields }]));
  };
  return {
    get connected() { return client.status === "playing"; },
    get status() { return client.status; },
    get node() { return client.welcome?.node ?? null; },
    get session() { return client.welcome?.session ?? null; },
    get avatar() { return client.welcome?.avatar ?? null; },
    get boats() { return things("Boat"); },
    get crates() { return things("Crate"); },
    get epoch() { return client.mirror?.epoch ?? null; },
    get version() { return client.mirror?.version ?? null; },
    get divergences() { return client.statistics().divergences; },
    get latencyMs() { return client.latencyMs; },
    get reconnects() { return client.statistics().reconnects; },
    get pending() { return client.unanswered; },
    get statistics() { return client.statistics(); },
    get serverMs() { return client.clock.now(); },
    cut: () => client.cut(),
    do: (command, args) => client.do(command, args),
  };
}

const query = new URLSearchParams(location.search);
const game = new Game(query);
window.oarlock = exposed(game);
game.start();
if (game.client.canRejoin) game.client.rejoin();
else if (query.get("name")) game.join(query.get("name"));
else game.panel.askName(keptName());
