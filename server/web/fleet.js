/**
 * The fleet's controls, for every page that has a use for them: there in `oarlock up` on this machine, nowhere else.
 *
 * Knows the launcher's `/demo`. Invariant: where there is no demo it is asked for once, and not by pages from elsewhere.
 */

const HEADERS = { "x-oarlock-demo": "1" };
/** The launcher answers these names alone, so others need not ask. */
const LOCAL_NAMES = ["127.0.0.1", "localhost", "[::1]"];

export class Demo {
  #absent = !LOCAL_NAMES.includes(location.hostname);

  /** The demo's state; null where there is no demo. */
  async ask() {
    if (this.#absent) return null;
    try {
      const answer = await fetch("/demo/state", { cache: "no-store" });
      this.#absent = answer.status === 404 || answer.status === 403;
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  /** Has a node killed, paused, resumed or drained. */
  async act(node, action) {
    await fetch(`/demo/nodes/${node}/${action}`, { method: "POST", headers: HEADERS });
  }
}

/** What each state of a node's process allows. */
export const ACTIONS = { running: ["drain", "pause", "kill"], paused: ["resume", "kill"], draining: ["kill"] };
export const ACTION_WORDS = { kill: "Kill", pause: "Pause", resume: "Resume", drain: "Drain" };

/** What the operator calls a node: without the mark of its process. */
export function shortName(name) {
  return name.replace(/-[0-9a-f]{12}$/u, "");
}
