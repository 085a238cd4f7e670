/**
 * The land around the bay: meadow, trees, beach, and the pale water along it. Pure painting.
 *
 * The coast is a rounded rectangle that wavers, a little outside the bounds: a boat at the border still floats.
 */

import { chanceAt } from "./chance.js";

const OUTSIDE_UNITS = 44;
const CORNER_UNITS = 90;
const STEP_UNITS = 22;
const BEACH_UNITS = 62;
const REACH_UNITS = 260;
const TREE_CELL = 74;
const SHALLOWS = [
  [230, "rgb(120 205 200 / 16%)"],
  [130, "rgb(140 218 208 / 20%)"],
  [52, "rgb(200 240 225 / 30%)"],
];

const coasts = new Map();

/** Whether any of the shore can be in view. */
export function isShoreInView([left, top, right, bottom], bounds) {
  const inner = [bounds[0] + REACH_UNITS, bounds[1] + REACH_UNITS, bounds[2] - REACH_UNITS, bounds[3] - REACH_UNITS];
  return left < inner[0] || top < inner[1] || right > inner[2] || bottom > inner[3];
}

/** Everything that is not water; then the water's own colour within the coast. */
export function paintLand(context, view, bounds, water) {
  const [left, top, right, bottom] = view;
  context.fillStyle = "#86ad6c";
  context.fillRect(left, top, right - left, bottom - top);
  fill(context, coast(bounds, BEACH_UNITS + 16), "#a3bf7a");
  for (const tree of trees(view, bounds)) paintTree(context, tree);
  fill(context, coast(bounds, BEACH_UNITS), "#ecd9a6");
  fill(context, coast(bounds, 12), "#d8c08a");
  fill(context, coast(bounds, 0), water);
}

/** Makes what follows stay in the water. */
export function clipToWater(context, bounds) {
  context.clip(coast(bounds, 0));
}

/** Pale bands along the beach, which breathe with the swell. */
export function paintShallows(context, bounds, timeMs) {
  for (const [width, colour] of SHALLOWS) {
    context.lineWidth = width + 7 * Math.sin(timeMs / 1500 + width);
    context.strokeStyle = colour;
    context.stroke(coast(bounds, 0));
  }
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

function* trees([left, top, right, bottom], bounds) {
  for (let column = Math.floor(left / TREE_CELL) - 1; column <= right / TREE_CELL + 1; column++) {
    for (let row = Math.floor(top / TREE_CELL) - 1; row <= bottom / TREE_CELL + 1; row++) {
      const x = (column + chanceAt(column, row, 11)) * TREE_CELL;
      const y = (row + chanceAt(column, row, 12)) * TREE_CELL;
      const isInland = distanceOutside(x, y, bounds) > OUTSIDE_UNITS + BEACH_UNITS + 34;
      if (isInland && chanceAt(column, row, 13) < 0.72) yield { x, y, radius: 15 + 15 * chanceAt(column, row, 14) };
    }
  }
}

function distanceOutside(x, y, [left, top, right, bottom]) {
  return Math.max(left - x, x - right, top - y, y - bottom);
}

function paintTree(context, { x, y, radius }) {
  paintDisc(context, x + 5, y + 5, radius, "rgb(38 66 40 / 30%)");
  paintDisc(context, x, y, radius, "#5c8a50");
  paintDisc(context, x - radius / 4, y - radius / 4, 0.62 * radius, "#719f5e");
}

function paintDisc(context, x, y, radius, colour) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
}
