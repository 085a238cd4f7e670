/**
 * The water: deeper and lighter patches, crests that come and go, and the shore where it is in view. Pure painting: the
 * same place and time give the same picture on every screen.
 */

import { chanceAt } from "./chance.js";
import { clipToWater, isShoreInView, paintLand, paintShallows } from "./shore.js";

const WATER = "#1f7f98";
const WAVE_CELL = 110;
const PATCH_CELL = 620;

/** Paints everything that lies below the boats. `view` is what is visible: left, top, right, bottom. */
export function paintSea(context, view, bounds, timeMs) {
  const hasShore = isShoreInView(view, bounds);
  context.save();
  if (hasShore) {
    paintLand(context, view, bounds, WATER);
    clipToWater(context, bounds);
  } else {
    fillView(context, view, WATER);
  }
  for (const patch of patches(view)) paintPatch(context, patch);
  if (hasShore) paintShallows(context, bounds, timeMs);
  paintWaves(context, view, timeMs);
  context.restore();
}

function fillView(context, [left, top, right, bottom], colour) {
  context.fillStyle = colour;
  context.fillRect(left, top, right - left, bottom - top);
}

function* patches([left, top, right, bottom]) {
  for (let column = Math.floor(left / PATCH_CELL) - 1; column <= right / PATCH_CELL + 1; column++) {
    for (let row = Math.floor(top / PATCH_CELL) - 1; row <= bottom / PATCH_CELL + 1; row++) {
      yield {
        x: (column + chanceAt(column, row, 1)) * PATCH_CELL,
        y: (row + chanceAt(column, row, 2)) * PATCH_CELL,
        radius: PATCH_CELL * (0.7 + 0.5 * chanceAt(column, row, 3)),
        isDeep: chanceAt(column, row, 4) < 0.62,
      };
    }
  }
}

function paintPatch(context, { x, y, radius, isDeep }) {
  const gradient = context.createRadialGradient(x, y, 0, x, y, radius);
  const colour = isDeep ? "12 78 106" : "58 166 176";
  gradient.addColorStop(0, `rgb(${colour} / ${isDeep ? 50 : 34}%)`);
  gradient.addColorStop(1, `rgb(${colour} / 0%)`);
  context.fillStyle = gradient;
  context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
}

/** Short crests, each in its own time. */
function paintWaves(context, [left, top, right, bottom], timeMs) {
  context.lineCap = "round";
  context.lineWidth = 2.4;
  for (let column = Math.floor(left / WAVE_CELL) - 1; column <= right / WAVE_CELL; column++) {
    for (let row = Math.floor(top / WAVE_CELL) - 1; row <= bottom / WAVE_CELL; row++) {
      paintCrest(context, column, row, timeMs);
    }
  }
}

function paintCrest(context, column, row, timeMs) {
  const phase = timeMs / 2600 + 6.28 * chanceAt(column, row, 5);
  const strength = Math.sin(phase);
  if (strength <= 0.05) return;
  const x = (column + 0.15 + 0.7 * chanceAt(column, row, 6)) * WAVE_CELL + 8 * Math.cos(phase);
  const y = (row + 0.15 + 0.7 * chanceAt(column, row, 7)) * WAVE_CELL;
  const half = 10 + 12 * chanceAt(column, row, 8);
  context.strokeStyle = `rgb(225 246 246 / ${(strength * 28).toFixed(0)}%)`;
  context.beginPath();
  context.moveTo(x - half, y);
  context.bezierCurveTo(x - half / 2, y - 7, x + half / 4, y - 4, x + half, y + 1);
  context.stroke();
}
