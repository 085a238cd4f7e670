/** Effects on the picture: rings on the water, splinters, cargo that comes on board. Pure painting. */

import { Picture, lazily } from "./brush.js";
import { chanceAt } from "./chance.js";
import { DARK_WOOD, WOOD } from "./colours.js";

const SPLINTERS = 14;

/** What lies below the boats. */
export function paintOnWater(brush, effects, nowMs) {
  for (const effect of effects.shown) if (effect.kind === "ring") paintRing(brush, effect, partOf(effect, nowMs));
}

/** What flies above them. */
export function paintFlights(brush, effects, nowMs) {
  for (const effect of effects.shown) {
    if (effect.kind === "splinters") paintSplinters(brush, effect, partOf(effect, nowMs));
    if (effect.kind === "flight") paintFlight(brush, effect, effects.scene.things.get(effect.to), partOf(effect, nowMs));
  }
}

function partOf({ atMs, untilMs }, nowMs) {
  return Math.max(0, Math.min(1, (nowMs - atMs) / (untilMs - atMs)));
}

function paintRing(brush, { x, y, colour, size }, part) {
  const { context } = brush;
  brush.toWorld();
  context.lineWidth = 6 * (1 - part) + 1;
  for (const lag of [0, 0.25]) {
    const grown = Math.max(0, part - lag);
    context.strokeStyle = `rgb(${colour} / ${Math.round(80 * (1 - part))}%)`;
    context.beginPath();
    context.arc(x, y, 14 + size * grown, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** A burst of foam, and planks that fly apart. */
function paintSplinters(brush, { x, y, seed, isSunk }, part) {
  const { context } = brush;
  const reach = isSunk ? 110 : 66;
  context.globalAlpha = (1 - part) ** 1.5;
  brush.stamp(burst(), x, y, seed, (isSunk ? 1.7 : 1) * (0.5 + 0.8 * Math.sqrt(part)));
  context.globalAlpha = 1 - part ** 3;
  for (let piece = 0; piece < SPLINTERS; piece++) {
    const angle = 6.28 * chanceAt(piece, seed, 41);
    const away = reach * Math.sqrt(part) * (0.35 + 0.65 * chanceAt(piece, seed, 42));
    brush.stamp(splinter(), x + away * Math.cos(angle), y + away * Math.sin(angle), angle * 3 + 7 * part, 0.7 + 0.6 * chanceAt(piece, seed, 43));
  }
  context.globalAlpha = 1;
}

function paintFlight(brush, { x, y }, boat, part) {
  if (boat === undefined) return;
  const up = 26 * Math.sin(Math.PI * part);
  brush.stamp(cargo(), x + part * (boat.x - x), y + part * (boat.y - y) - up, 4 * part, 1.1 - 0.6 * part);
}

const splinter = lazily(
  () =>
    new Picture(20, 8, (context) => {
      context.fillStyle = DARK_WOOD;
      context.fillRect(-9, -2, 18, 4);
      context.fillStyle = WOOD;
      context.fillRect(-9, -2, 18, 1.6);
    }),
);

const burst = lazily(
  () =>
    new Picture(120, 120, (context) => {
      context.fillStyle = "rgb(245 255 252 / 85%)";
      context.beginPath();
      for (let point = 0; point < 22; point++) {
        const away = point % 2 === 0 ? 40 + 16 * chanceAt(point, 44) : 22;
        context.lineTo(away * Math.cos((point / 11) * Math.PI), away * Math.sin((point / 11) * Math.PI));
      }
      context.fill();
    }),
);

const cargo = lazily(
  () =>
    new Picture(34, 34, (context) => {
      context.fillStyle = WOOD;
      context.fillRect(-14, -14, 28, 28);
      context.strokeStyle = DARK_WOOD;
      context.lineWidth = 3.4;
      context.strokeRect(-12.3, -12.3, 24.6, 24.6);
    }),
);
