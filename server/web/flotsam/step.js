/**
 * How boats move: server/games/flotsam/motion.py, bit for bit, so that a stroke can be shown before the server has done it.
 *
 * Pure arithmetic on whole numbers below 2^53; the two roundings are those of doubles, in the same order. A test compares
 * the two on ten thousand random strokes.
 */

/** @import { Fields } from "../sdk/protocol.js" */
/** @import { Input } from "../sdk/prediction.js" */

export const SIZE = 4000;
export const SPEED_PER_S = 400;
export const BURST_MS = 600;

/**
 * Where a stroke leads; the shore stops the boat. World units.
 *
 * @param {number} x
 * @param {number} y
 * @param {number} dx
 * @param {number} dy
 * @returns {[x: number, y: number]}
 */
export function step(x, y, dx, dy) {
  return [Math.min(Math.max(x + dx, 0), SIZE - 1), Math.min(Math.max(y + dy, 0), SIZE - 1)];
}

/**
 * The time that a stroke is worth at full speed, in ms, rounded up.
 *
 * @param {number} dx
 * @param {number} dy
 */
export function effortMs(dx, dy) {
  return Math.ceil((Math.sqrt(dx * dx + dy * dy) * 1000) / SPEED_PER_S);
}

/**
 * When the crew has its full strength back after a stroke (ms since 1970); null: it is too tired for it.
 *
 * @param {number} restedMs the same before the stroke
 * @param {number} nowMs the time of the stroke
 * @param {number} effort what the stroke costs, in ms
 */
export function tire(restedMs, nowMs, effort) {
  const rested = Math.max(restedMs, nowMs) + effort;
  return rested - nowMs > BURST_MS ? null : rested;
}

/**
 * Whether two points are at most `reach` apart, in world units.
 *
 * @param {number} ax
 * @param {number} ay
 * @param {number} bx
 * @param {number} by
 * @param {number} reach
 */
export function isWithin(ax, ay, bx, by, reach) {
  return (ax - bx) * (ax - bx) + (ay - by) * (ay - by) <= reach * reach;
}

/**
 * Whether a point lies before the bow of a boat whose last stroke was (`dx`, `dy`), or right beside it.
 *
 * @param {number} x
 * @param {number} y
 * @param {number} dx
 * @param {number} dy
 * @param {number} toX
 * @param {number} toY
 */
export function isAhead(x, y, dx, dy, toX, toY) {
  return dx * (toX - x) + dy * (toY - y) >= 0;
}

/**
 * The boat after a command: what the SDK's prediction asks for. Only strokes move it.
 *
 * @param {Fields} boat
 * @param {Input} input
 * @returns {Fields}
 */
export function afterCommand(boat, { command, args }) {
  if (command !== "row") return boat;
  const { dx, dy } = /** @type {{ dx: number, dy: number }} */ (args);
  const [x, y] = step(boat.x, boat.y, dx, dy);
  return { ...boat, x, y, dx, dy };
}
