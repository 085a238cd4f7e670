/**
 * Stamps pictures that were painted once onto a canvas, in world units. Owns the canvas context's transform.
 *
 * A frame with hundreds of boats costs a few calls a boat: nothing is outlined, filled or measured anew.
 */

/** Pixels of a picture per world unit: enough for the closest look on a dense screen. */
const DENSITY = 2.5;
const MOST_PICTURES = 120;

export class Picture {
  /**
   * `paint(context)` draws around (0, 0), in world units; that point is in the middle of the picture, or, if it is
   * longer to one side, `ahead` units from its right edge.
   */
  constructor(width, height, paint, { density = DENSITY, ahead = width / 2 } = {}) {
    this.width = width;
    this.height = height;
    this.left = ahead - width;
    this.top = -height / 2;
    this.bitmap = painted(Math.ceil(width * density), Math.ceil(height * density), (context) => {
      context.scale(density, density);
      context.translate(-this.left, -this.top);
      paint(context);
    });
  }
}

/** A picture of so many pixels that will not change: the browser need not look after it when it is stamped. */
export function painted(width, height, paint) {
  const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height));
  paint(canvas.getContext("2d"));
  return canvas.transferToImageBitmap();
}

/** Pictures by key, painted when they are asked for and not there. `paint(key)` returns a Picture. */
export function gallery(paint) {
  const pictures = new Map();
  return (key) => {
    let picture = pictures.get(key);
    if (picture !== undefined) return picture;
    if (pictures.size >= MOST_PICTURES) pictures.delete(pictures.keys().next().value);
    pictures.set(key, (picture = paint(key)));
    return picture;
  };
}

/** A picture that is painted when it is first used: the module can then be read where there is no document. */
export function lazily(make) {
  let picture = null;
  return () => (picture ??= make());
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

  /** Stamps a picture at a point. */
  stamp(picture, x, y, heading = 0, size = 1) {
    this.toPlace(x, y, heading, size);
    this.context.drawImage(picture.bitmap, picture.left, picture.top, picture.width, picture.height);
  }

  /** Stamps another picture in the place of the last one, `x` off it along its heading. */
  stampOver(picture, x = 0) {
    this.context.drawImage(picture.bitmap, x + picture.left, picture.top, picture.width, picture.height);
  }
}
