/**
 * The small chart of the whole bay: where one is, how far one sees, who is near. Owns its canvas.
 */

const SIZE = 192;
const EDGE = 12;

export class Chart {
  constructor(canvas) {
    this.context = canvas.getContext("2d");
  }

  paint(scene, camera, [left, top, right, bottom], avatar) {
    const { context } = this;
    const scale = (SIZE - 2 * EDGE) / Math.max(right - left, bottom - top);
    const place = (x, y) => [EDGE + (x - left) * scale, EDGE + (y - top) * scale];
    context.clearRect(0, 0, SIZE, SIZE);
    context.fillStyle = "#1b6f88";
    context.beginPath();
    context.roundRect(EDGE, EDGE, (right - left) * scale, (bottom - top) * scale, 10);
    context.fill();
    context.save();
    context.clip();
    this.#paintView(camera, place);
    context.restore();
    for (const crate of scene.of("Crate")) this.#dot(place, crate, 2.5, "#e5bf85");
    for (const boat of scene.of("Boat")) if (boat.id !== avatar) this.#dot(place, boat, 4, "#ffffff");
    const own = scene.things.get(avatar);
    if (own !== undefined) this.#dot(place, own, 6, "#f2c14e");
  }

  #paintView(camera, place) {
    const [left, top, right, bottom] = camera.view();
    const [x, y] = place(left, top);
    const [toX, toY] = place(right, bottom);
    this.context.fillStyle = "rgb(255 255 255 / 16%)";
    this.context.strokeStyle = "rgb(255 255 255 / 60%)";
    this.context.lineWidth = 2;
    this.context.fillRect(x, y, toX - x, toY - y);
    this.context.strokeRect(x, y, toX - x, toY - y);
  }

  #dot(place, { fields }, radius, colour) {
    const [x, y] = place(fields.x, fields.y);
    this.context.fillStyle = colour;
    this.context.beginPath();
    this.context.arc(x, y, radius, 0, 2 * Math.PI);
    this.context.fill();
  }
}
