/**
 * What the player wants, from keyboard, mouse and touch: a direction to row in, and single wishes (grab, shout).
 *
 * Knows the page's events and no server. Invariant: nothing is wanted while the page is hidden, out of focus or
 * typed in.
 */

const DIRECTIONS = {
  ArrowUp: [0, -1],
  KeyW: [0, -1],
  ArrowDown: [0, 1],
  KeyS: [0, 1],
  ArrowLeft: [-1, 0],
  KeyA: [-1, 0],
  ArrowRight: [1, 0],
  KeyD: [1, 0],
};
const CLOSE_UNITS = 14;

export class Input {
  /** `wishes`: functions grab() and shout(). */
  constructor(canvas, wishes) {
    this.wishes = wishes;
    this.keys = new Set();
    /** Where the pointer is held down, in CSS pixels, or null. */
    this.pointer = null;
    this.#listenToKeys();
    this.#listenToPointer(canvas);
  }

  /** The direction to row in, as a vector no longer than 1, seen from a boat that stands at (x, y); null to rest. */
  direction(camera, { x, y }) {
    const fromKeys = this.#keyDirection();
    if (fromKeys !== null) return fromKeys;
    if (this.pointer === null) return null;
    const [toX, toY] = camera.toWorld(...this.pointer);
    const distance = Math.hypot(toX - x, toY - y);
    if (distance < CLOSE_UNITS) return null;
    // Close to the goal strokes get shorter, else the boat would rock to and fro over it.
    const strength = Math.min(1, distance / 60);
    return [((toX - x) / distance) * strength, ((toY - y) / distance) * strength];
  }

  #keyDirection() {
    const sum = [0, 0];
    for (const key of this.keys) {
      sum[0] += DIRECTIONS[key][0];
      sum[1] += DIRECTIONS[key][1];
    }
    const length = Math.hypot(...sum);
    return length === 0 ? null : [sum[0] / length, sum[1] / length];
  }

  #rest() {
    this.keys.clear();
    this.pointer = null;
  }

  #listenToKeys() {
    window.addEventListener("keydown", (event) => this.#press(event));
    window.addEventListener("keyup", (event) => this.keys.delete(event.code));
    window.addEventListener("blur", () => this.#rest());
    document.addEventListener("visibilitychange", () => this.#rest());
    document.addEventListener("focusin", () => this.keys.clear());
  }

  #press(event) {
    const { tagName } = event.target;
    const isForControl = tagName === "INPUT" || (tagName === "BUTTON" && !(event.code in DIRECTIONS));
    if (isForControl || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.code in DIRECTIONS) this.keys.add(event.code);
    else if (event.code === "Space") this.wishes.grab();
    else if (event.code === "Enter") this.wishes.shout();
    else return;
    event.preventDefault();
  }

  #listenToPointer(canvas) {
    const follow = (event) => (this.pointer = [event.clientX, event.clientY]);
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      document.activeElement?.blur();
      canvas.setPointerCapture(event.pointerId);
      follow(event);
    });
    canvas.addEventListener("pointermove", (event) => this.pointer !== null && follow(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (this.pointer = null));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }
}
