/**
 * One picture of the bay: sea, what floats, boats, light and weather, words, in this order. Owns the canvas; changes
 * nothing else.
 */

import { paintBoat, paintOwnMark, paintWork } from "./boats.js";
import { Brush } from "./brush.js";
import { nodeColour } from "./colours.js";
import { paintBeam, paintBuoy, paintCrate, paintLighthouse, paintWreck } from "./floating.js";
import { Labels } from "./labels.js";
import { paintFlights, paintOnWater } from "./moments.js";
import { paintSea } from "./sea.js";
import { paintClouds, paintRain } from "./storm.js";

const MARGIN_UNITS = 120;
const STORM_MARGIN = 420;
const LIGHT_MARGIN = 360;
const MAX_RATIO = 2;
const SALVAGE_MS = 3000;
/** Kinds that are painted here, and those that have no picture of their own. */
const DRAWN = new Set(["Boat", "Crate", "Wreck", "Lighthouse", "Storm", "Lamp", "Offer"]);
const NUMBER_COLOURS = { gold: "#ffd76a", oil: "#9fe0f4", hull: "#ff9c86" };

export class Painter {
  constructor(canvas, camera) {
    this.canvas = canvas;
    this.camera = camera;
    this.context = canvas.getContext("2d", { alpha: false });
    this.brush = new Brush(this.context);
    this.labels = new Labels(this.context);
    this.ratio = 1;
    /** The boats in the window, found once a frame. */
    this.boats = [];
  }

  /** Fits the canvas to its place in the page. */
  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    // Beyond two device pixels per CSS pixel nobody sees a difference, but phones feel it.
    this.ratio = Math.min(MAX_RATIO, window.devicePixelRatio || 1);
    this.canvas.width = Math.round(clientWidth * this.ratio);
    this.canvas.height = Math.round(clientHeight * this.ratio);
    this.camera.resize(clientWidth, clientHeight);
  }

  /**
   * Paints the scene. `look`: { bounds, avatar, reach, nowMs, waveMs, serverMs, isLively }: the player's own boat, what is
   * in its reach, the times of effects, waves and rules, and whether flashes are welcome.
   */
  paint(scene, effects, look) {
    const { brush, labels, camera } = this;
    brush.aim(camera, this.ratio);
    this.boats = [...this.#visible(scene.of("Boat"))];
    paintSea(brush, camera, look.bounds, look.waveMs);
    this.#paintFloating(scene, look);
    paintOnWater(brush, effects, look.nowMs);
    this.#paintBoats(scene, look);
    paintFlights(brush, effects, look.nowMs);
    this.#paintSky(scene, look);
    labels.aim(this.ratio);
    this.#paintWords(scene, effects, look);
  }

  #paintFloating(scene, { reach, waveMs }) {
    const { brush } = this;
    for (const storm of this.#visible(scene.of("Storm"), STORM_MARGIN)) paintRain(brush, storm, waveMs);
    for (const wreck of this.#visible(scene.of("Wreck"))) paintWreck(brush, wreck, waveMs, reach?.wreck === wreck);
    for (const crate of this.#visible(scene.of("Crate"))) paintCrate(brush, crate, waveMs, reach?.crate === crate);
    for (const light of this.#visible(scene.of("Lighthouse"), LIGHT_MARGIN)) paintLighthouse(brush, light, waveMs);
    for (const [kind, things] of scene.kinds) {
      if (!DRAWN.has(kind)) for (const thing of this.#visible(things)) paintBuoy(brush, thing);
    }
  }

  #paintBoats(scene, { avatar, waveMs, serverMs }) {
    const { brush } = this;
    const own = scene.things.get(avatar);
    if (own !== undefined) paintOwnMark(brush, own, waveMs);
    for (const boat of this.boats) {
      paintBoat(brush, boat);
      const leftMs = boat.fields.salvages ? boat.fields.busy_ms - serverMs : 0;
      if (leftMs > 0) paintWork(brush, boat, 1 - leftMs / SALVAGE_MS);
    }
  }

  #paintSky(scene, { waveMs, isLively }) {
    const { brush } = this;
    for (const light of this.#visible(scene.of("Lighthouse"), LIGHT_MARGIN)) paintBeam(brush, light, waveMs);
    for (const storm of this.#visible(scene.of("Storm"), STORM_MARGIN)) paintClouds(brush, storm, waveMs, isLively);
  }

  // ---- words ---------------------------------------------------------------------------------------------------

  #paintWords(scene, effects, look) {
    const { camera, labels } = this;
    for (const { x, y, fields } of this.#visible(scene.of("Wreck"))) {
      const [screenX, screenY] = camera.toScreen(x, y + 62);
      labels.caption(fields.name, screenX, screenY);
    }
    for (const { x, y, fields } of this.#visible(scene.of("Lighthouse"))) {
      const [screenX, screenY] = camera.toScreen(x, y + 58);
      labels.caption(keptBy(fields), screenX, screenY);
    }
    for (const boat of this.boats) this.#paintName(boat, look.avatar);
    for (const effect of effects.shown) if (effect.kind === "number") this.#paintNumber(effect, look.nowMs);
    for (const [id, shout] of effects.shouts) this.#paintShout(scene.things.get(id), shout, look.nowMs);
  }

  #paintName({ id, x, y, fields }, avatar) {
    const { camera, labels } = this;
    const [screenX, screenY] = camera.toScreen(x, y);
    const below = screenY + 36 * camera.scale;
    labels.name(fields.name, screenX, below, nodeColour(fields.node), id === avatar);
    if (fields.hull < 100) labels.hull(screenX, below + 22, fields.hull / 100);
  }

  #paintShout(boat, { text, atMs, untilMs }, nowMs) {
    if (boat === undefined) return;
    const [x, y] = this.camera.toScreen(boat.x, boat.y);
    const opacity = Math.min(1, (untilMs - nowMs) / 600, (nowMs - atMs + 60) / 120);
    this.labels.shout(text, x, y - 20 * this.camera.scale, Math.max(0, opacity));
  }

  #paintNumber({ x, y, text, what, row, atMs, untilMs }, nowMs) {
    const part = (nowMs - atMs) / (untilMs - atMs);
    const [screenX, screenY] = this.camera.toScreen(x, y);
    this.labels.number(text, screenX, screenY - 38 - 22 * row - 42 * part, NUMBER_COLOURS[what], 1 - part ** 3);
  }

  *#visible(things, margin = MARGIN_UNITS) {
    const [left, top, right, bottom] = this.camera.view(margin);
    for (const thing of things) {
      const { x, y } = thing;
      if (x >= left && x <= right && y >= top && y <= bottom) yield thing;
    }
  }
}

function keptBy({ name, keeper, keeper_name: keeperName }) {
  return keeper ? `${name}\nkept by ${keeperName}` : `${name}\nnobody keeps it`;
}
