/**
 * Where a spectator looks: over the bay by keys and dragging, or after a boat that was tapped.
 *
 * Knows the camera and the client's `look`. Invariant: the server is asked at most every ASK_MS.
 */

const ASK_MS = 250;
const UNITS_PER_MS = 0.6;
const TAP_REACH = 60;

export class Lookout {
  constructor(voyage, camera, scene) {
    this.voyage = voyage;
    this.camera = camera;
    this.scene = scene;
    this.followed = 0;
    this.dragged = null;
    this.askDueMs = 0;
    this.asked = "";
  }

  /** Moves the camera as the player wants. */
  watch(input, bounds, elapsedMs, nowMs) {
    const direction = input.keyDirection();
    if (direction !== null) this.#move(direction[0] * UNITS_PER_MS * elapsedMs, direction[1] * UNITS_PER_MS * elapsedMs, bounds);
    this.#drag(input.pointer, bounds);
    const boat = this.scene.things.get(this.followed);
    if (boat !== undefined) this.camera.follow(boat, elapsedMs);
    if (nowMs >= this.askDueMs) this.#ask(nowMs);
  }

  /** Follows the boat at a place on the screen, or none. */
  tap(screenX, screenY) {
    const [x, y] = this.camera.toWorld(screenX, screenY);
    const away = (boat) => Math.hypot(boat.x - x, boat.y - y);
    const near = [...this.scene.of("Boat")].filter((boat) => away(boat) < TAP_REACH);
    this.followed = near.sort((left, right) => away(left) - away(right))[0]?.id ?? 0;
  }

  #drag(pointer, bounds) {
    if (pointer !== null && this.dragged !== null) {
      const { scale } = this.camera;
      this.#move((this.dragged[0] - pointer[0]) / scale, (this.dragged[1] - pointer[1]) / scale, bounds);
    }
    this.dragged = pointer;
  }

  #move(dx, dy, [left, top, right, bottom]) {
    if (dx === 0 && dy === 0) return;
    this.followed = 0;
    this.camera.x = Math.min(Math.max(this.camera.x + dx, left), right);
    this.camera.y = Math.min(Math.max(this.camera.y + dy, top), bottom);
  }

  #ask(nowMs) {
    const { client } = this.voyage;
    const radius = this.camera.radius(client.schema?.cellSize ?? 0);
    const spot = this.followed ? { follow: this.followed } : { x: Math.round(this.camera.x), y: Math.round(this.camera.y) };
    const asked = JSON.stringify([radius, spot]);
    if (asked === this.asked) return;
    this.asked = asked;
    this.askDueMs = nowMs + ASK_MS;
    client.look({ radius, ...spot });
  }
}
