/**
 * The demo's part of the network panel: kill, pause or drain a node and see where its players go; invariants, live.
 *
 * There in `oarlock up` alone. Buttons stay as they are while a node's state does, so that one can press them.
 */

import { element, whole } from "../elements.js";
import { ACTIONS, ACTION_WORDS, Demo, shortName } from "../fleet.js";
import { nodeColour } from "./colours.js";
import { button, byId } from "./page.js";

const EVERY_MS = 1000;

export class FleetPanel {
  /** `isOpen()`: whether anybody looks. */
  constructor(isOpen) {
    this.isOpen = isOpen;
    this.demo = new Demo();
    this.shown = "";
  }

  async run() {
    for (;;) {
      if (this.isOpen() && !document.hidden) this.#show(await this.demo.ask());
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  #show(state) {
    byId("fleet").hidden = state === null;
    if (state === null) return;
    const { checked, violations, version } = state.invariants;
    byId("invariants").textContent = `${violations} violated in ${whole.format(checked)} checks of all invariants, up to version ${version}`;
    byId("invariants").classList.toggle("wrong", violations > 0);
    const shown = JSON.stringify(state.nodes.map(({ name, state: now }) => [name, now]));
    if (shown === this.shown) return;
    this.shown = shown;
    byId("fleet-nodes").replaceChildren(...state.nodes.map((node) => this.#line(node)));
  }

  #line({ name, state }) {
    const line = document.createElement("li");
    line.dataset.state = state;
    const dot = element("span", "", "dot");
    dot.style.background = nodeColour(shortName(name));
    const buttons = element("span", "", "buttons");
    for (const action of ACTIONS[state] ?? []) buttons.append(this.#button(name, action));
    line.append(dot, element("span", name), element("span", state, "state"), buttons);
    return line;
  }

  #button(name, action) {
    const made = button(ACTION_WORDS[action], () => this.demo.act(name, action), `plain small ${action === "kill" ? "grave" : ""}`);
    made.setAttribute("aria-label", `${ACTION_WORDS[action]} ${name}`);
    return made;
  }
}
