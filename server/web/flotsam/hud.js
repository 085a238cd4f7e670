/**
 * What stands around the bay: the boat's state, what it can do, the board, banner, notices, the shout field.
 *
 * Knows the document and no server. Texts from outside are set as text, never as markup.
 */

import { element } from "../elements.js";
import { readable } from "./labels.js";
import { bdi, byId, press, show, submit, write } from "./page.js";

const NOTICE_MS = 3600;
const MOST_NOTICES = 3;
const CALM_MS = 400;
const BUTTONS = ["grab", "ram", "trade", "light", "shout"];

export class Hud {
  /** `wish(name)`: what a button stands for; `shout(text)`: says it. */
  constructor({ wish, shout }) {
    this.shout = shout;
    this.bannerTimer = 0;
    this.shownScores = "";
    for (const name of BUTTONS) press(`${name}-button`, () => wish(name));
    for (const name of ["help", "sound", "leave"]) press(`${name}-button`, () => wish(name));
    press("take-part", () => wish("leave"));
    submit("shout-form", () => this.#sendShout());
  }

  /** The bay is open, for one who plays or one who watches. */
  open(isWatching) {
    document.body.dataset.role = isWatching ? "watching" : "playing";
    show({ hud: !isWatching, actions: !isWatching, watching: isWatching, network: true, corner: true, tools: true });
  }

  close() {
    document.body.dataset.role = "nobody";
    this.closeShout();
    show({ hud: false, actions: false, watching: false, network: false, corner: false, tools: false });
  }

  setStatus(status) {
    document.body.dataset.status = status;
  }

  /** The boat's goods and hull, and what is in its reach. */
  setBoat(boat, reach) {
    write({ gold: String(boat.gold), oil: String(boat.oil) });
    byId("hull").value = boat.hull;
    const { crate, wreck, victim, partner, light } = reach;
    byId("grab-button").firstElementChild.textContent = crate === null && wreck !== null ? "Salvage" : "Grab";
    setReady("grab", crate !== null || wreck !== null);
    setReady("ram", victim !== null);
    setReady("trade", partner !== null);
    setReady("light", light !== null);
  }

  /** Boats with the most gold: id, name, gold each. */
  setScores(scores, avatar) {
    const shown = JSON.stringify([scores, avatar]);
    if (shown === this.shownScores) return;
    this.shownScores = shown;
    byId("scores").replaceChildren(...scores.slice(0, 8).map(([id, name, gold]) => scoreLine(name, gold, id === avatar)));
  }

  /** Says that something is the matter; an empty text takes it back. Short interruptions pass unmentioned. */
  banner(text) {
    clearTimeout(this.bannerTimer);
    byId("banner").hidden = byId("banner").hidden || text === "";
    if (text === "") return;
    this.bannerTimer = setTimeout(() => {
      byId("banner").textContent = text;
      byId("banner").hidden = false;
    }, CALM_MS);
  }

  /** Says something that needs no answer. */
  notice(text) {
    const list = byId("notices");
    const said = element("p", readable(text));
    said.dir = "auto";
    if (list.lastElementChild?.textContent === said.textContent) list.lastElementChild.remove();
    list.append(said);
    while (list.children.length > MOST_NOTICES) list.firstElementChild.remove();
    setTimeout(() => said.remove(), NOTICE_MS);
  }

  openShout() {
    show({ "shout-form": true, actions: false });
    byId("shout").focus();
  }

  closeShout() {
    byId("shout").value = "";
    if (byId("shout-form").hidden) return;
    show({ "shout-form": false, actions: document.body.dataset.role === "playing" });
    byId("shout").blur();
  }

  #sendShout() {
    const text = byId("shout").value.trim();
    this.closeShout();
    if (text !== "") this.shout(text);
  }
}

function setReady(name, isReady) {
  const button = byId(`${name}-button`);
  if (button.dataset.ready !== String(isReady)) button.dataset.ready = String(isReady);
}

function scoreLine(name, gold, isOwn) {
  const line = element("li", "", isOwn ? "own" : "");
  line.append(bdi(readable(name)), element("b", String(gold)));
  return line;
}
