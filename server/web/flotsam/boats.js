/**
 * Boats: hulls in the colour of their players' nodes, oars that work, cargo that one can see. Pure painting.
 *
 * A boat is three stamps: its wake, its hull with all that lies in it, its crew at work.
 */

import { crew, hull, ownRing, wake } from "./boat_pictures.js";
import { BRASS, nodeColour } from "./colours.js";
import { DRIFTING } from "./scene.js";
import { arc } from "./strokes.js";

const FULL_SPEED = 380;
const PHASES = 20;
/** From so much gold, and so much oil, on a heap is drawn one step larger; below so much hull it leaks one step more. */
const GOLD_STEPS = [1, 12, 40, 120];
const OIL_STEPS = [1, 6, 18];
const HULL_STEPS = [70, 40];

/** Paints a boat of the scene where it is shown. */
export function paintBoat(brush, boat) {
  const { x, y, heading, speed } = boat;
  const isRowing = speed > DRIFTING;
  if (isRowing) {
    brush.context.globalAlpha = Math.min(1, speed / FULL_SPEED);
    brush.stamp(wake(), x, y, heading);
    brush.context.globalAlpha = 1;
  }
  boat.look ??= hullOf(boat.fields);
  brush.stamp(boat.look, x, y, heading);
  brush.stampOver(crew(isRowing ? Math.floor((boat.stroke / (2 * Math.PI)) * PHASES) % PHASES : -1));
}

/** Marks the player's own boat: a ring on the water. */
export function paintOwnMark(brush, { x, y }, waveMs) {
  brush.stamp(ownRing(), x, y, waveMs / 4000, 1 + 0.03 * Math.sin(waveMs / 600));
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

function hullOf({ node, gold, oil, hull: whole }) {
  const leaks = HULL_STEPS.filter((step) => whole < step).length;
  return hull(`${nodeColour(node)} ${stepOf(GOLD_STEPS, gold)} ${stepOf(OIL_STEPS, oil)} ${leaks}`);
}

function stepOf(steps, amount) {
  return steps.filter((step) => amount >= step).length;
}
