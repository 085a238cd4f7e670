/**
 * One stay in the bay: the session with the server, the own boat ahead of it, the others behind it.
 *
 * Knows the SDK and Flotsam's commands; no page. Invariant: where a thing is shown is asked for here, so that the own
 * boat is always predicted and everything else always interpolated.
 */

import { Client, Interpolation, JSON_TEXT, MSGPACK, Prediction } from "../sdk/index.js";
import { afterCommand } from "./step.js";

const ROW_EVERY_MS = 105;
const STROKE_UNITS = 40;
/** More strokes than this on the way are a line that hardly moves: rowing on would only make the crew tired. */
const MAX_UNANSWERED = 8;
/** Answers that are not worth a word: there is a next stroke, or the whole session is gone. */
const WORDLESS = new Set(["", "lost", "offline", "closed", "spectator"]);

export class Voyage {
  /** `refused(text)`: is told why a command was not done. */
  constructor({ world, isJson, refused }) {
    this.client = new Client({ url: `/ws/${encodeURIComponent(world)}`, codec: isJson ? JSON_TEXT : MSGPACK });
    this.own = new Prediction(this.client, { step: afterCommand, smoothMs: 110 });
    this.others = new Interpolation(this.client);
    this.refused = refused;
    this.rowDueMs = 0;
  }

  get isPlaying() {
    return this.client.status === "playing";
  }

  /** The id of the own boat; 0 for a spectator, and without a session. */
  get avatar() {
    return this.client.welcome?.avatar ?? 0;
  }

  /** The own boat's fields as they are predicted to be; null while it is not in view. */
  get boat() {
    return this.own.state;
  }

  /** The time of the rules, in ms; 0 until it is known. */
  get serverMs() {
    return this.client.clock.now() || 0;
  }

  /** Writes where a thing is shown now, and returns its fields as far as they are known. */
  locate(thing) {
    if (thing.id !== this.avatar) {
      this.others.at(thing.id, thing);
      return thing.fields;
    }
    this.own.at(thing);
    return this.own.state ?? thing.fields;
  }

  /** One stroke in a direction (a vector no longer than 1; null: rest), as often as the crew has strength. */
  row(direction, nowMs) {
    const isTooMuch = nowMs < this.rowDueMs || this.client.unanswered >= MAX_UNANSWERED;
    if (direction === null || isTooMuch || !this.isPlaying) return false;
    this.rowDueMs = nowMs + ROW_EVERY_MS;
    const [dx, dy] = direction.map((part) => Math.round(part * STROKE_UNITS));
    this.own.do("row", { dx, dy }, { mayWait: false });
    return true;
  }

  /** Gives a command, once; a refusal is told. Promise of whether it was done. */
  async order(command, args) {
    const { code, text } = await this.own.do(command, args, { mayWait: false });
    if (code === "offline") this.refused("not while the line is lost");
    else if (!WORDLESS.has(code)) this.refused(text || code);
    return code === "";
  }
}
