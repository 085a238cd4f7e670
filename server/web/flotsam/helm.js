/**
 * What the player's keys, buttons and taps come to, by name: commands for what is in reach, windows, panels.
 *
 * Knows the voyage and the parts of the page; no event of the document. Invariant: no command is given but for a boat
 * that is there.
 */

import { byId } from "./page.js";

const TAP_UNITS = 50;
const NOTHING_NEAR = {
  grab: "Nothing to grab within reach.",
  ram: "Ram: get close with way on, bow first.",
  trade: "No boat within hail.",
  light: "No lighthouse nearby.",
};

export class Helm {
  constructor(parts) {
    Object.assign(this, parts);
    /** What `inReach` gave last; null without a boat. */
    this.reach = null;
  }

  wish(name) {
    const { voyage, hud, trade, network, sound, reach } = this;
    if (name === "network") network.toggle();
    else if (name === "help") byId("help").showModal();
    else if (name === "sound") byId("sound-button").setAttribute("aria-pressed", String(sound.toggle()));
    else if (name === "close") this.rest();
    else if (name === "leave") voyage.client.leave();
    else if (reach === null || !voyage.isPlaying) return;
    else if (name === "shout") hud.openShout();
    else if (name === "accept") trade.answer("accept");
    else if (name === "decline") trade.answer("withdraw");
    else this.#act(name, reach);
  }

  /** A tap takes what is there, if it is in reach. */
  tap(screenX, screenY) {
    if (this.reach === null) return;
    const [x, y] = this.camera.toWorld(screenX, screenY);
    const isThere = (thing) => thing !== null && Math.hypot(thing.x - x, thing.y - y) < TAP_UNITS;
    const { crate, wreck, partner, light } = this.reach;
    if (isThere(crate) || isThere(wreck)) this.wish("grab");
    else if (isThere(partner)) this.wish("trade");
    else if (isThere(light)) this.wish("light");
  }

  /** Closes what is open; keys go to the boat again. */
  rest() {
    this.trade.close();
    this.light.close();
    this.hud.closeShout();
    document.activeElement?.blur();
  }

  /** What is done to something in reach. */
  #act(name, { crate, wreck, victim, partner, light }) {
    const { voyage, hud } = this;
    if (name === "grab" && crate !== null) voyage.order("grab", { crate: crate.id });
    else if (name === "grab" && wreck !== null) voyage.order("salvage", { wreck: wreck.id });
    else if (name === "ram" && victim !== null) voyage.order("ram", { boat: victim.id });
    else if (name === "trade" && partner !== null) this.#openTrade(partner);
    else if (name === "light" && light !== null) this.#openLight(light);
    else hud.notice(NOTHING_NEAR[name]);
  }

  #openTrade(partner) {
    this.light.close();
    this.trade.open(partner);
  }

  #openLight(light) {
    this.trade.close();
    this.light.open(light, this.voyage.boat, this.voyage.avatar);
  }
}
