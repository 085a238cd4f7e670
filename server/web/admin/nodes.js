/** The cards of the nodes. A card stays as long as its node does, so that a button is there until it is released. */

import { ACTIONS, ACTION_WORDS, shortName } from "../fleet.js";
import { element, pair, whole } from "../elements.js";

const FIGURES = {
  players: (load) => whole.format(load.sessions ?? 0),
  connections: (load) => whole.format(load.connections ?? 0),
  worlds: (load) => whole.format(load.worlds ?? 0),
  "commands/s": (load) => whole.format(load.commands_s ?? 0),
  "KB/s out": (load) => whole.format((load.sent_bytes_s ?? 0) / 1024),
  "loop lag": (load) => `${whole.format((load.loop_lag_s ?? 0) * 1000)} ms`,
  behind: (load) => whole.format(load.versions_behind ?? 0),
};

export class NodeCards {
  #cards = new Map();

  /** `place`: the element that holds them. `act(name, action)`: what the demo's buttons do. */
  constructor(place, act) {
    this.place = place;
    this.act = act;
  }

  /** Shows the nodes that the directory knows, and those that only the demo knows of (paused, ended). */
  show(nodes, demo) {
    const known = new Map(nodes.map((node) => [shortName(node.name), { node, process: null }]));
    for (const process of demo?.nodes ?? []) {
      known.set(process.name, { node: known.get(process.name)?.node ?? null, process });
    }
    for (const [name, card] of this.#cards) {
      if (!known.has(name)) {
        card.element.remove();
        this.#cards.delete(name);
      }
    }
    for (const name of [...known.keys()].sort()) this.#card(name).update(known.get(name));
  }

  #card(name) {
    if (!this.#cards.has(name)) {
      const card = new NodeCard(name, this.act);
      this.#cards.set(name, card);
      this.place.append(card.element);
    }
    return this.#cards.get(name);
  }
}

class NodeCard {
  constructor(name, act) {
    this.name = name;
    this.act = act;
    this.element = element("article", "", "plate card");
    this.state = element("small", "");
    this.address = element("p", "");
    this.buttons = element("div", "", "buttons");
    this.figures = Object.entries(FIGURES).map(([term, read]) => ({ read, pair: pair(term, "–") }));
    const title = element("h3", "");
    title.append(element("span", "", "dot"), element("span", name), this.state);
    const list = element("dl", "");
    list.append(...this.figures.map((figure) => figure.pair));
    this.element.append(title, this.address, list, this.buttons);
    this.element.setAttribute("aria-label", name);
  }

  update({ node, process }) {
    const state = stateOf(node, process);
    this.element.dataset.state = state;
    this.state.textContent = state;
    this.address.textContent = node === null ? "not heard of by the directory" : `${node.name} at ${node.address}`;
    for (const { read, pair: shown } of this.figures) {
      shown.lastChild.textContent = node === null ? "–" : read(node.load);
    }
    this.#offer(process === null ? [] : (ACTIONS[process.state] ?? []));
  }

  #offer(actions) {
    const offered = actions.join(" ");
    if (this.buttons.dataset.actions === offered) return;
    this.buttons.dataset.actions = offered;
    this.buttons.replaceChildren(...actions.map((action) => this.#button(action)));
  }

  #button(action) {
    const button = element("button", ACTION_WORDS[action], action === "kill" ? "grave" : "");
    button.type = "button";
    button.setAttribute("aria-label", `${ACTION_WORDS[action]} ${this.name}`);
    button.addEventListener("click", () => this.act(this.name, action));
    return button;
  }
}

function stateOf(node, process) {
  if (process !== null && process.state !== "running") return process.state;
  if (node === null) return "silent";
  return node.draining ? "draining" : "running";
}
