/** The demo's controls: there in `oarlock up` on this machine, and nowhere else. */

const HEADERS = { "x-oarlock-demo": "1" };

export class Demo {
  #absent = false;

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
