/** What the client closes with, and how it calls an end that nobody names; a server's codes are in docs/protocol.md. */

export const CLOSE_NORMAL = 1000;
/** What a connection ends with of which nobody says why. */
export const CLOSE_LOST = 1006;
/** What the client closes with when it means to come back. */
export const CLOSE_RETURNING = 4000;
