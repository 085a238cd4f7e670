/**
 * What a boat can do where it is, by the game's rules (server/games/flotsam): it lights buttons, the server decides.
 *
 * Pure. Invariant: what is offered here is refused by the server only if something changed on the way.
 */

import { isAhead, isWithin } from "./step.js";

export const GRAB_REACH = 60;
export const SALVAGE_REACH = 80;
export const RAM_REACH = 70;
export const TRADE_REACH = 200;
export const LIGHT_REACH = 160;
/** How long after its crew has rested a boat still has way on, and the shortest stroke that gives any. */
const WAY_MS = 500;
const WAY_STROKE = 20;

/**
 * The nearest of each that is in reach of a boat, or null: `crate`, `wreck`, `partner` (to trade with), `victim` (to ram)
 * and `light`. `boat`: the own boat's fields, `serverMs`: the time of the rules.
 */
export function inReach(scene, id, boat, serverMs) {
  const isOther = (thing) => thing.id !== id;
  return {
    crate: nearest(scene.of("Crate"), boat, GRAB_REACH, squareDistance),
    wreck: boat.salvages ? null : nearest(scene.of("Wreck"), boat, SALVAGE_REACH),
    partner: nearest(scene.of("Boat"), boat, TRADE_REACH, distance, isOther),
    victim: canRam(boat, serverMs)
      ? nearest(scene.of("Boat"), boat, RAM_REACH, distance, (other) => isOther(other) && isBefore(boat, other.fields))
      : null,
    light: nearest(scene.of("Lighthouse"), boat, LIGHT_REACH),
  };
}

/** Whether the crew has breath and the boat has way on. */
export function canRam({ dx, dy, rested_ms: restedMs, rams_ms: ramsMs }, serverMs) {
  return serverMs >= ramsMs && serverMs <= restedMs + WAY_MS && dx * dx + dy * dy >= WAY_STROKE * WAY_STROKE;
}

function isBefore(boat, other) {
  return isAhead(boat.x, boat.y, boat.dx, boat.dy, other.x, other.y);
}

function nearest(things, boat, reach, measure = distance, isWanted = () => true) {
  let best = null;
  let least = Infinity;
  for (const thing of things) {
    const away = measure(boat, thing.fields);
    if (away < least && isInReach(boat, thing.fields, reach, measure) && isWanted(thing)) {
      best = thing;
      least = away;
    }
  }
  return best;
}

function isInReach(boat, fields, reach, measure) {
  if (measure === squareDistance) return squareDistance(boat, fields) <= reach;
  return isWithin(boat.x, boat.y, fields.x, fields.y, reach);
}

function distance(boat, { x, y }) {
  return Math.hypot(x - boat.x, y - boat.y);
}

/** Crates are reached for along each axis. */
function squareDistance(boat, { x, y }) {
  return Math.max(Math.abs(x - boat.x), Math.abs(y - boat.y));
}
