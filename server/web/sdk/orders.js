/**
 * The commands of a session: numbered, kept until each is answered, and told once what became of it.
 *
 * Knows no socket. Invariant: at most `MAX_UNANSWERED` wait, whether they were sent or not, since that is as many as a
 * server takes; numbers rise by one.
 */

/** @import { Answer, Args, Do } from "./protocol.js" */

/** @typedef {{ command: string, args: Args, isSent: boolean, resolve: (answer: Answer) => void }} Waiting */

export const MAX_UNANSWERED = 64;

export class Orders {
  constructor() {
    this.lastSeq = 0;
    /** @type {Map<number, Waiting>} */
    this.waiting = new Map();
  }

  get isFull() {
    return this.waiting.size >= MAX_UNANSWERED;
  }

  /**
   * Takes a command, which waits from now on.
   *
   * @param {string} command
   * @param {Args} args
   * @returns {Promise<Answer>}
   */
  add(command, args) {
    const seq = ++this.lastSeq;
    return new Promise((resolve) => this.waiting.set(seq, { command, args, isSent: false, resolve }));
  }

  /**
   * The commands that the server is now told of, as messages, in order.
   *
   * @param {(waiting: Waiting) => boolean} which
   * @returns {Do[]}
   */
  tell(which) {
    const told = [...this.waiting].filter(([, waiting]) => which(waiting));
    for (const [, waiting] of told) waiting.isSent = true;
    return told.map(([seq, { command, args }]) => ({ type: "do", seq, command, args }));
  }

  /** All that wait: for a server that takes over. */
  tellAll() {
    return this.tell(() => true);
  }

  /** Those that no server was told of. */
  tellNew() {
    return this.tell(({ isSent }) => !isSent);
  }

  /**
   * @param {number} seq
   * @param {number} version
   * @param {string} code
   * @param {string} text
   */
  settle(seq, version, code = "", text = "") {
    const waiting = this.waiting.get(seq);
    this.waiting.delete(seq);
    waiting?.resolve({ seq, version, code, text });
  }

  /**
   * Takes over what the server says was answered: on a connection that broke, or before the page was loaded.
   *
   * @param {number} acknowledged
   */
  settleUpTo(acknowledged) {
    for (const seq of [...this.waiting.keys()]) if (seq <= acknowledged) this.settle(seq, 0);
    this.lastSeq = Math.max(this.lastSeq, acknowledged);
  }

  /**
   * The session is over: nobody will answer any more, and the next one counts from one.
   *
   * @param {string} code
   * @param {string} text
   */
  giveUp(code, text) {
    for (const seq of [...this.waiting.keys()]) this.settle(seq, 0, code, text);
    this.lastSeq = 0;
  }
}
