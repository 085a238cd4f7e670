// Colyseus: one process, one room, state in memory, patches at 20 Hz. Arguments: port.
import { Room, Server } from '@colyseus/core';
import { schema, t } from '@colyseus/schema';
import { WebSocketTransport } from '@colyseus/ws-transport';

const COINS = 50;
const START = 1000;
const WIDTH = 2000;
const somewhere = () => Math.floor(Math.random() * WIDTH);

const Player = schema({ x: t.number(), y: t.number(), score: t.number() }, 'Player');
const Coin = schema({ x: t.number(), y: t.number() }, 'Coin');
const State = schema({ players: t.map(Player), coins: t.map(Coin) }, 'State');

class Arena extends Room {
  patchRate = 50;

  onCreate() {
    this.state = new State();
    for (let i = 0; i < COINS; i++) {
      this.state.coins.set(String(i), new Coin({ x: 10 * i + 7, y: 5 * i + 3 }));
    }
    this.onMessage('move', (client, move) => {
      const player = this.state.players.get(client.sessionId);
      if (!player || !(Math.abs(move.dx) <= 5 && Math.abs(move.dy) <= 5)) return;
      player.x += move.dx;
      player.y += move.dy;
    });
    this.onMessage('grab', (client, grab) => {
      const player = this.state.players.get(client.sessionId);
      const coin = this.state.coins.get(String(grab.c));
      if (!player || !coin || coin.x !== grab.x) return; // somebody was first
      coin.x = somewhere();
      coin.y = somewhere();
      player.score += 1;
    });
  }

  onJoin(client) {
    this.state.players.set(client.sessionId, new Player({ x: START, y: START, score: 0 }));
  }

  onLeave(client) {
    this.state.players.delete(client.sessionId);
  }
}

const server = new Server({ transport: new WebSocketTransport({}), greet: false });
server.define('arena', Arena);
await server.listen(Number(process.argv[2]), '127.0.0.1');
