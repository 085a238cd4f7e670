/**
 * The operators' page: asks for the fleet's state every second and shows it.
 *
 * The token lives in this module's memory alone: no storage, no address. Texts from outside are set as text, never as
 * markup.
 */

import { Demo } from "../fleet.js";
import { showPlayers, showSums, showWorlds } from "./figures.js";
import { NodeCards } from "./nodes.js";

const EVERY_MS = 1000;
const LATE_MS = 4000;

const byId = (id) => document.getElementById(id);

class Office {
  #token = "";
  #world = "";
  #before = null;
  #heardAt = 0;
  #demo = new Demo();
  #nodes = new NodeCards(byId("nodes"), (name, action) => this.#demo.act(name, action));

  constructor() {
    byId("login").addEventListener("submit", (event) => this.#enter(event));
  }

  async #enter(event) {
    event.preventDefault();
    this.#token = byId("token").value;
    byId("token").value = "";
    const answer = await this.#ask("/admin/state");
    if (answer === null) return this.#refuse("No node answers.");
    if (answer.status === 401) return this.#refuse("That is not the token.");
    if (!answer.ok) return this.#refuse("The store does not answer. Try again.");
    byId("door").hidden = true;
    byId("office").hidden = false;
    this.#watch(await answer.json());
  }

  #refuse(text) {
    byId("refusal").textContent = text;
    byId("refusal").hidden = false;
    byId("token").focus();
  }

  async #watch(first) {
    let state = first;
    for (;;) {
      if (state !== null) await this.#show(state);
      this.#tellAge();
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      const answer = document.hidden ? null : await this.#ask("/admin/state");
      state = answer !== null && answer.ok ? await answer.json() : null;
    }
  }

  async #show(state) {
    const now = performance.now();
    const demo = await this.#demo.ask();
    this.#heardAt = now;
    byId("about").textContent = `${state.game} on ${state.store}, told by ${state.answered_by}`;
    showSums(state, demo);
    this.#nodes.show(state.nodes, demo);
    showWorlds(state, this.#before, now, (world) => this.#choose(world));
    this.#before = { at: now, versions: new Map(state.worlds.map((world) => [world.name, world.version])) };
    if (this.#world !== "") await this.#showPlayers();
  }

  async #choose(world) {
    this.#world = world;
    await this.#showPlayers();
    byId("players-section").scrollIntoView({ block: "nearest" });
  }

  async #showPlayers() {
    const answer = await this.#ask(`/admin/worlds/${this.#world}`);
    if (answer !== null && answer.ok) showPlayers(await answer.json());
  }

  #tellAge() {
    const isLate = performance.now() - this.#heardAt > LATE_MS;
    byId("status").textContent = isLate ? "No answer: figures are old" : "Live";
    byId("status").classList.toggle("late", isLate);
  }

  async #ask(path) {
    const headers = { authorization: `Bearer ${this.#token}` };
    try {
      return await fetch(path, { headers, cache: "no-store", credentials: "omit" });
    } catch {
      return null;
    }
  }
}

new Office();
