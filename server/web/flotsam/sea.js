/**
 * The water: what lies deep is dark and what lies shallow is bright, with light that plays on it and crests that come and
 * go. The same place and time give the same picture on every screen.
 *
 * Owns the chart of depths, made once for a bay, and the tile of light. Pure painting otherwise.
 */

import { Picture, lazily, painted } from "./brush.js";
import { chanceAt } from "./chance.js";
import { clipToWater, distanceInside, isShoreInView, paintLand, paintSurf } from "./shore.js";

/** Pixels along the chart of depths; it is drawn large and smooth. */
const CHART_PIXELS = 300;
const MARGIN_UNITS = 160;
const TILE_PIXELS = 256;
const TILE_POINTS = 26;
const WAVE_CELL = 130;
/** Depth from 0 to 1, and the colour of the water there. */
const DEPTHS = [
  [0, [134, 222, 205]],
  [0.1, [82, 195, 190]],
  [0.26, [40, 156, 171]],
  [0.5, [24, 122, 152]],
  [0.75, [17, 96, 131]],
  [1, [12, 72, 108]],
];
/** Layers of light: units a tile covers, drift in units/s along x and y, opacity. */
const LIGHT = [
  [430, 11, 6, 0.2],
  [270, -8, 9, 0.11],
];

const MOST_TILES = 8;

const charts = new Map();
const tiles = new Map();
let net = null;

/** Paints everything that lies below the boats. */
export function paintSea(brush, camera, bounds, waveMs) {
  const { context } = brush;
  const view = camera.view();
  const hasShore = isShoreInView(view, bounds);
  context.save();
  brush.toWorld();
  if (hasShore) {
    paintLand(brush, view, bounds);
    clipToWater(context, bounds);
  }
  paintDepths(context, bounds);
  paintLight(brush, waveMs);
  brush.toWorld();
  if (hasShore) paintSurf(context, bounds, waveMs);
  paintCrests(brush, view, waveMs);
  context.restore();
}

function paintDepths(context, bounds) {
  const key = String(bounds);
  if (!charts.has(key)) charts.set(key, chartOf(bounds));
  const [left, top, right, bottom] = bounds;
  const margin = MARGIN_UNITS;
  context.drawImage(charts.get(key), left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin);
}

/** Tiles of light in the pixels of the screen, on whole pixels: so they are copied, not computed. */
function paintLight({ context, scale, left, top }, waveMs) {
  const { width, height } = context.canvas;
  context.setTransform(1, 0, 0, 1, 0, 0);
  for (const [units, driftX, driftY, opacity] of LIGHT) {
    const side = Math.round(units * scale);
    const tile = tileOf(side, opacity);
    const startX = startOf(left + (driftX * scale * waveMs) / 1000, side);
    const startY = startOf(top + (driftY * scale * waveMs) / 1000, side);
    for (let x = startX; x < width; x += side) {
      for (let y = startY; y < height; y += side) context.drawImage(tile, x, y);
    }
  }
}

/** Where the first tile begins so that one begins at `offset`. */
function startOf(offset, side) {
  return Math.round((((offset % side) + side) % side) - side);
}

/** Short crests, each in its own time. */
function paintCrests(brush, [left, top, right, bottom], waveMs) {
  const { context } = brush;
  for (let column = Math.floor(left / WAVE_CELL) - 1; column <= right / WAVE_CELL; column++) {
    for (let row = Math.floor(top / WAVE_CELL) - 1; row <= bottom / WAVE_CELL; row++) {
      const phase = waveMs / 2600 + 6.28 * chanceAt(column, row, 5);
      const strength = Math.sin(phase);
      if (strength <= 0.05) continue;
      context.globalAlpha = 0.5 * strength;
      const x = (column + 0.15 + 0.7 * chanceAt(column, row, 6)) * WAVE_CELL + 8 * Math.cos(phase);
      const y = (row + 0.15 + 0.7 * chanceAt(column, row, 7)) * WAVE_CELL;
      brush.stamp(crest(), x, y, 0.12, 0.7 + 0.6 * chanceAt(column, row, 8));
    }
  }
  context.globalAlpha = 1;
}

const crest = lazily(
  () =>
    new Picture(56, 16, (context) => {
      context.lineCap = "round";
      context.lineWidth = 2;
      context.strokeStyle = "#e6f8f6";
      context.beginPath();
      context.moveTo(-24, 3);
      context.bezierCurveTo(-14, -6, 4, -5, 24, 2);
      context.stroke();
    }),
);

// ---- depth -------------------------------------------------------------------------------------------------------

function chartOf(bounds) {
  const [left, top, right, bottom] = bounds;
  const image = new ImageData(CHART_PIXELS, CHART_PIXELS);
  const [wide, high] = [right - left + 2 * MARGIN_UNITS, bottom - top + 2 * MARGIN_UNITS];
  for (let at = 0; at < CHART_PIXELS * CHART_PIXELS; at++) {
    const x = left - MARGIN_UNITS + (((at % CHART_PIXELS) + 0.5) / CHART_PIXELS) * wide;
    const y = top - MARGIN_UNITS + ((Math.floor(at / CHART_PIXELS) + 0.5) / CHART_PIXELS) * high;
    const [red, green, blue] = colourAt(depthAt(x, y, bounds));
    // A grain of chance hides the steps between colours.
    const grain = 3 * (chanceAt(at, 3) - 0.5);
    image.data.set([red + grain, green + grain, blue + grain, 255], 4 * at);
  }
  return painted(CHART_PIXELS, CHART_PIXELS, (context) => context.putImageData(image, 0, 0));
}

/** From 0 at the beach to 1 where it is deepest: the coast slopes, banks and troughs lie everywhere. */
function depthAt(x, y, bounds) {
  const slope = 1 - Math.exp(-Math.max(0, distanceInside(x, y, bounds) + 50) / 330);
  const banks = 0.62 * noise(x / 900, y / 900, 21) + 0.27 * noise(x / 380, y / 380, 22) + 0.11 * noise(x / 130, y / 130, 23);
  return Math.max(0, Math.min(1, slope * (0.1 + 1.25 * banks)));
}

function colourAt(depth) {
  const next = Math.max(1, DEPTHS.findIndex(([limit]) => limit >= depth));
  const [[low, from], [high, to]] = [DEPTHS[next - 1], DEPTHS[next]];
  const part = (depth - low) / (high - low);
  return from.map((value, at) => value + part * (to[at] - value));
}

/** Smooth chance over the plane, from 0 to 1. */
function noise(x, y, salt) {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const [u, v] = [smooth(x - column), smooth(y - row)];
  const upper = chanceAt(column, row, salt) * (1 - u) + chanceAt(column + 1, row, salt) * u;
  const lower = chanceAt(column, row + 1, salt) * (1 - u) + chanceAt(column + 1, row + 1, salt) * u;
  return upper * (1 - v) + lower * v;
}

function smooth(part) {
  return part * part * (3 - 2 * part);
}

// ---- light -------------------------------------------------------------------------------------------------------

/** A tile of `side` device pixels; kept until the window has had a few other sizes. */
function tileOf(side, opacity) {
  const key = `${side} ${opacity}`;
  if (!tiles.has(key)) {
    if (tiles.size >= MOST_TILES) tiles.clear();
    tiles.set(key, makeTile(side, opacity));
  }
  return tiles.get(key);
}

function makeTile(side, opacity) {
  net ??= lightNet();
  return painted(side, side, (context) => {
    context.globalAlpha = opacity;
    context.imageSmoothingQuality = "high";
    const pattern = context.createPattern(net, "repeat");
    pattern.setTransform(new DOMMatrix([side / TILE_PIXELS, 0, 0, side / TILE_PIXELS, 0, 0]));
    context.fillStyle = pattern;
    context.fillRect(0, 0, side, side);
  });
}

/** The net of light that waves throw: bright where a place is as far from two points as from each other. */
function lightNet() {
  const image = new ImageData(TILE_PIXELS, TILE_PIXELS);
  const points = Array.from({ length: TILE_POINTS }, (_, at) => [chanceAt(at, 1, 31), chanceAt(at, 2, 31)]);
  for (let at = 0; at < TILE_PIXELS * TILE_PIXELS; at++) {
    const gap = gapAt((at % TILE_PIXELS) / TILE_PIXELS, Math.floor(at / TILE_PIXELS) / TILE_PIXELS, points);
    const light = Math.max(0, 1 - gap / 0.1) ** 2.4;
    image.data.set([226, 255, 246, 210 * light], 4 * at);
  }
  return painted(TILE_PIXELS, TILE_PIXELS, (context) => context.putImageData(image, 0, 0));
}

/** How much farther the second nearest point is than the nearest, over the edges of the tile. */
function gapAt(x, y, points) {
  let [first, second] = [Infinity, Infinity];
  for (const [pointX, pointY] of points) {
    const distance = Math.hypot(overEdge(x - pointX), overEdge(y - pointY));
    if (distance < first) [first, second] = [distance, first];
    else if (distance < second) second = distance;
  }
  return second - first;
}

function overEdge(off) {
  return Math.abs(off - Math.round(off));
}
