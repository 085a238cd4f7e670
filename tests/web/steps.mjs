/** Reads calls of step.js from standard input, [name, arguments] each, and writes what they return. */

import { readFileSync } from "node:fs";

import * as steps from "../../server/web/flotsam/step.js";

const calls = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(calls.map(([name, args]) => steps[name](...args))));
