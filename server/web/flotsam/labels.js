/**
 * Words over the bay, in CSS pixels: names, shouts, numbers. Everything a player wrote is drawn as text, never as markup.
 *
 * A text is painted once and stamped from then on: outlines of letters are the dearest thing on the picture.
 * Owns the pictures of texts. Invariant: no more than MOST_TEXTS are kept.
 */

import { painted } from "./brush.js";

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
const MOST_TEXTS = 500;
const NAME_WIDTH = 150;
const BUBBLE_WIDTH = 210;
const BUBBLE_LINES = 4;
const LINE_HEIGHT = 19;
/** Marks that turn the direction of writing, and others that are not there to be read. */
const UNREADABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu;

/** What is shown of a text that somebody else wrote. */
export function readable(text) {
  return String(text).replace(UNREADABLE, "").trim();
}

let ruler = null;

export class Labels {
  constructor(context) {
    this.context = context;
    this.ratio = 1;
    this.texts = new Map();
  }

  /** What is written next goes to CSS pixels, at so many device pixels each. */
  aim(ratio) {
    if (ratio !== this.ratio) this.texts.clear();
    this.ratio = ratio;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** A name below its boat, after a dot in the colour of its node. */
  name(text, x, y, colour, isOwn) {
    this.#stamp(`n${isOwn}${colour}${text}`, x, y, () => namePicture(readable(text), colour, isOwn, this.ratio));
  }

  /** Words that belong to a place. */
  caption(text, x, y) {
    this.#stamp(`c${text}`, x, y, () => captionPicture(text, this.ratio));
  }

  /** A shout in a bubble whose tip is at (x, y). */
  shout(text, x, y, opacity) {
    this.context.globalAlpha = opacity;
    this.#stamp(`s${text}`, x, y, () => shoutPicture(readable(text), this.ratio), 1);
    this.context.globalAlpha = 1;
  }

  /** A number that rises from (x, y). */
  number(text, x, y, colour, opacity) {
    this.context.globalAlpha = opacity;
    this.#stamp(`+${colour}${text}`, x, y, () => numberPicture(text, colour, this.ratio), 0.5);
    this.context.globalAlpha = 1;
  }

  /** Hull below a name, from 0 to 1. */
  hull(x, y, part) {
    const { context } = this;
    context.fillStyle = "rgb(6 36 50 / 85%)";
    context.fillRect(x - 23, y, 46, 6);
    context.fillStyle = part < 0.4 ? "#ff8a70" : part < 0.7 ? "#f2c14e" : "#6fdc9a";
    context.fillRect(x - 22, y + 1, 44 * part, 4);
  }

  /** `rise`: how much of the picture stands above the point. */
  #stamp(key, x, y, paint, rise = 0) {
    let picture = this.texts.get(key);
    if (picture === undefined) {
      if (this.texts.size >= MOST_TEXTS) this.texts.delete(this.texts.keys().next().value);
      this.texts.set(key, (picture = paint()));
    }
    const { width, height } = picture;
    const [wide, high] = [width / this.ratio, height / this.ratio];
    this.context.drawImage(picture, Math.round(x - wide / 2), Math.round(y - rise * high), wide, high);
  }
}

// ---- pictures ----------------------------------------------------------------------------------------------------

/** A picture of so many CSS pixels, painted with `font` set. */
function sheet(width, height, font, ratio, paint) {
  return painted(Math.ceil(width * ratio), Math.ceil(height * ratio), (context) => {
    context.scale(ratio, ratio);
    context.font = font;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    paint(context);
  });
}

function measured(text, font) {
  ruler ??= new OffscreenCanvas(1, 1).getContext("2d");
  ruler.font = font;
  return ruler.measureText(text).width;
}

function namePicture(text, colour, isOwn, ratio) {
  const font = `${isOwn ? 700 : 600} 13px ${FONT}`;
  const shown = fitted(text, font, NAME_WIDTH);
  const width = measured(shown, font);
  return sheet(width + 34, 22, font, ratio, (context) => {
    outlined(context, shown, 22, 11, isOwn ? "#ffe6a8" : "#ffffff");
    context.beginPath();
    context.arc(12, 10.5, 5, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.lineWidth = 1.6;
    context.strokeStyle = "#ffffff";
    context.stroke();
  });
}

function captionPicture(text, ratio) {
  const font = `italic 600 13px Georgia, "DejaVu Serif", serif`;
  const lines = text.split("\n").map((line) => fitted(line, font, 200));
  const width = Math.max(...lines.map((line) => measured(line, font)));
  return sheet(width + 12, 18 * lines.length + 4, font, ratio, (context) => {
    context.textAlign = "center";
    lines.forEach((line, row) => outlined(context, line, width / 2 + 6, 11 + 18 * row, row === 0 ? "#fff3d6" : "#d7e8e6"));
  });
}

function numberPicture(text, colour, ratio) {
  const font = `800 17px ${FONT}`;
  return sheet(measured(text, font) + 14, 28, font, ratio, (context) => outlined(context, text, 7, 14, colour));
}

/** On a dark rim that keeps it readable on any water. */
function outlined(context, text, x, y, colour) {
  context.lineWidth = 4;
  context.strokeStyle = "rgb(6 36 50 / 88%)";
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

function shoutPicture(text, ratio) {
  const font = `600 14px ${FONT}`;
  const lines = wrapped(text, font);
  const wide = Math.max(...lines.map((line) => measured(line, font))) + 26;
  const high = lines.length * LINE_HEIGHT + 14;
  return sheet(wide + 24, high + 26, font, ratio, (context) => {
    context.translate(wide / 2 + 12, high + 18);
    context.shadowColor = "rgb(0 30 45 / 45%)";
    context.shadowBlur = 8 * ratio;
    context.fillStyle = "#fffaf0";
    context.beginPath();
    context.roundRect(-wide / 2, -10 - high, wide, high, 12);
    context.moveTo(-7, -10);
    context.lineTo(0, 0);
    context.lineTo(7, -10);
    context.fill();
    context.shadowColor = "transparent";
    context.fillStyle = "#12303d";
    context.textAlign = "center";
    lines.forEach((line, row) => context.fillText(line, 0, -3 - high + (row + 0.5) * LINE_HEIGHT));
  });
}

/** As much of a text as is no wider than `most`. */
function fitted(text, font, most) {
  if (measured(text, font) <= most) return text;
  const characters = [...text];
  while (characters.length > 1 && measured(`${characters.join("")}…`, font) > most) characters.pop();
  return `${characters.join("")}…`;
}

/** Lines no wider than a bubble; words that are too long are cut, and so is what does not fit. */
function wrapped(text, font) {
  const lines = [""];
  for (const word of text.split(/\s+/u).flatMap((long) => pieces(long, font))) {
    const joined = lines.at(-1) === "" ? word : `${lines.at(-1)} ${word}`;
    if (measured(joined, font) <= BUBBLE_WIDTH) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  if (lines.length <= BUBBLE_LINES) return lines;
  return [...lines.slice(0, BUBBLE_LINES - 1), `${lines[BUBBLE_LINES - 1]} …`];
}

function pieces(word, font) {
  const cut = [""];
  for (const character of word) {
    if (measured(cut.at(-1) + character, font) > BUBBLE_WIDTH) cut.push("");
    cut[cut.length - 1] += character;
  }
  return cut;
}
