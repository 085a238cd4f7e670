/** The storm: clouds that turn, rain beneath them, now and then a flash. Pure painting. */

import { chanceAt } from "./chance.js";
import { Picture, lazily } from "./brush.js";
import { disc } from "./strokes.js";

/** The radius that the picture of the clouds is painted for. */
const RADIUS = 320;
const REACH = 1.25;
const FLASH_EVERY_MS = 4600;
const FLASH_MS = 130;
const DROPS = 70;

/** What lies on the water: a shadow, and rain. */
export function paintRain(brush, { x, y, fields }, waveMs) {
  const size = fields.radius / RADIUS;
  brush.stamp(shadow(), x, y, 0, size);
  const { context } = brush;
  context.strokeStyle = "rgb(214 236 240 / 42%)";
  context.lineWidth = 1.6;
  context.beginPath();
  for (let drop = 0; drop < DROPS; drop++) {
    const fall = (waveMs / 420 + chanceAt(drop, 1)) % 1;
    const angle = 6.28 * chanceAt(drop, Math.floor(waveMs / 420 + chanceAt(drop, 1)), 2);
    const away = RADIUS * 0.95 * Math.sqrt(chanceAt(drop, 3));
    const [dropX, dropY] = [away * Math.cos(angle) - 26 * fall, away * Math.sin(angle) + 42 * fall];
    context.moveTo(dropX, dropY);
    context.lineTo(dropX - 8, dropY + 15);
  }
  context.stroke();
}

/** What hangs over the boats; `isLively`: with flashes. */
export function paintClouds(brush, { x, y, fields }, waveMs, isLively) {
  const size = fields.radius / RADIUS;
  brush.stamp(clouds(), x, y, waveMs / 14000, size);
  brush.stamp(clouds(), x, y, 2 - waveMs / 9000, size * 0.72);
  const sinceMs = waveMs % FLASH_EVERY_MS;
  if (!isLively || sinceMs > FLASH_MS) return;
  brush.context.globalAlpha = 0.5 * (1 - sinceMs / FLASH_MS);
  brush.stamp(flash(), x, y, 0, size);
  brush.context.globalAlpha = 1;
}

const shadow = lazily(() => new Picture(2 * RADIUS * REACH, 2 * RADIUS * REACH, paintShadow, { density: 0.4 }));
const clouds = lazily(() => new Picture(2 * RADIUS * REACH, 2 * RADIUS * REACH, paintCloud, { density: 0.5 }));
const flash = lazily(() => new Picture(2 * RADIUS, 2 * RADIUS, paintFlash, { density: 0.3 }));

function paintShadow(context) {
  const reach = RADIUS * REACH;
  const dark = context.createRadialGradient(0, 0, RADIUS * 0.2, 0, 0, reach);
  dark.addColorStop(0, "rgb(6 26 42 / 62%)");
  dark.addColorStop(0.7, "rgb(6 26 42 / 42%)");
  dark.addColorStop(1, "rgb(6 26 42 / 0%)");
  context.fillStyle = dark;
  context.fillRect(-reach, -reach, 2 * reach, 2 * reach);
}

/** Puffs along three arms of a spiral, the eye left open. */
function paintCloud(context) {
  context.filter = "blur(14px)";
  for (let puff = 0; puff < 54; puff++) {
    const along = (puff % 18) / 18;
    const angle = Math.floor(puff / 18) * 2.094 + along * 2.6;
    const away = RADIUS * (0.26 + 0.68 * along);
    const radius = RADIUS * (0.1 + 0.1 * chanceAt(puff, 5)) * (1.15 - 0.5 * along);
    const light = 176 + Math.round(60 * chanceAt(puff, 6));
    disc(context, away * Math.cos(angle), away * Math.sin(angle), radius, `rgb(${light} ${light + 8} ${light + 14} / 34%)`);
  }
}

function paintFlash(context) {
  const light = context.createRadialGradient(40, -30, 5, 40, -30, RADIUS);
  light.addColorStop(0, "rgb(240 248 255 / 90%)");
  light.addColorStop(1, "rgb(200 224 255 / 0%)");
  context.fillStyle = light;
  context.fillRect(-RADIUS, -RADIUS, 2 * RADIUS, 2 * RADIUS);
}
