/**
 * The land around the bay: meadow, trees, beach, and the surf along it. Pure painting.
 *
 * The coast is a rounded rectangle that wavers, a little outside the bounds: a boat at the border still floats.
 */

import { Picture, gallery } from "./brush.js";
import { chanceAt } from "./chance.js";
import { disc } from "./strokes.js";

const OUTSIDE_UNITS = 44;
const CORNER_UNITS = 90;
const STEP_UNITS = 22;
const BEACH_UNITS = 62;
const REACH_UNITS = 260;
const TREE_CELL = 74;
const SHALLOWS = [
  [150, "rgb(150 226 212 / 14%)"],
  [84, "rgb(176 236 222 / 20%)"],
  [34, "rgb(236 252 244 / 42%)"],
];

const coasts = new Map();

/** Whether any of the shore can be in view. */
export function isShoreInView([left, top, right, bottom], bounds) {
  const inner = [bounds[0] + REACH_UNITS, bounds[1] + REACH_UNITS, bounds[2] - REACH_UNITS, bounds[3] - REACH_UNITS];
  return left < inner[0] || top < inner[1] || right > inner[2] || bottom > inner[3];
}

/** Everything that is not water. */
export function paintLand(brush, view, bounds) {
  const [left, top, right, bottom] = view;
  const { context } = brush;
  context.fillStyle = "#7fa667";
  context.fillRect(left, top, right - left, bottom - top);
  fill(context, coast(bounds, BEACH_UNITS + 150), "#8bb06d");
  fill(context, coast(bounds, BEACH_UNITS + 18), "#a9c07c");
  fill(context, coast(bounds, BEACH_UNITS), "#efdcab");
  fill(context, coast(bounds, 16), "#dcc592");
  for (const { x, y, size, sort } of growth(view, bounds)) brush.stamp(plant(sort), x, y, 0, size);
  brush.toWorld();
}

/** Makes what follows stay in the water. */
export function clipToWater(context, bounds) {
  context.clip(coast(bounds, 0));
}

/** Pale bands along the beach and the line of the surf, which breathe with the swell. */
export function paintSurf(context, bounds, waveMs) {
  for (const [width, colour] of SHALLOWS) {
    context.lineWidth = width + 7 * Math.sin(waveMs / 1500 + width);
    context.strokeStyle = colour;
    context.stroke(coast(bounds, 0));
  }
  context.lineWidth = 3;
  context.strokeStyle = "rgb(255 255 255 / 55%)";
  context.stroke(coast(bounds, -16 - Math.round(3 * (1 + Math.sin(waveMs / 1500))) * 2));
}

/** How far a place is from the nearest side of the bay; negative on land. */
export function distanceInside(x, y, [left, top, right, bottom]) {
  return Math.min(x - left, right - x, y - top, bottom - y);
}

function fill(context, path, colour) {
  context.fillStyle = colour;
  context.fill(path);
}

/** The line that runs `margin` units outside the water's edge; made once. */
function coast(bounds, margin) {
  const key = `${bounds} ${margin}`;
  if (!coasts.has(key)) coasts.set(key, makeCoast(bounds, margin));
  return coasts.get(key);
}

function makeCoast(bounds, margin) {
  const path = new Path2D();
  for (const { x, y, outX, outY } of outline(bounds)) {
    // A wave over the plane, not along the line: where the line closes, nothing shows.
    const wave = 9 * Math.sin(x / 83 + y / 71) + 6 * Math.sin(x / 37 - y / 41 + margin / 9);
    const off = OUTSIDE_UNITS + margin + wave;
    path.lineTo(x + outX * off, y + outY * off);
  }
  path.closePath();
  return path;
}

/** Points of the rounded rectangle, each with the direction that leads away from the water. */
function* outline([left, top, right, bottom]) {
  const [x0, y0, x1, y1] = [left + CORNER_UNITS, top + CORNER_UNITS, right - CORNER_UNITS, bottom - CORNER_UNITS];
  const corners = [
    [x1, y0, x0, y0],
    [x1, y1, x1, y0],
    [x0, y1, x1, y1],
    [x0, y0, x0, y1],
  ];
  for (const [at, [toX, toY, fromX, fromY]] of corners.entries()) {
    const angle = ((at - 1) * Math.PI) / 2;
    yield* side(fromX, fromY, toX, toY, angle);
    yield* bend(toX, toY, angle);
  }
}

function* side(fromX, fromY, toX, toY, angle) {
  const steps = Math.ceil(Math.hypot(toX - fromX, toY - fromY) / STEP_UNITS);
  for (let step = 0; step < steps; step++) {
    const part = step / steps;
    yield outward(fromX + part * (toX - fromX), fromY + part * (toY - fromY), angle);
  }
}

function* bend(x, y, angle) {
  for (let step = 0; step < 8; step++) yield outward(x, y, angle + (step / 8) * (Math.PI / 2));
}

function outward(x, y, angle) {
  const [outX, outY] = [Math.cos(angle), Math.sin(angle)];
  return { x: x + outX * CORNER_UNITS, y: y + outY * CORNER_UNITS, outX, outY };
}

function* growth([left, top, right, bottom], bounds) {
  for (let column = Math.floor(left / TREE_CELL) - 1; column <= right / TREE_CELL + 1; column++) {
    for (let row = Math.floor(top / TREE_CELL) - 1; row <= bottom / TREE_CELL + 1; row++) {
      const x = (column + chanceAt(column, row, 11)) * TREE_CELL;
      const y = (row + chanceAt(column, row, 12)) * TREE_CELL;
      const inland = -distanceInside(x, y, bounds) - OUTSIDE_UNITS - BEACH_UNITS;
      const chance = chanceAt(column, row, 13);
      if (inland < 34 || chance > 0.86) continue;
      const sort = chance < 0.1 ? "rock" : chance < 0.42 ? "pine" : "oak";
      yield { x, y, sort, size: 0.65 + 0.6 * chanceAt(column, row, 14) };
    }
  }
}

const plant = gallery((sort) => new Picture(96, 96, PLANTS[sort], { density: 1.6 }));

const PLANTS = {
  oak: (context) => {
    disc(context, 7, 9, 27, "rgb(24 50 34 / 30%)");
    for (const [x, y, radius, colour] of CROWN) disc(context, x, y, radius, colour);
  },
  pine: (context) => {
    disc(context, 7, 9, 21, "rgb(24 50 34 / 30%)");
    for (const [radius, colour] of [[22, "#3c6b4c"], [16, "#487d56"], [10, "#578f62"], [4, "#6aa372"]]) {
      star(context, radius, colour);
    }
  },
  rock: (context) => {
    disc(context, 3, 5, 14, "rgb(24 50 34 / 30%)");
    disc(context, 0, 0, 13, "#9aa39a");
    disc(context, -3, -4, 8, "#b4bcb0");
  },
};
const CROWN = [
  [0, 0, 25, "#4f7f47"],
  [-9, -5, 15, "#5f9152"],
  [9, 3, 14, "#58894d"],
  [-3, -10, 11, "#73a45f"],
  [6, -8, 8, "#6a9b59"],
];

function star(context, radius, colour) {
  context.fillStyle = colour;
  context.beginPath();
  for (let point = 0; point < 18; point++) {
    const away = point % 2 === 0 ? radius : radius * 0.74;
    context.lineTo(away * Math.cos((point / 9) * Math.PI), away * Math.sin((point / 9) * Math.PI));
  }
  context.fill();
}
