// Socket.IO with redis-adapter, state in the store by scripts. Arguments: port, store port, [batch].
// Without batch every change is emitted at once; with it, what changed is emitted 20 times a second by each process.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';

const [port, storePort, mode] = process.argv.slice(2);
const COINS = 50;
const START = 1000;
const WIDTH = 2000;
const isBatched = mode === 'batch';
const somewhere = () => Math.floor(Math.random() * WIDTH);
const script = (name) => readFileSync(new URL(`lua/${name}`, import.meta.url), 'utf8');

const store = new Redis(Number(storePort), '127.0.0.1');
store.defineCommand('move', { numberOfKeys: 1, lua: script('move.lua') });
store.defineCommand('grab', { numberOfKeys: 2, lua: script('grab.lua') });

const http = createServer();
const io = new Server(http, {
  transports: ['websocket'],
  adapter: createAdapter(store.duplicate(), store.duplicate()),
  serveClient: false,
});

let changedPlayers = new Map();
let changedCoins = new Map();

function flush() {
  if (!changedPlayers.size && !changedCoins.size) return;
  io.emit('batch', { p: [...changedPlayers.values()], c: [...changedCoins.values()] });
  changedPlayers = new Map();
  changedCoins = new Map();
}

if (isBatched) setInterval(flush, 50);

async function sendSnapshot(socket) {
  await store.pipeline().hset(`p:${socket.id}`, 'x', START, 'y', START, 'score', 0).sadd('players', socket.id).exec();
  const ids = await store.smembers('players');
  const query = store.pipeline();
  for (const id of ids) query.hmget(`p:${id}`, 'x', 'y', 'score');
  for (let i = 0; i < COINS; i++) query.hmget(`c:${i}`, 'x', 'y');
  const rows = (await query.exec()).map((entry) => entry[1].map(Number));
  socket.emit('state', { p: ids.map((id, place) => [id, ...rows[place]]), c: rows.slice(ids.length) });
}

io.on('connection', async (socket) => {
  const { id } = socket;
  const key = `p:${id}`;
  let [x, y, score] = [START, START, 0]; // last known, for rows of batches

  socket.on('move', async (move) => {
    if (!(Math.abs(move.dx) <= 5 && Math.abs(move.dy) <= 5)) return;
    [x, y] = await store.move(key, move.dx, move.dy);
    if (isBatched) changedPlayers.set(id, [id, x, y, score]);
    else io.emit('moved', { id, x, y });
  });

  socket.on('grab', async (grab) => {
    if (!(grab.c >= 0 && grab.c < COINS)) return;
    const place = [somewhere(), somewhere()];
    const result = await store.grab(`c:${grab.c}`, key, grab.x, ...place);
    if (!result) return; // somebody was first
    score = result;
    if (isBatched) {
      changedPlayers.set(id, [id, x, y, score]);
      changedCoins.set(grab.c, [grab.c, ...place]);
    } else {
      io.emit('grabbed', { id, score, c: grab.c, x: place[0], y: place[1] });
    }
  });

  socket.on('disconnect', () => {
    store.del(key);
    store.srem('players', id);
  });

  await sendSnapshot(socket);
});

for (let i = 0; i < COINS; i++) {
  if (await store.hsetnx(`c:${i}`, 'x', 10 * i + 7)) await store.hset(`c:${i}`, 'y', 5 * i + 3);
}
http.listen(Number(port), '127.0.0.1');
