/**
 * The small chart of the whole bay: where one is, how far one sees, who is near, and the lighthouses once seen.
 *
 * Owns its canvas, and what it remembers of lighthouses.
 */

import { BRASS, nodeColour } from "./colours.js";

const EDGE = 4;

export class Chart {
  constructor(canvas) {
    this.context = canvas.getContext("2d");
    this.size = canvas.width;
    /** id -> fields, as they were when last seen */
    this.lights = new Map();
  }

  paint(scene, camera, [left, top, right, bottom], avatar) {
    const { context } = this;
    const scale = (this.size - 2 * EDGE) / Math.max(right - left, bottom - top);
    context.setTransform(scale, 0, 0, scale, EDGE - left * scale, EDGE - top * scale);
    this.unit = 1 / scale;
    const water = context.createRadialGradient(0, 0, 0, 0, 0, right - left);
    water.addColorStop(0, "#1d8098");
    water.addColorStop(1, "#0f5673");
    context.fillStyle = water;
    context.fillRect(left, top, right - left, bottom - top);
    for (const { x, y, fields } of scene.of("Storm")) this.#dot(x, y, fields.radius / this.unit, "rgb(200 214 220 / 45%)");
    this.#paintView(camera.view());
    for (const { x, y } of scene.of("Crate")) this.#dot(x, y, 2, "#dfb77f");
    for (const { x, y } of scene.of("Wreck")) this.#cross(x, y, "#f3e6cf");
    for (const { id, fields } of scene.of("Lighthouse")) this.lights.set(id, { ...fields });
    for (const { x, y, keeper } of this.lights.values()) this.#paintLight(x, y, keeper !== 0);
    for (const { id, x, y, fields } of scene.of("Boat")) if (id !== avatar) this.#dot(x, y, 3.4, nodeColour(fields.node));
    const own = scene.things.get(avatar);
    if (own !== undefined) this.#paintOwn(own);
  }

  #paintView([left, top, right, bottom]) {
    const { context } = this;
    context.fillStyle = "rgb(255 255 255 / 12%)";
    context.strokeStyle = "rgb(255 255 255 / 55%)";
    context.lineWidth = 1.5 * this.unit;
    context.fillRect(left, top, right - left, bottom - top);
    context.strokeRect(left, top, right - left, bottom - top);
  }

  #paintLight(x, y, isKept) {
    if (isKept) this.#dot(x, y, 9, "rgb(255 233 160 / 35%)");
    this.#dot(x, y, 4.4, isKept ? "#ffe9a0" : "#a9bcc0");
    this.#dot(x, y, 2, "#c8432f");
  }

  #paintOwn({ x, y, heading }) {
    const { context, unit } = this;
    context.fillStyle = BRASS;
    context.strokeStyle = "#2a1d00";
    context.lineWidth = 1.5 * unit;
    context.beginPath();
    for (const [turn, away] of [[0, 9], [2.5, 7], [-2.5, 7]]) {
      context.lineTo(x + away * unit * Math.cos(heading + turn), y + away * unit * Math.sin(heading + turn));
    }
    context.closePath();
    context.fill();
    context.stroke();
  }

  #cross(x, y, colour) {
    const { context, unit } = this;
    context.strokeStyle = colour;
    context.lineWidth = 1.6 * unit;
    context.beginPath();
    context.moveTo(x - 3 * unit, y - 3 * unit);
    context.lineTo(x + 3 * unit, y + 3 * unit);
    context.moveTo(x + 3 * unit, y - 3 * unit);
    context.lineTo(x - 3 * unit, y + 3 * unit);
    context.stroke();
  }

  /** `radius` in pixels of the chart. */
  #dot(x, y, radius, colour) {
    this.context.fillStyle = colour;
    this.context.beginPath();
    this.context.arc(x, y, radius * this.unit, 0, 2 * Math.PI);
    this.context.fill();
  }
}
