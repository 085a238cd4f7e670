/**
 * What can go wrong that is not an everyday outcome: those are values (the answer to a command, a status).
 */

/** Anything that the SDK throws. */
export class OarlockError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}

/** Bytes that are no message, or a value that no message can hold. */
export class CodecError extends OarlockError {}

/** A call that makes no sense where it stands: a mistake in the page. */
export class UsageError extends OarlockError {}

/** The server does not want the player, or not any more: coming back is pointless. */
export class ClosedError extends OarlockError {
  /**
   * @param {number} code close code: 1000 after `leave`, else 4500 to 4999
   * @param {string} reason the server's word for it
   */
  constructor(code, reason) {
    super(`closed for good (${code}${reason ? `: ${reason}` : ""})`);
    this.code = code;
    this.reason = reason;
  }
}
