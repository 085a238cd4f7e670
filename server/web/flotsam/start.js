/**
 * The start: a name, a bay, cast off or just watch. Remembers the name in this browser.
 *
 * Knows the document and `/api/worlds`. Texts from outside are set as text, never as markup.
 */

import { element } from "../elements.js";
import { byId, press, submit } from "./page.js";

const NAME_KEY = "oarlock.name";
const MOST_WORLDS = 12;

export class Start {
  /** `world`: the bay that the page's address names. `go({ name, world, isWatching })`: begins. */
  constructor(world, go) {
    this.go = go;
    byId("world").value = world;
    byId("name").value = keptName();
    submit("join-form", () => this.#begin(false));
    press("watch", () => this.#begin(true));
    byId("world").addEventListener("input", () => this.#mark());
  }

  /** Shows the card, with a reason when a session has just ended. */
  async open(reason = "") {
    byId("start").hidden = false;
    if (reason !== "") byId("start-text").textContent = reason;
    byId("name").focus();
    this.#list(await openWorlds());
  }

  close() {
    byId("start").hidden = true;
    document.activeElement?.blur();
  }

  #begin(isWatching) {
    const name = byId("name").value.trim();
    const world = byId("world").value.trim();
    if (!byId("world").reportValidity() || (!isWatching && name === "")) return;
    keepName(name);
    this.go({ name, world, isWatching });
  }

  #list(worlds) {
    byId("world-list").hidden = worlds.length === 0;
    byId("world-list").replaceChildren(...worlds.map((world) => this.#item(world)));
    byId("worlds").replaceChildren(...worlds.map(({ name }) => Object.assign(document.createElement("option"), { value: name })));
    this.#mark();
  }

  #item({ name, seats, free }) {
    const choose = element("button", "", "plain small");
    choose.type = "button";
    choose.append(element("span", name), element("span", `${seats - free} aboard`, "dim"));
    choose.addEventListener("click", () => {
      byId("world").value = name;
      this.#mark();
    });
    const item = document.createElement("li");
    item.append(choose);
    return item;
  }

  /** Shows which of the bays is chosen. */
  #mark() {
    const chosen = byId("world").value;
    const buttons = [...byId("world-list").querySelectorAll("button")];
    for (const choose of buttons) choose.setAttribute("aria-current", String(choose.firstChild.textContent === chosen));
    const isKnown = buttons.some((choose) => choose.firstChild.textContent === chosen);
    byId("world-hint").textContent = isKnown ? "This bay is open: others are in it, or were." : "A new name makes a new bay.";
  }
}

/** The bays that are open; none, when the node does not say. */
async function openWorlds() {
  try {
    const answer = await fetch(`/api/worlds?limit=${MOST_WORLDS}`, { cache: "no-store" });
    return answer.ok ? (await answer.json()).worlds : [];
  } catch {
    return [];
  }
}

/** Storage may be forbidden (private windows, blocked cookies); the game does without. */
function keptName() {
  try {
    return localStorage.getItem(NAME_KEY) ?? "";
  } catch {
    return "";
  }
}

export function keepName(name) {
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // The name is asked for again next time.
  }
}
