/**
 * Boats, crates and whatever else floats, in world units around their own middle. Pure painting.
 */

const HULLS = ["#d9583f", "#e3a13b", "#5f9e5a", "#4178b0", "#8a63ab", "#c2607f", "#3f9c93", "#8c6b4f"];
const TRIM = "#fff3d6";
const WOOD = "#c79a62";
const DARK_WOOD = "#8a6238";

/** The colour of a boat's hull: the same on every screen. */
export function hullColour(id) {
  // Ids come in blocks: their last digits alone would give whole fleets one colour.
  return HULLS[(Math.imul(id, 0x9e3779b1) >>> 16) % HULLS.length];
}

/** A rowing boat that points along `heading`; `stroke` is the phase of its oars in radians, `speed` in units/s. */
export function paintBoat(context, { x, y, heading, speed, stroke, colour }) {
  context.save();
  context.translate(x, y);
  context.rotate(heading);
  if (speed > 25) paintWake(context, Math.min(1, speed / 300));
  paintShadow(context);
  paintOars(context, stroke, speed);
  paintHull(context, colour);
  paintRower(context, stroke, speed);
  context.restore();
}

function paintWake(context, strength) {
  const end = -30 - 50 * strength;
  const foam = context.createLinearGradient(4, 0, end, 0);
  foam.addColorStop(0, `rgb(235 250 250 / ${(strength * 70).toFixed(0)}%)`);
  foam.addColorStop(1, "rgb(235 250 250 / 0%)");
  context.strokeStyle = foam;
  context.lineWidth = 3.5;
  for (const side of [-1, 1]) {
    context.beginPath();
    context.moveTo(8, side * 12);
    context.bezierCurveTo(-12, side * 20, -30, side * 17, end, side * (20 + 10 * strength));
    context.stroke();
  }
}

function hullPath(context, grow = 0) {
  const [long, wide] = [30 + grow, 12.5 + grow];
  context.beginPath();
  context.moveTo(long, 0);
  context.bezierCurveTo(long * 0.55, -wide, -long * 0.3, -wide * 1.1, -long * 0.86, -wide * 0.62);
  context.lineTo(-long * 0.86, wide * 0.62);
  context.bezierCurveTo(-long * 0.3, wide * 1.1, long * 0.55, wide, long, 0);
  context.closePath();
}

function paintShadow(context) {
  hullPath(context, 4);
  context.fillStyle = "rgb(4 40 58 / 28%)";
  context.fill();
}

function paintHull(context, colour) {
  hullPath(context);
  context.fillStyle = colour;
  context.fill();
  context.lineWidth = 2;
  context.strokeStyle = TRIM;
  context.stroke();
  hullPath(context, -5);
  context.fillStyle = WOOD;
  context.fill();
  context.fillStyle = DARK_WOOD;
  for (const at of [-15, 9]) context.fillRect(at - 2, -8, 4, 16);
}

function paintRower(context, stroke, speed) {
  const lean = speed > 25 ? 2.5 * Math.cos(stroke) : 0;
  context.fillStyle = "#27455a";
  context.beginPath();
  context.ellipse(-3 + lean, 0, 4.6, 7, 0, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = "#f0c9a0";
  context.beginPath();
  context.arc(-2 + lean * 1.6, 0, 4, 0, 2 * Math.PI);
  context.fill();
}

function paintOars(context, stroke, speed) {
  const swing = speed > 25 ? 0.55 * Math.cos(stroke) : 0.25;
  const reach = speed > 25 ? 1 + 0.08 * Math.sin(stroke) : 1;
  for (const side of [-1, 1]) {
    context.save();
    context.translate(1, side * 9);
    context.rotate(side * (Math.PI / 2 + swing));
    context.scale(reach, 1);
    context.fillStyle = TRIM;
    context.fillRect(-5, -1.2, 26, 2.4);
    context.beginPath();
    context.ellipse(24, 0, 6.5, 3, 0, 0, 2 * Math.PI);
    context.fill();
    context.restore();
  }
}

/** Marks the player's own boat. */
export function paintOwnMark(context, x, y, timeMs) {
  context.strokeStyle = "rgb(255 243 214 / 75%)";
  context.lineWidth = 2.5;
  context.setLineDash([10, 8]);
  context.lineDashOffset = -timeMs / 60;
  context.beginPath();
  context.arc(x, y, 46, 0, 2 * Math.PI);
  context.stroke();
  context.setLineDash([]);
}

/** A crate that bobs; `isInReach` shows that it can be grabbed. */
export function paintCrate(context, x, y, phase, isInReach) {
  context.save();
  context.translate(x, y);
  if (isInReach) paintHalo(context);
  context.rotate(0.16 * Math.sin(phase) + (phase % 6));
  context.scale(1 + 0.04 * Math.sin(phase * 1.7), 1 + 0.04 * Math.sin(phase * 1.7));
  context.fillStyle = "rgb(4 40 58 / 30%)";
  context.fillRect(-12, -11, 27, 27);
  context.fillStyle = WOOD;
  context.fillRect(-13, -13, 26, 26);
  context.strokeStyle = DARK_WOOD;
  context.lineWidth = 3;
  context.strokeRect(-11.5, -11.5, 23, 23);
  context.beginPath();
  context.moveTo(-10, -10);
  context.lineTo(10, 10);
  context.stroke();
  context.restore();
}

function paintHalo(context) {
  context.fillStyle = "rgb(242 193 78 / 28%)";
  context.strokeStyle = "#f2c14e";
  context.lineWidth = 2.5;
  context.beginPath();
  context.arc(0, 0, 27, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
}

/** A buoy, for kinds that this page does not know. */
export function paintBuoy(context, x, y) {
  context.beginPath();
  context.arc(x, y, 13, 0, 2 * Math.PI);
  context.fillStyle = "#d9583f";
  context.fill();
  context.lineWidth = 5;
  context.strokeStyle = TRIM;
  context.stroke();
}
