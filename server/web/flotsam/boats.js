/**
 * Boats: hulls in the colour of their players' nodes, oars that work, cargo that one can see. Pure painting.
 */

import { badLeaks, barrels, goldHeap, hull, leaks, oar, ownRing, rower, wake } from "./boat_pictures.js";
import { BRASS, nodeColour } from "./colours.js";
import { DRIFTING } from "./scene.js";
import { arc } from "./strokes.js";

const FULL_SPEED = 380;
/** From so much gold, and so much oil, on a heap is drawn one step larger. */
const GOLD_STEPS = [1, 12, 40, 120];
const OIL_STEPS = [1, 6, 18];

/** Paints a boat of the scene where it is shown. */
export function paintBoat(brush, boat) {
  const { x, y, heading, speed, fields } = boat;
  const { context } = brush;
  if (speed > DRIFTING) {
    context.globalAlpha = Math.min(1, speed / FULL_SPEED);
    brush.stamp(wake, x, y, heading);
    context.globalAlpha = 1;
  }
  paintOars(brush, boat);
  brush.stamp(hull(nodeColour(fields.node)), x, y, heading);
  const gold = stepOf(GOLD_STEPS, fields.gold);
  const oil = stepOf(OIL_STEPS, fields.oil);
  if (gold > 0) brush.stampOver(goldHeap(gold), -15, 0);
  if (oil > 0) brush.stampOver(barrels(oil), 11, 0);
  if (fields.hull < 70) brush.stampOver(fields.hull < 40 ? badLeaks : leaks);
  brush.stampOver(rower, speed > DRIFTING ? -3 + 2.4 * Math.cos(boat.stroke) : -3);
}

/** Marks the player's own boat: a ring on the water. */
export function paintOwnMark(brush, { x, y }, waveMs) {
  brush.stamp(ownRing, x, y, waveMs / 4000, 1 + 0.03 * Math.sin(waveMs / 600));
}

/** How far the work on a wreck is, from 0 to 1. */
export function paintWork(brush, { x, y }, part) {
  const { context } = brush;
  brush.toPlace(x, y);
  context.lineWidth = 6;
  context.strokeStyle = "rgb(6 40 58 / 60%)";
  arc(context, 0, 0, 44, 0, 2 * Math.PI);
  context.strokeStyle = BRASS;
  arc(context, 0, 0, 44, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * Math.min(1, part));
}

function paintOars(brush, { x, y, heading, speed, stroke }) {
  const isRowing = speed > DRIFTING;
  const swing = isRowing ? 0.55 * Math.cos(stroke) : 0.3;
  // In the air an oar is nearer to the eye.
  const size = isRowing ? 1 + 0.1 * Math.sin(stroke) : 1;
  for (const side of [-1, 1]) {
    const angle = heading + side * (Math.PI / 2 + swing);
    const lateral = heading + (side * Math.PI) / 2;
    brush.stamp(oar, x + 8 * Math.cos(lateral), y + 8 * Math.sin(lateral), angle, size);
  }
}

function stepOf(steps, amount) {
  let step = 0;
  while (step < steps.length && amount >= steps[step]) step++;
  return step;
}
