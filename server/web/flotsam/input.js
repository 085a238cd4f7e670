/**
 * What the player wants, from keyboard, mouse and touch: a direction to row in, and single wishes by name.
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
const WISHES = {
  Space: "grab",
  KeyR: "ram",
  KeyT: "trade",
  KeyL: "light",
  Enter: "shout",
  KeyY: "accept",
  KeyX: "decline",
  KeyN: "network",
  KeyM: "sound",
  KeyH: "help",
  Slash: "help",
  Escape: "close",
};
const CLOSE_UNITS = 14;
/** A press so short, and with so little motion, is a tap. */
const TAP_MS = 220;
const TAP_PIXELS = 12;

export class Input {
  /** `wish(name)`: does what a key stands for. `tap(x, y)`: what was tapped, in CSS pixels. */
  constructor(canvas, { wish, tap }) {
    this.wish = wish;
    this.tap = tap;
    this.keys = new Set();
    /** Where the pointer is held down, in CSS pixels, or null. */
    this.pointer = null;
    this.pressed = null;
    this.#listenToKeys();
    this.#listenToPointer(canvas);
  }

  /** The direction to row in, as a vector no longer than 1, seen from a boat that stands at (x, y); null to rest. */
  direction(camera, { x, y }) {
    const fromKeys = this.keyDirection();
    if (fromKeys !== null) return fromKeys;
    if (this.pointer === null || performance.now() - this.pressed.atMs < TAP_MS / 2) return null;
    const [toX, toY] = camera.toWorld(...this.pointer);
    const distance = Math.hypot(toX - x, toY - y);
    if (distance < CLOSE_UNITS) return null;
    // Close to the goal strokes get shorter, else the boat would rock to and fro over it.
    const strength = Math.min(1, distance / 60);
    return [((toX - x) / distance) * strength, ((toY - y) / distance) * strength];
  }

  /** The direction that the keys held down stand for, or null. */
  keyDirection() {
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
    document.addEventListener("focusin", (event) => event.target.tagName === "INPUT" && this.keys.clear());
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !isForGame(event)) return;
    if (event.code in DIRECTIONS) this.keys.add(event.code);
    else if (event.code in WISHES && !event.repeat) this.wish(WISHES[event.code]);
    else return;
    event.preventDefault();
  }

  #listenToPointer(canvas) {
    const follow = (event) => (this.pointer = [event.clientX, event.clientY]);
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      document.activeElement?.blur();
      canvas.setPointerCapture(event.pointerId);
      // When it happened, not when a busy page came to look at it.
      this.pressed = { atMs: event.timeStamp, x: event.clientX, y: event.clientY };
      follow(event);
    });
    canvas.addEventListener("pointermove", (event) => this.pointer !== null && follow(event));
    canvas.addEventListener("pointerup", (event) => this.#release(event));
    canvas.addEventListener("pointercancel", () => (this.pointer = null));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  #release({ clientX, clientY, timeStamp }) {
    if (this.pointer === null) return;
    this.pointer = null;
    const { atMs, x, y } = this.pressed;
    const isStill = Math.hypot(clientX - x, clientY - y) <= TAP_PIXELS;
    if (isStill && timeStamp - atMs <= TAP_MS) this.tap(clientX, clientY);
  }
}

/** Whether a key goes to the bay: not while something is typed, and not when it works a button or a window. */
function isForGame({ code, target }) {
  const { tagName } = target;
  if (document.querySelector("dialog[open]") !== null || !document.getElementById("start").hidden) return false;
  if (tagName === "INPUT") return code === "Escape";
  return tagName !== "BUTTON" || (code !== "Space" && code !== "Enter");
}
