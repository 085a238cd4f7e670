/**
 * Stamps pictures that were painted once onto a canvas, in world units. Owns the canvas context's transform.
 *
 * A frame with hundreds of boats costs a few calls a boat: nothing is outlined, filled or measured anew.
 */

/** Pixels of a picture per world unit: enough for the closest look on a dense screen. */
const DENSITY = 2.5;

export class Picture {
  /** `paint(context)` draws around the middle, in world units. */
  constructor(width, height, paint, density = DENSITY) {
    this.width = width;
    this.height = height;
    this.canvas = document.createElement("canvas");
    this.canvas.width = Math.ceil(width * density);
    this.canvas.height = Math.ceil(height * density);
    const context = this.canvas.getContext("2d");
    context.scale(density, density);
    context.translate(width / 2, height / 2);
    paint(context);
  }
}

/** Pictures by key, painted when they are first asked for. `paint(key)` returns a Picture. */
export function gallery(paint) {
  const pictures = new Map();
  return (key) => {
    let picture = pictures.get(key);
    if (picture === undefined) pictures.set(key, (picture = paint(key)));
    return picture;
  };
}

/** A picture that is painted when it is first used: the module can then be read where there is no document. */
export function lazily(make) {
  let picture = null;
  return {
    get canvas() { return (picture ??= make()).canvas; },
    get width() { return (picture ??= make()).width; },
    get height() { return (picture ??= make()).height; },
  };
}

export class Brush {
  constructor(context) {
    this.context = context;
    this.scale = 1;
    this.left = 0;
    this.top = 0;
  }

  /** What is painted next is seen through this camera, at `ratio` device pixels per CSS pixel. */
  aim(camera, ratio) {
    const [x, y] = camera.toScreen(0, 0);
    this.scale = camera.scale * ratio;
    this.left = x * ratio;
    this.top = y * ratio;
    this.toWorld();
  }

  /** Ordinary drawing is in world units. */
  toWorld() {
    this.context.setTransform(this.scale, 0, 0, this.scale, this.left, this.top);
  }

  /** Ordinary drawing is in world units, around a point and along a heading. */
  toPlace(x, y, heading = 0, size = 1) {
    const cos = Math.cos(heading) * size * this.scale;
    const sin = Math.sin(heading) * size * this.scale;
    this.context.setTransform(cos, sin, -sin, cos, x * this.scale + this.left, y * this.scale + this.top);
  }

  /** Stamps a picture with its middle at a point. */
  stamp(picture, x, y, heading = 0, size = 1) {
    this.toPlace(x, y, heading, size);
    this.context.drawImage(picture.canvas, -picture.width / 2, -picture.height / 2, picture.width, picture.height);
  }

  /** Stamps another picture in the place of the last one, `x`, `y` off its middle. */
  stampOver(picture, x = 0, y = 0) {
    const { width, height, canvas } = picture;
    this.context.drawImage(canvas, x - width / 2, y - height / 2, width, height);
  }
}
