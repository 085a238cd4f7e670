/**
 * Listeners by name of what they listen to. Knows nothing else.
 *
 * Invariant: a listener added or removed while something is told does not change who hears it.
 */

/** @template {Record<string, any[]>} Told what is told, by name: the arguments that listeners get */
export class Emitter {
  /** @type {Map<keyof Told, ((...told: any[]) => void)[]>} */
  #listeners = new Map();

  /**
   * Calls the listener each time; returns a function that ends that.
   *
   * @template {keyof Told} Name
   * @param {Name} name
   * @param {(...told: Told[Name]) => void} listener
   * @returns {() => void}
   */
  on(name, listener) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
    return () => this.#remove(name, listener);
  }

  /**
   * @template {keyof Told} Name
   * @param {Name} name
   * @param {Told[Name]} told
   */
  emit(name, ...told) {
    for (const listener of this.#listeners.get(name) ?? []) listener(...told);
  }

  /**
   * @param {keyof Told} name
   * @returns {boolean} whether anybody listens
   */
  hears(name) {
    return (this.#listeners.get(name)?.length ?? 0) > 0;
  }

  /**
   * @param {keyof Told} name
   * @param {(...told: any[]) => void} listener
   */
  #remove(name, listener) {
    const all = this.#listeners.get(name) ?? [];
    this.#listeners.set(name, all.filter((other) => other !== listener));
  }
}
