/** The pictures that a boat is stamped from, painted when they are first used. Pure painting. */

import { Picture, gallery, lazily } from "./brush.js";
import { BRASS, DARK_WOOD, SAIL, WOOD } from "./colours.js";
import { arc, disc, line, mixed } from "./strokes.js";

const PHASES = 20;

/** By colour of the hull and steps of gold, oil and leaks, as words in one key. */
export const hull = gallery((key) => new Picture(84, 46, (context) => paintLoaded(context, ...key.split(" "))));
/** By phase of the stroke, 0 to 19; -1: at rest. */
export const crew = gallery((phase) => new Picture(60, 100, (context) => paintCrew(context, phase)));
export const wake = lazily(() => new Picture(124, 84, paintWake, { ahead: 35 }));
export const ownRing = lazily(() => new Picture(110, 110, paintRing));

function paintLoaded(context, colour, gold, oil, leaks) {
  paintHull(context, colour);
  if (leaks > 0) paintLeaks(context, leaks === "1" ? 3 : 7);
  context.translate(-15, 0);
  paintGold(context, Number(gold));
  context.translate(26, 0);
  paintBarrels(context, Number(oil));
}

function paintCrew(context, phase) {
  const isRowing = phase >= 0;
  const angle = (phase / PHASES) * 2 * Math.PI;
  const swing = isRowing ? 0.55 * Math.cos(angle) : 0.3;
  for (const side of [-1, 1]) {
    context.save();
    context.translate(0, 8 * side);
    context.rotate(side * (Math.PI / 2 + swing));
    // In the air an oar is nearer to the eye.
    const size = isRowing ? 1 + 0.1 * Math.sin(angle) : 1;
    context.scale(size, size);
    paintOar(context);
    context.restore();
  }
  context.translate(isRowing ? -3 + 2.4 * Math.cos(angle) : -3, 0);
  paintRower(context);
}

function hullPath(context, grow = 0) {
  const [long, wide] = [31 + grow, 12.5 + grow];
  context.beginPath();
  context.moveTo(long, 0);
  context.bezierCurveTo(long * 0.55, -wide * 1.02, -long * 0.3, -wide * 1.12, -long * 0.88, -wide * 0.66);
  context.quadraticCurveTo(-long * 0.97, 0, -long * 0.88, wide * 0.66);
  context.bezierCurveTo(-long * 0.3, wide * 1.12, long * 0.55, wide * 1.02, long, 0);
  context.closePath();
}

function paintHull(context, colour) {
  context.save();
  context.filter = "blur(2px)";
  context.translate(2, 4);
  hullPath(context, 2.5);
  context.fillStyle = "rgb(2 32 48 / 45%)";
  context.fill();
  context.restore();
  hullPath(context, 2.2);
  context.fillStyle = "rgb(234 250 246 / 55%)";
  context.fill();
  hullPath(context);
  context.fillStyle = shaded(context, colour);
  context.fill();
  context.lineWidth = 1.6;
  context.strokeStyle = "rgb(255 243 214 / 95%)";
  hullPath(context, -1.2);
  context.stroke();
  paintInside(context);
}

function shaded(context, colour) {
  const across = context.createLinearGradient(0, -14, 0, 14);
  across.addColorStop(0, mixed(colour, "#ffffff", 0.25));
  across.addColorStop(0.45, colour);
  across.addColorStop(1, mixed(colour, "#06283a", 0.35));
  return across;
}

function paintInside(context) {
  hullPath(context, -4.6);
  const floor = context.createLinearGradient(0, -9, 0, 9);
  floor.addColorStop(0, "#8a5d37");
  floor.addColorStop(0.3, "#b98750");
  floor.addColorStop(1, WOOD);
  context.fillStyle = floor;
  context.fill();
  context.save();
  context.clip();
  context.strokeStyle = "rgb(90 56 28 / 55%)";
  context.lineWidth = 0.8;
  for (const at of [-5, -1.7, 1.7, 5]) line(context, -30, at, 30, at * 0.4);
  context.restore();
  for (const at of [-21, -3, 17]) {
    context.fillStyle = "rgb(50 28 12 / 45%)";
    context.fillRect(at - 1.6, -8 + Math.abs(at) / 8, 4.6, 16 - Math.abs(at) / 4);
    context.fillStyle = at === -3 ? "#d8ae74" : DARK_WOOD;
    context.fillRect(at - 2.2, -8.4 + Math.abs(at) / 8, 4, 16.8 - Math.abs(at) / 4);
  }
}

function paintRower(context) {
  disc(context, 1, 1.5, 8, "rgb(20 20 20 / 30%)");
  context.fillStyle = "#24506b";
  context.beginPath();
  context.ellipse(-1, 0, 4.4, 7.4, 0, 0, 2 * Math.PI);
  context.fill();
  context.strokeStyle = "#f0c9a0";
  context.lineWidth = 2.4;
  context.lineCap = "round";
  line(context, 0, -6, 5, -8);
  line(context, 0, 6, 5, 8);
  disc(context, 0.5, 0, 4.3, "#f0c9a0");
  disc(context, -0.4, 0, 3.7, "#f7f2e4");
  disc(context, -0.4, 0, 1.3, "#d9534a");
}

function paintOar(context) {
  context.strokeStyle = "#e8cf9d";
  context.lineWidth = 2.2;
  context.lineCap = "round";
  line(context, -6, 0, 24, 0);
  context.fillStyle = SAIL;
  context.beginPath();
  context.ellipse(28, 0, 7.5, 3.2, 0, 0, 2 * Math.PI);
  context.fill();
  context.strokeStyle = "rgb(6 40 58 / 35%)";
  context.lineWidth = 0.7;
  context.stroke();
}

/** Two crests that spread behind the boat, and churned water between them. */
function paintWake(context) {
  const churn = context.createLinearGradient(10, 0, -80, 0);
  churn.addColorStop(0, "rgb(234 250 246 / 50%)");
  churn.addColorStop(1, "rgb(234 250 246 / 0%)");
  context.fillStyle = churn;
  context.beginPath();
  context.moveTo(-18, -7);
  context.quadraticCurveTo(-50, -9, -88, -16);
  context.lineTo(-88, 16);
  context.quadraticCurveTo(-50, 9, -18, 7);
  context.fill();
  for (const [width, part] of [[7, 20], [2.6, 75]]) {
    const foam = context.createLinearGradient(30, 0, -85, 0);
    foam.addColorStop(0, `rgb(240 253 250 / ${part}%)`);
    foam.addColorStop(1, "rgb(240 253 250 / 0%)");
    context.strokeStyle = foam;
    context.lineWidth = width;
    for (const side of [-1, 1]) {
      context.beginPath();
      context.moveTo(31, side * 2);
      context.bezierCurveTo(4, side * 19, -28, side * 21, -86, side * 38);
      context.stroke();
    }
  }
}

function paintGold(context, step) {
  const coins = [[0, 0], [3.4, 2.6], [-3, 3], [0.5, -4], [-4, -2.4], [4.4, -2.2], [1, 5.6], [-1, 1]];
  for (const [x, y] of coins.slice(0, 2 * step)) {
    disc(context, x + 0.5, y + 0.9, 2.9, "rgb(60 34 0 / 60%)");
    disc(context, x, y, 2.7, BRASS);
    disc(context, x - 0.5, y - 0.6, 1.2, "#ffe9a6");
  }
}

function paintBarrels(context, step) {
  for (const [x, y] of [[0, 0], [-1, -6.4], [-1, 6.4]].slice(0, step)) {
    context.fillStyle = "#33475c";
    context.beginPath();
    context.roundRect(x - 5, y - 3, 10, 6, 2.4);
    context.fill();
    context.fillStyle = "#8fb7c9";
    context.fillRect(x - 2.6, y - 3, 1.1, 6);
    context.fillRect(x + 1.8, y - 3, 1.1, 6);
  }
}

function paintLeaks(context, many) {
  context.fillStyle = "rgb(38 120 150 / 75%)";
  for (let leak = 0; leak < many; leak++) {
    context.beginPath();
    context.ellipse(-18 + leak * 5.5, ((leak * 7) % 9) - 4, 4.2, 2.2, leak, 0, 2 * Math.PI);
    context.fill();
  }
}

function paintRing(context) {
  context.strokeStyle = "rgb(242 193 78 / 30%)";
  context.lineWidth = 7;
  arc(context, 0, 0, 46, 0, 2 * Math.PI);
  context.strokeStyle = "rgb(255 236 180 / 90%)";
  context.lineWidth = 2;
  context.setLineDash([9, 7.06]);
  arc(context, 0, 0, 46, 0, 2 * Math.PI);
}
