/**
 * Runs the example of docs/sdk.md as it stands, against a node: argument 1 is the page, 2 the node's address.
 *
 * What a browser has and Node.js has not is put in its place: the page's address, frames, and the game's `draw`.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const FRAMES = 30;
const FRAME_MS = 16;

const [, , page, address] = process.argv;
const sdk = new URL("../../server/web/sdk/index.js", import.meta.url).href;
const [, example] = readFileSync(page, "utf8").match(/```js\n([^]*?)```/);

const drawn = new Map();
let frames = 0;
globalThis.location = { href: address };
globalThis.draw = (kind, x, y) => drawn.set(kind, [x, y]);
globalThis.requestAnimationFrame = (frame) => (++frames < FRAMES ? setTimeout(frame, FRAME_MS) : finish());

function finish() {
  console.log(`drawn: ${[...drawn.keys()].sort().join(" ")}`);
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), "oarlock-example-"));
const program = join(folder, "example.mjs");
writeFileSync(program, example.replace("/sdk/index.js", sdk));
process.on("exit", () => rmSync(folder, { recursive: true }));
await import(pathToFileURL(program).href);
