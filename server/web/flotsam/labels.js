/**
 * Names, shouts and numbers over the bay, in CSS pixels. Everything a player wrote is drawn as text, never as markup.
 */

const FONT = 'ui-rounded, "SF Pro Rounded", Nunito, system-ui, "Segoe UI", "DejaVu Sans", sans-serif';
const BUBBLE_WIDTH = 210;
const BUBBLE_LINES = 4;
const LINE_HEIGHT = 19;

/** A name below its boat, on a dark rim that keeps it readable on any water. */
export function paintName(context, text, x, y, isOwn) {
  context.font = `${isOwn ? 700 : 600} 13px ${FONT}`;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = "rgb(6 36 50 / 85%)";
  context.strokeText(text, x, y);
  context.fillStyle = isOwn ? "#ffe6a8" : "#ffffff";
  context.fillText(text, x, y);
}

/** A shout in a bubble whose tip is at (x, y); `part` of its time is over. */
export function paintShout(context, text, x, y, part) {
  context.font = `600 14px ${FONT}`;
  const lines = wrapText(context, text);
  const width = Math.max(...lines.map((line) => context.measureText(line).width)) + 24;
  const height = lines.length * LINE_HEIGHT + 14;
  context.globalAlpha = Math.min(1, (1 - part) * 6);
  paintBubble(context, x, y, width, height);
  context.fillStyle = "#12303d";
  context.textAlign = "center";
  context.textBaseline = "middle";
  lines.forEach((line, at) => context.fillText(line, x, y - 10 - height + 7 + (at + 0.5) * LINE_HEIGHT));
  context.globalAlpha = 1;
}

function paintBubble(context, x, y, width, height) {
  context.fillStyle = "#fffaf0";
  context.shadowColor = "rgb(0 30 45 / 35%)";
  context.shadowBlur = 10;
  context.beginPath();
  context.roundRect(x - width / 2, y - 10 - height, width, height, 12);
  context.moveTo(x - 7, y - 10);
  context.lineTo(x, y);
  context.lineTo(x + 7, y - 10);
  context.fill();
  context.shadowBlur = 0;
}

/** Lines no wider than a bubble; words that are too long are cut, and so is what does not fit. */
function wrapText(context, text) {
  const lines = [""];
  for (const word of text.split(/\s+/u).flatMap((long) => pieces(context, long))) {
    const joined = lines.at(-1) === "" ? word : `${lines.at(-1)} ${word}`;
    if (context.measureText(joined).width <= BUBBLE_WIDTH) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  if (lines.length <= BUBBLE_LINES) return lines;
  return [...lines.slice(0, BUBBLE_LINES - 1), `${lines[BUBBLE_LINES - 1]} …`];
}

function pieces(context, word) {
  const cut = [""];
  for (const character of word) {
    if (context.measureText(cut.at(-1) + character).width > BUBBLE_WIDTH) cut.push("");
    cut[cut.length - 1] += character;
  }
  return cut;
}

/** Gold that was just picked up; `part` of its time is over. */
export function paintPicked(context, gold, x, y, part) {
  context.font = `800 18px ${FONT}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.globalAlpha = 1 - part * part;
  context.lineWidth = 5;
  context.strokeStyle = "rgb(60 36 0 / 85%)";
  context.strokeText(`+${gold}`, x, y - 44 * part);
  context.fillStyle = "#ffd76a";
  context.fillText(`+${gold}`, x, y - 44 * part);
  context.globalAlpha = 1;
}
