/**
 * Plays the cove (tests/browser/cove.py) on a real node with Node's own WebSocket: argument 1 is the world's address.
 *
 * Writes what happened as one JSON object; test_real_node.py says what should have.
 */

import { Client, JSON_TEXT, MSGPACK, AMBIENT, ClosedError } from "../../server/web/sdk/index.js";

const url = process.argv[2];
const happened = {};

/** Waits until a condition holds. */
async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const row = (client, dx) => client.do("row", { dx, dy: 0 });
const codes = (answers) => answers.map(({ code }) => code);

// Two tabs that share what a tab keeps, as no browser's do: for the session that goes on elsewhere.
const kept = new Map();
const storage = { getItem: (key) => kept.get(key), setItem: (key, text) => kept.set(key, text), removeItem: () => {} };
const environment = { ...AMBIENT, storage: () => storage };
let tell;
const ann = new Client({ url, environment: { ...environment, watch: (listener) => (tell = listener) } });
const annsWelcome = await ann.join({ name: "Ann", radius: 500 });
await until(() => ann.avatar !== null);
const start = ann.avatar.fields.x;

happened.rowed = codes(await Promise.all([1, 2, 3].map((dx) => row(ann, dx))));
happened.after = ann.avatar.fields.x - start;

// Some are on their way when the connection is cut, some are given while there is none.
const onTheWay = [10, 20, 30].map((dx) => row(ann, dx));
ann.cut();
const meanwhile = [100, 200].map((dx) => row(ann, dx));
happened.offline = (await ann.do("row", { dx: 1, dy: 0 }, { mayWait: false })).code;
happened.resent = codes(await Promise.all([...onTheWay, ...meanwhile]));
happened.afterCut = ann.avatar.fields.x - start;
happened.sameSession = ann.welcome.session === annsWelcome.session;
happened.reconnects = ann.statistics().reconnects;

/** What is told next of Ann's boat. */
const told = (client, what) =>
  new Promise((resolve) => client.on(what, ({ id }, more) => id === annsWelcome.avatar && resolve(more)));

const bob = new Client({ url, codec: JSON_TEXT });
await bob.join({ name: "Bob", spectate: true });
bob.look({ radius: 500, follow: annsWelcome.avatar });
await until(() => bob.mirror.entities.has(annsWelcome.avatar));
happened.seen = bob.mirror.entities.get(annsWelcome.avatar).fields.x - start;
const updated = told(bob, "update");
await row(ann, 1);
happened.before = (await updated).x - start;
happened.spectator = (await row(bob, 1)).code;

happened.unknown = (await ann.do("fly")).code;
happened.clockIsRight = Math.abs(ann.clock.now() - Date.now()) < 250;

// The page is loaded anew while the old one still has its connection: the newer one has the session.
tell("hidden");
const second = new Client({ url, codec: MSGPACK, environment });
const closed = new Promise((resolve) => ann.on("status", (status, { code }) => status === "closed" && resolve(code)));
const again = await second.rejoin();
happened.rejoined = again.session === annsWelcome.session && again.avatar === annsWelcome.avatar;
happened.closed = await closed;
await until(() => second.avatar !== null);
happened.counted = codes([await row(second, 1)]);
happened.last = second.avatar.fields.x - start;

const left = told(bob, "leave");
second.leave();
happened.left = await left;
happened.ends = [second.status, (await row(second, 1)).code];
happened.divergences = [ann, bob, second].map((client) => client.statistics().divergences);

const nobody = new Client({ url: url.replace("/ws/", "/nowhere/") });
const refused = nobody.join({ name: "Eve" }).catch((error) => error instanceof ClosedError && error.code);
await until(() => nobody.status === "waiting");
nobody.leave();
happened.refused = await refused;

bob.leave();
process.stdout.write(JSON.stringify(happened));
