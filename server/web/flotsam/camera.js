/**
 * Which part of the bay is on the screen.
 *
 * Knows the size of the window and of what the server is willing to show. Invariant: the window never shows more of the
 * bay than the player is sent.
 */

const UNITS_ACROSS = 760;
const WIDEST_RADIUS = 1050;
const EASE_MS = 140;

export class Camera {
  constructor() {
    this.x = 0;
    this.y = 0;
    this.width = 1;
    this.height = 1;
    this.scale = 1;
    this.isPlaced = false;
  }

  /** The window has this size in CSS pixels. */
  resize(width, height) {
    this.width = width;
    this.height = height;
    const wanted = Math.min(width, height) / UNITS_ACROSS;
    const least = Math.max(width, height) / 2 / WIDEST_RADIUS;
    this.scale = Math.max(least, Math.min(1.5, Math.max(0.6, wanted)));
  }

  /** Half of the longer side in world units, with room for a boat at the border of its cell. */
  radius(cellSize) {
    return Math.ceil(Math.max(this.width, this.height) / 2 / this.scale + cellSize / 2);
  }

  follow({ x, y }, elapsedMs) {
    const part = this.isPlaced ? 1 - Math.exp(-elapsedMs / EASE_MS) : 1;
    this.isPlaced = true;
    this.x += part * (x - this.x);
    this.y += part * (y - this.y);
  }

  toScreen(x, y) {
    return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 + (y - this.y) * this.scale];
  }

  toWorld(screenX, screenY) {
    return [this.x + (screenX - this.width / 2) / this.scale, this.y + (screenY - this.height / 2) / this.scale];
  }

  /** Left, top, right, bottom of the window in world units, `margin` units wider. */
  view(margin = 0) {
    const [left, top] = this.toWorld(0, 0);
    const [right, bottom] = this.toWorld(this.width, this.height);
    return [left - margin, top - margin, right + margin, bottom + margin];
  }

  /** Makes a canvas context draw in world units, at `ratio` device pixels per CSS pixel. */
  apply(context, ratio) {
    const scale = this.scale * ratio;
    const [x, y] = this.toScreen(0, 0);
    context.setTransform(scale, 0, 0, scale, x * ratio, y * ratio);
  }
}
