/**
 * What floats or stands in the bay besides boats: crates, wrecks, lighthouses, and what this page has never heard of.
 * Pure painting.
 */

import { Picture, gallery, lazily } from "./brush.js";
import { BRASS, DARK_WOOD, FOAM, SAIL, WOOD } from "./colours.js";
import { disc, line } from "./strokes.js";

/** The lantern's height over the water, as seen from above and a little from the south. */
const LANTERN_UP = 92;
const BEAM_UNITS = 330;

export function paintCrate(brush, { id, x, y, fields }, waveMs, isInReach) {
  const phase = waveMs / 700 + id * 2.4;
  if (isInReach) brush.stamp(halo(), x, y, 0, 1 + 0.05 * Math.sin(waveMs / 200));
  const picture = crate(fields.oil > 0 ? "oil" : "gold");
  brush.stamp(picture, x, y + 1.5 * Math.sin(phase), (id % 6) + 0.14 * Math.sin(phase), 1 + 0.03 * Math.sin(phase * 1.7));
}

export function paintWreck(brush, { id, x, y }, waveMs, isInReach) {
  if (isInReach) brush.stamp(halo(), x, y, 0, 1.9 + 0.06 * Math.sin(waveMs / 200));
  brush.stamp(wreck(), x, y, (id * 1.7) % 6.28, 1 + 0.01 * Math.sin(waveMs / 900 + id));
}

/** The rock and the tower; its light is painted apart, over the boats. */
export function paintLighthouse(brush, { x, y, fields }, waveMs) {
  brush.stamp(rock(), x, y, 0, 1 + 0.008 * Math.sin(waveMs / 1100));
  brush.stamp(tower(fields.keeper ? "kept" : "dark"), x, y - 46);
}

/** The beam of a lighthouse that is kept. */
export function paintBeam(brush, { id, x, y, fields }, waveMs) {
  if (!fields.keeper) return;
  brush.context.globalCompositeOperation = "lighter";
  brush.stamp(beam(), x, y - LANTERN_UP, waveMs / 1400 + id);
  brush.stamp(glow(), x, y - LANTERN_UP);
  brush.context.globalCompositeOperation = "source-over";
}

/** A buoy, for kinds that this page does not know. */
export function paintBuoy(brush, { x, y }) {
  brush.stamp(buoy(), x, y);
}

// ---- pictures ----------------------------------------------------------------------------------------------------

const crate = gallery((cargo) => new Picture(48, 48, (context) => paintCargo(context, cargo)));
const halo = lazily(() => new Picture(90, 90, paintHalo));
const wreck = lazily(() => new Picture(150, 130, paintHulk));
const rock = lazily(() => new Picture(300, 260, paintRock, { density: 1.5 }));
const tower = gallery((state) => new Picture(70, 150, (context) => paintTower(context, state === "kept")));
const beam = lazily(() => new Picture(2 * BEAM_UNITS, 2 * BEAM_UNITS, paintRays, { density: 0.6 }));
const glow = lazily(() => new Picture(150, 150, paintGlow, { density: 1 }));
const buoy = lazily(() => new Picture(44, 44, paintFloat));

function paintCargo(context, cargo) {
  context.save();
  context.filter = "blur(1.5px)";
  context.fillStyle = "rgb(2 32 48 / 50%)";
  context.fillRect(-12, -10, 29, 28);
  context.restore();
  context.fillStyle = "rgb(234 250 246 / 45%)";
  context.beginPath();
  context.roundRect(-16.5, -16.5, 33, 33, 6);
  context.fill();
  const lid = context.createLinearGradient(-13, -13, 13, 13);
  lid.addColorStop(0, "#dcb47c");
  lid.addColorStop(1, "#ad7c48");
  context.fillStyle = lid;
  context.fillRect(-14, -14, 28, 28);
  context.strokeStyle = "rgb(90 56 28 / 70%)";
  context.lineWidth = 0.9;
  for (const at of [-5, 0, 5]) line(context, -12, at, 12, at);
  context.strokeStyle = DARK_WOOD;
  context.lineWidth = 3.4;
  context.strokeRect(-12.3, -12.3, 24.6, 24.6);
  line(context, -11, -11, 11, 11);
  disc(context, 0, 0, 6.4, cargo === "oil" ? "#2d4356" : DARK_WOOD);
  disc(context, 0, 0, 4.8, cargo === "oil" ? "#8fd0e6" : BRASS);
}

function paintHalo(context) {
  const ring = context.createRadialGradient(0, 0, 18, 0, 0, 36);
  ring.addColorStop(0, "rgb(242 193 78 / 5%)");
  ring.addColorStop(0.75, "rgb(242 193 78 / 45%)");
  ring.addColorStop(1, "rgb(242 193 78 / 0%)");
  context.fillStyle = ring;
  context.fillRect(-45, -45, 90, 90);
  context.strokeStyle = "#ffe3a0";
  context.lineWidth = 1.8;
  context.beginPath();
  context.arc(0, 0, 27, 0, 2 * Math.PI);
  context.stroke();
}

/** A ship that went down by the stern: half of its deck is under water already. */
function paintHulk(context) {
  context.save();
  context.filter = "blur(9px)";
  disc(context, 4, 4, 38, "rgb(3 38 54 / 40%)");
  context.filter = "none";
  context.beginPath();
  context.moveTo(66, 0);
  context.bezierCurveTo(40, -25, 4, -27, -34, -20);
  context.lineTo(-22, -8);
  context.lineTo(-40, 0);
  context.lineTo(-20, 9);
  context.lineTo(-32, 21);
  context.bezierCurveTo(4, 27, 40, 25, 66, 0);
  context.fillStyle = "rgb(234 250 246 / 38%)";
  context.lineWidth = 6;
  context.strokeStyle = "rgb(234 250 246 / 38%)";
  context.stroke();
  const sunk = context.createLinearGradient(66, 0, -40, 0);
  sunk.addColorStop(0, "#6b4a30");
  sunk.addColorStop(0.55, "#4e3a2c");
  sunk.addColorStop(1, "rgb(24 78 96 / 70%)");
  context.fillStyle = sunk;
  context.fill();
  context.clip();
  context.strokeStyle = "rgb(20 14 10 / 50%)";
  context.lineWidth = 1.2;
  for (const at of [-16, -9, -3, 3, 9, 16]) line(context, -40, at, 66, at * 0.25);
  context.fillStyle = "rgb(12 26 34 / 75%)";
  context.beginPath();
  context.ellipse(4, 3, 15, 8, 0.2, 0, 2 * Math.PI);
  context.fill();
  context.restore();
  context.strokeStyle = "#3a2717";
  context.lineWidth = 4.5;
  context.lineCap = "round";
  line(context, 26, 0, -6, -37);
  context.lineWidth = 2.6;
  line(context, -2, -14, 18, -27);
  context.fillStyle = "rgb(240 232 210 / 80%)";
  context.beginPath();
  context.moveTo(-4, -35);
  context.quadraticCurveTo(4, -26, 15, -25);
  context.lineTo(3, -16);
  context.quadraticCurveTo(-3, -22, -4, -35);
  context.fill();
}

function paintRock(context) {
  const shoal = context.createRadialGradient(0, 4, 30, 0, 4, 126);
  shoal.addColorStop(0, "rgb(160 232 214 / 75%)");
  shoal.addColorStop(0.5, "rgb(120 214 205 / 38%)");
  shoal.addColorStop(1, "rgb(120 214 205 / 0%)");
  context.fillStyle = shoal;
  context.fillRect(-150, -130, 300, 260);
  blob(context, 0, 10, 66, 46, FOAM, 0.75);
  blob(context, 0, 8, 58, 39, "#5d6663", 1);
  blob(context, -4, 2, 51, 32, "#87908a", 1);
  blob(context, -8, -4, 38, 22, "#a7b29a", 1);
  blob(context, -10, -6, 28, 15, "#8fae76", 1);
}

/** An uneven round. */
function blob(context, x, y, wide, high, colour, opacity) {
  context.save();
  context.globalAlpha = opacity;
  context.fillStyle = colour;
  context.beginPath();
  for (let step = 0; step <= 40; step++) {
    const angle = (step / 40) * 2 * Math.PI;
    const off = 1 + 0.07 * Math.sin(3 * angle + 1) + 0.05 * Math.sin(7 * angle);
    context.lineTo(x + wide * off * Math.cos(angle), y + high * off * Math.sin(angle));
  }
  context.fill();
  context.restore();
}

/** The picture's middle is 46 units above the tower's foot. */
function paintTower(context, isKept) {
  const foot = 46;
  context.save();
  context.filter = "blur(3px)";
  context.fillStyle = "rgb(10 30 30 / 40%)";
  context.beginPath();
  context.ellipse(10, foot + 2, 22, 9, 0, 0, 2 * Math.PI);
  context.fill();
  context.restore();
  const wall = context.createLinearGradient(-16, 0, 16, 0);
  for (const [at, colour] of [[0, "#cfc7b4"], [0.35, "#fffdf4"], [1, "#b6ad9a"]]) wall.addColorStop(at, colour);
  const band = context.createLinearGradient(-16, 0, 16, 0);
  for (const [at, colour] of [[0, "#9c3526"], [0.35, "#e4573d"], [1, "#84291c"]]) band.addColorStop(at, colour);
  for (let row = 0; row < 5; row++) {
    context.fillStyle = row % 2 === 0 ? wall : band;
    slab(context, foot - row * 16, foot - (row + 1) * 16, 16 - row * 1.3, 16 - (row + 1) * 1.3);
  }
  context.fillStyle = "#24384a";
  context.fillRect(-13, -38, 26, 5);
  context.fillStyle = isKept ? "#ffe9a0" : "#50636b";
  context.fillRect(-7.5, -52, 15, 14);
  context.strokeStyle = "#24384a";
  context.lineWidth = 1.6;
  for (const at of [-7.5, 0, 7.5]) line(context, at, -52, at, -38);
  context.fillStyle = "#c8432f";
  context.beginPath();
  context.moveTo(-11, -51);
  context.quadraticCurveTo(0, -68, 11, -51);
  context.fill();
  disc(context, 0, -62, 2.2, SAIL);
}

function slab(context, bottom, top, wide, narrow) {
  context.beginPath();
  context.moveTo(-wide, bottom);
  context.quadraticCurveTo(0, bottom + 5, wide, bottom);
  context.lineTo(narrow, top);
  context.quadraticCurveTo(0, top + 5, -narrow, top);
  context.fill();
}

function paintRays(context) {
  for (const side of [0, Math.PI]) {
    context.save();
    context.rotate(side);
    const ray = context.createRadialGradient(0, 0, 8, 0, 0, BEAM_UNITS);
    ray.addColorStop(0, "rgb(255 233 160 / 55%)");
    ray.addColorStop(0.4, "rgb(255 233 160 / 18%)");
    ray.addColorStop(1, "rgb(255 233 160 / 0%)");
    context.fillStyle = ray;
    for (const half of [0.2, 0.13, 0.06]) {
      context.globalAlpha = 0.5;
      context.beginPath();
      context.moveTo(0, 0);
      context.arc(0, 0, BEAM_UNITS, -half, half);
      context.fill();
    }
    context.restore();
  }
}

function paintGlow(context) {
  const light = context.createRadialGradient(0, 0, 2, 0, 0, 75);
  light.addColorStop(0, "rgb(255 240 190 / 90%)");
  light.addColorStop(0.2, "rgb(255 226 140 / 45%)");
  light.addColorStop(1, "rgb(255 226 140 / 0%)");
  context.fillStyle = light;
  context.fillRect(-75, -75, 150, 150);
}

function paintFloat(context) {
  disc(context, 1, 2, 17, "rgb(2 32 48 / 40%)");
  disc(context, 0, 0, 15, SAIL);
  disc(context, 0, 0, 11, "#d9583f");
  disc(context, 0, 0, 4, WOOD);
}
