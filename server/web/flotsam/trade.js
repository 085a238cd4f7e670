/**
 * Trade: the window for an offer to another boat, and the offers that are on the water for this one.
 *
 * Knows the document and Flotsam's offers; what is decided is given as commands. Texts from outside are set as text.
 */

import { readable } from "./labels.js";
import { goods } from "./news.js";
import { amountIn, bdi, button, byId, press, submit } from "./page.js";

const AMOUNTS = ["gives-gold", "gives-oil", "wants-gold", "wants-oil"];

/** Offers to a boat and by it that still stand: { id, fields, isOwn }, the oldest first. Pure. */
export function standing(offers, avatar, serverMs) {
  const mine = [...offers].filter(({ fields }) => fields.seller === avatar || fields.buyer === avatar);
  return mine
    .filter(({ fields }) => fields.until_ms >= serverMs)
    .map(({ id, fields }) => ({ id, fields, isOwn: fields.seller === avatar }))
    .sort((left, right) => left.id - right.id);
}

export class Trade {
  /** `order(command, args)`: gives a command. `nameOf(id)`: the name of a boat in view. */
  constructor({ order, nameOf }) {
    this.order = order;
    this.nameOf = nameOf;
    this.partner = 0;
    this.offers = [];
    this.cards = new Map();
    submit("trade-form", () => this.#propose());
    press("trade-close", () => this.close());
  }

  /** Opens the window for an offer to a boat of the scene. */
  open({ id, fields }) {
    this.partner = id;
    byId("partner").textContent = readable(fields.name);
    byId("partner-holds").textContent = `Has ${goods(fields.gold, fields.oil)} on board.`;
    for (const name of AMOUNTS) byId(name).value = 0;
    byId("trade").hidden = false;
    byId("gives-gold").focus();
    byId("gives-gold").select();
  }

  close() {
    byId("trade").hidden = true;
    if (byId("trade").contains(document.activeElement)) document.activeElement.blur();
  }

  /** Shows these offers, as `standing` gives them, and no others. */
  update(offers) {
    this.offers = offers;
    const ids = new Set(offers.map(({ id }) => id));
    for (const [id, card] of this.cards) {
      if (ids.has(id)) continue;
      card.remove();
      this.cards.delete(id);
    }
    for (const offer of offers) if (!this.cards.has(offer.id)) this.#addCard(offer);
  }

  /** Answers the oldest offer of others, as its buttons would. */
  answer(command) {
    const offer = this.offers.find(({ isOwn }) => !isOwn);
    if (offer !== undefined) this.order(command, { offer: offer.id });
  }

  #addCard({ id, fields, isOwn }) {
    const card = document.createElement("article");
    card.setAttribute("aria-label", isOwn ? "Your offer" : "An offer");
    card.append(isOwn ? this.#ownWords(fields) : this.#words(fields));
    if (!isOwn) card.append(button("Accept (Y)", () => this.order("accept", { offer: id }), "small"));
    const no = isOwn ? "Take back" : "Decline (X)";
    card.append(button(no, () => this.order("withdraw", { offer: id }), "plain small"));
    byId("offers").append(card);
    this.cards.set(id, card);
  }

  #words({ seller, gives_gold: gold, gives_oil: oil, wants_gold: forGold, wants_oil: forOil }) {
    return paragraph(bdi(readable(this.nameOf(seller))), ` offers ${goods(gold, oil)} for ${goods(forGold, forOil)}.`);
  }

  #ownWords({ buyer, gives_gold: gold, gives_oil: oil, wants_gold: forGold, wants_oil: forOil }) {
    const name = bdi(readable(this.nameOf(buyer)));
    return paragraph("You offer ", name, ` ${goods(gold, oil)} for ${goods(forGold, forOil)}.`);
  }

  async #propose() {
    const [givesGold, givesOil, wantsGold, wantsOil] = AMOUNTS.map(amountIn);
    const args = { gives_gold: givesGold, gives_oil: givesOil, wants_gold: wantsGold, wants_oil: wantsOil };
    if (await this.order("propose", { boat: this.partner, ...args })) this.close();
  }
}

function paragraph(...parts) {
  const made = document.createElement("p");
  made.append(...parts);
  return made;
}
