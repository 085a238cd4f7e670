/** What the game's events mean to a player, in words. Pure. */

/** A sentence for the player with this boat, or "": nothing to say. `nameOf(id)`: the name of a boat in view. */
export function newsOf(name, body, avatar, nameOf) {
  return NEWS[name]?.(body, avatar, nameOf) ?? "";
}

/** Goods in words: "3 gold and 1 oil"; "nothing" for none. */
export function goods(gold, oil) {
  const words = [gold && `${gold} gold`, oil && `${oil} oil`].filter(Boolean);
  return words.join(" and ") || "nothing";
}

const NEWS = {
  __proto__: null,
  rammed: ({ by, boat, gold, oil, sunk }, avatar, nameOf) => {
    if (boat === avatar && sunk) return `${nameOf(by)} sank you. Your cargo lies in a wreck; you begin anew.`;
    if (boat === avatar) return `${nameOf(by)} rammed you and took ${goods(gold, oil)}.`;
    if (by === avatar && sunk) return `You sank ${nameOf(boat)} and took ${goods(gold, oil)}.`;
    return by === avatar ? `You rammed ${nameOf(boat)} and took ${goods(gold, oil)}.` : "";
  },
  traded: ({ seller, buyer }, avatar, nameOf) => {
    if (seller === avatar) return `${nameOf(buyer)} took your offer.`;
    return buyer === avatar ? `You traded with ${nameOf(seller)}.` : "";
  },
  salvaged: ({ boat, gold, oil }, avatar) => (boat === avatar ? `You brought up ${goods(gold, oil)}.` : ""),
  gave_up: () => "The work on the wreck came to nothing.",
  kept: ({ light, name }) => `${name} keeps ${light} now.`,
};
