/**
 * Everything of the page that is not the bay: start card, figures, banner, notices, shout field.
 *
 * Knows the document and no server. Texts from outside are set as text, never as markup.
 */

const NOTICE_MS = 2500;
const CALM_MS = 400;

const byId = (id) => document.getElementById(id);

export class Panel {
  /** `wishes`: functions join(name), grab() and shout(text). */
  constructor(wishes) {
    this.wishes = wishes;
    this.noticeTimer = 0;
    this.bannerTimer = 0;
    byId("join-form").addEventListener("submit", (event) => this.#submitName(event));
    byId("shout-form").addEventListener("submit", (event) => this.#submitShout(event));
    byId("shout").addEventListener("keydown", (event) => event.code === "Escape" && this.closeShout());
    byId("grab-button").addEventListener("click", () => wishes.grab());
    byId("shout-button").addEventListener("click", () => this.openShout());
  }

  /** Shows the start card, with a reason when a session has just ended. */
  askName(name, reason = "") {
    byId("name").value = name;
    if (reason !== "") byId("overlay-text").textContent = reason;
    this.#show({ overlay: true, hud: false, chart: false, actions: false });
    this.closeShout();
    byId("name").focus();
  }

  /** The bay is open. */
  play() {
    this.#show({ overlay: false, hud: true, chart: true, actions: true });
    document.activeElement?.blur();
  }

  #show(parts) {
    for (const [id, isShown] of Object.entries(parts)) byId(id).hidden = !isShown;
  }

  setStatus(status) {
    document.body.dataset.status = status;
  }

  /** Figures by element id; what did not change is not touched, for the page is laid out anew by each change. */
  setFigures(figures) {
    for (const [id, text] of Object.entries(figures)) {
      const element = byId(id);
      if (element.textContent !== text) element.textContent = text;
    }
  }

  setGrabReady(isReady) {
    byId("grab-button").dataset.ready = String(isReady);
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
    clearTimeout(this.noticeTimer);
    byId("notice").textContent = text;
    byId("notice").hidden = false;
    this.noticeTimer = setTimeout(() => (byId("notice").hidden = true), NOTICE_MS);
  }

  openShout() {
    this.#show({ "shout-form": true, actions: false });
    byId("shout").focus();
  }

  closeShout() {
    byId("shout").value = "";
    if (byId("shout-form").hidden) return;
    this.#show({ "shout-form": false, actions: byId("overlay").hidden });
    byId("shout").blur();
  }

  #submitName(event) {
    event.preventDefault();
    const name = byId("name").value.trim();
    if (name !== "") this.wishes.join(name);
  }

  #submitShout(event) {
    event.preventDefault();
    const text = byId("shout").value.trim();
    this.closeShout();
    if (text !== "") this.wishes.shout(text);
  }
}
