/** Strokes of the brush that several pictures are made of. */

export function disc(context, x, y, radius, colour) {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

export function arc(context, x, y, radius, from, to) {
  context.beginPath();
  context.arc(x, y, radius, from, to);
  context.stroke();
}

export function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

/** A colour (#rrggbb) with a part of another. */
export function mixed(colour, other, part) {
  const channels = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  const [left, right] = [channels(colour), channels(other)];
  return `rgb(${left.map((value, at) => Math.round(value + part * (right[at] - value))).join(" ")})`;
}
