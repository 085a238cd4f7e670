/**
 * What the SDK takes from where it runs: sockets, time, chance, the page's life, a place to keep a few words.
 *
 * The only module that touches globals. A test brings an environment of its own; Node.js has no page and no storage.
 */

/**
 * @typedef {"visible" | "hidden" | "frozen" | "thawed" | "online" | "leaving" | "returned"} Moment
 *   What happens to a page: `leaving` and `returned` are a page that is put away, perhaps for good, and one that comes
 *   out of the back-forward cache.
 *
 * @typedef {{
 *   readyState: number, binaryType: string,
 *   onopen: ((event: any) => void) | null, onmessage: ((event: any) => void) | null,
 *   onclose: ((event: any) => void) | null,
 *   send(data: any): void, close(code?: number): void,
 * }} Socket
 *   As much of a WebSocket as is used.
 *
 * @typedef {{
 *   getItem(key: string): string | null, setItem(key: string, text: string): void, removeItem(key: string): void,
 * }} Storage
 *
 * @typedef {{
 *   open(url: string, subprotocol: string): Socket,
 *   now(): number,
 *   setTimer(callback: () => void, delayMs: number): unknown,
 *   clearTimer(timer: any): void,
 *   random(): number,
 *   isHidden(): boolean,
 *   isOnline(): boolean,
 *   watch(tell: (moment: Moment) => void): void,
 *   storage(): Storage | null,
 * }} Environment
 *   `now` is in milliseconds, only moves on, and has nothing to do with the wall clock. `isOnline`: false if it is
 *   nearly certain that nothing can be reached. `storage` outlives a reload of the page and belongs to one tab.
 */

/** @type {Environment} */
export const AMBIENT = {
  open: (url, subprotocol) => /** @type {Socket} */ (new WebSocket(absolute(url), subprotocol)),
  now: () => performance.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => clearTimeout(timer),
  random: () => Math.random(),
  isHidden: () => globalThis.document?.hidden ?? false,
  isOnline: () => globalThis.navigator?.onLine !== false,
  watch: (tell) => globalThis.document && watchPage(tell),
  storage: tabStorage,
};

/**
 * @param {string} url absolute, or as seen from the page
 * @returns {string} with the scheme of WebSockets
 */
function absolute(url) {
  const whole = new URL(url, globalThis.location?.href);
  whole.protocol = whole.protocol.replace(/^http/, "ws");
  return whole.href;
}

/** @param {(moment: Moment) => void} tell */
function watchPage(tell) {
  document.addEventListener("visibilitychange", () => tell(document.hidden ? "hidden" : "visible"));
  document.addEventListener("freeze", () => tell("frozen"));
  document.addEventListener("resume", () => tell("thawed"));
  window.addEventListener("online", () => tell("online"));
  window.addEventListener("pagehide", () => tell("leaving"));
  window.addEventListener("pageshow", (event) => event.persisted && tell("returned"));
}

/** Storage may be forbidden (blocked cookies, some private windows): then nothing is kept. */
function tabStorage() {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}
