/**
 * One picture of the bay: sea, crates, boats, words, in this order. Owns the canvas; changes nothing else.
 */

import { paintName, paintPicked, paintShout } from "./labels.js";
import { paintSea } from "./sea.js";
import { hullColour, paintBoat, paintBuoy, paintCrate, paintOwnMark } from "./shapes.js";

const MARGIN_UNITS = 90;
const STROKES_PER_S = 1.6;
const MAX_RATIO = 2;
/** Kinds that are part of something else on the picture. */
const UNSEEN = new Set(["Lamp", "Offer"]);

export class Painter {
  constructor(canvas, camera) {
    this.canvas = canvas;
    this.camera = camera;
    this.context = canvas.getContext("2d", { alpha: false });
    this.ratio = 1;
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

  /** Paints the scene at `nowMs`; `avatar` is the id of the player's own boat. */
  paint(scene, bounds, avatar, nowMs, waveMs) {
    const { context, camera } = this;
    camera.apply(context, this.ratio);
    paintSea(context, camera.view(), bounds, waveMs);
    const things = this.#visible(scene, nowMs);
    const inReach = scene.crateInReach(avatar);
    for (const thing of things) if (thing.kind !== "Boat") this.#paintFloating(thing, inReach, waveMs);
    for (const thing of things) if (thing.kind === "Boat") this.#paintBoat(thing, avatar, nowMs);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    for (const thing of things) this.#paintWords(thing, scene, avatar, nowMs);
    for (const picked of scene.picked) this.#paintPicked(picked, nowMs);
  }

  #visible(scene, nowMs) {
    const [left, top, right, bottom] = this.camera.view(MARGIN_UNITS);
    const things = [];
    for (const thing of scene.things.values()) {
      if (UNSEEN.has(thing.kind)) continue;
      const place = thing.track.at(nowMs);
      const isVisible = place.x >= left && place.x <= right && place.y >= top && place.y <= bottom;
      if (isVisible) things.push({ ...thing, place });
    }
    return things;
  }

  #paintFloating({ id, kind, place }, inReach, waveMs) {
    if (kind === "Crate") paintCrate(this.context, place.x, place.y, waveMs / 700 + id * 2.4, inReach?.id === id);
    else paintBuoy(this.context, place.x, place.y);
  }

  #paintBoat({ id, place }, avatar, nowMs) {
    const stroke = (nowMs / 1000) * STROKES_PER_S * 2 * Math.PI + id;
    if (id === avatar) paintOwnMark(this.context, place.x, place.y, nowMs);
    paintBoat(this.context, { ...place, stroke, colour: hullColour(id) });
  }

  #paintWords({ id, kind, fields, place }, scene, avatar, nowMs) {
    if (kind === "Crate") return;
    const [x, y] = this.camera.toScreen(place.x, place.y);
    paintName(this.context, String(fields.name ?? kind), x, y + 40 * this.camera.scale, id === avatar);
    const shout = scene.shouts.get(id);
    if (shout === undefined) return;
    paintShout(this.context, shout.text, x, y - 34 * this.camera.scale, 1 - (shout.untilMs - nowMs) / 4000);
  }

  #paintPicked({ x, y, gold, atMs, untilMs }, nowMs) {
    const [screenX, screenY] = this.camera.toScreen(x, y);
    paintPicked(this.context, gold, screenX, screenY - 30, (nowMs - atMs) / (untilMs - atMs));
  }
}
