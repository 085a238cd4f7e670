/** What the Python side makes of values and messages: see make_vectors.py. */

import { readFileSync } from "node:fs";

export const VECTORS = JSON.parse(readFileSync(new URL("vectors.json", import.meta.url), "utf8"));

export function bytesOf(hex) {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

export function hexOf(bytes) {
  return Buffer.from(bytes).toString("hex");
}

/** The same value made of ordinary objects: decoded maps have no prototype, which deepStrictEqual would mind. */
export function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}
