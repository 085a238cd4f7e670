/**
 * What a tab keeps of its session while its page is away, so that a reload goes on as the same player.
 *
 * A duplicated tab gets a copy of what is stored, and two tabs must not be one player: so it is stored only while the
 * page is hidden or going, and taken out as soon as a page is there. Invariant: what cannot be stored or read is as if
 * it had never been.
 */

/** @import { Environment } from "./environment.js" */

/** @typedef {{ session: string, secret: string, player: { name: string, radius: number, spectate: boolean } }} Kept */

export class Keepsake {
  /**
   * @param {Pick<Environment, "storage">} environment
   * @param {string} key
   */
  constructor(environment, key) {
    this.storage = environment.storage();
    this.key = key;
  }

  /** @param {Kept} kept */
  put(kept) {
    attempt(() => this.storage?.setItem(this.key, JSON.stringify(kept)));
  }

  /**
   * Takes out what is kept.
   *
   * @returns {Kept | null}
   */
  take() {
    const text = attempt(() => this.storage?.getItem(this.key));
    this.clear();
    const kept = attempt(() => JSON.parse(text ?? "null"));
    return typeof kept?.session === "string" && typeof kept.secret === "string" ? kept : null;
  }

  clear() {
    attempt(() => this.storage?.removeItem(this.key));
  }
}

/**
 * Storage throws when it is full or forbidden, JSON when somebody else wrote there.
 *
 * @template Result
 * @param {() => Result} action
 * @returns {Result | null}
 */
function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}
