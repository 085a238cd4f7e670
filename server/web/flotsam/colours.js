/** One palette for canvas and page. A node's colour is the same on every screen, so that players can talk about it. */

export const FOAM = "#eafaf6";
export const SAIL = "#fff3d6";
export const BRASS = "#f2c14e";
export const WOOD = "#c99b63";
export const DARK_WOOD = "#7a5230";
export const INK = "#06283a";
export const DANGER = "#ff8a70";
export const CALM = "#6fdc9a";

/** Told apart by those who see fewer colours as well: they differ in lightness, too. */
const NODES = ["#e8583a", "#8f6be0", "#f3b53f", "#4f9d4a", "#f08bb4", "#3f7fd1", "#9c6a43", "#e9e2d0"];
const UNKNOWN = "#9fb4ba";

const known = new Map();
const MOST_KNOWN = 256;

/** The colour of what belongs to a node; grey for no node. */
export function nodeColour(node) {
  let colour = known.get(node);
  if (colour === undefined) {
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(node, (colour = node ? colourOf(node) : UNKNOWN));
  }
  return colour;
}

function colourOf(node) {
  const number = /(\d+)$/u.exec(node)?.[1];
  return NODES[(number === undefined ? sumOf(node) : Number(number) - 1 + NODES.length) % NODES.length];
}

function sumOf(text) {
  return [...text].reduce((sum, character) => (sum * 31 + character.codePointAt(0)) % 65521, 7);
}
