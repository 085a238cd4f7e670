/**
 * Oarlock's client for the browser, whatever the game. docs/sdk.md shows how to use it.
 */

export { Client } from "./client.js";
export { Clock } from "./clock.js";
export { JSON_TEXT, MSGPACK } from "./codec.js";
export { AMBIENT } from "./environment.js";
export { ClosedError, CodecError, OarlockError, UsageError } from "./errors.js";
export { Interpolation } from "./interpolation.js";
export { Prediction } from "./prediction.js";
