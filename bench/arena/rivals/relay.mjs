// The talk's design: ws, and a relay over pub/sub. No state: every process gets every message and sends it to all its
// clients. Arguments: port, store port.
import { Redis } from 'ioredis';
import { WebSocket, WebSocketServer } from 'ws';

const [port, storePort] = process.argv.slice(2);
const publisher = new Redis(Number(storePort), '127.0.0.1');
const subscriber = new Redis(Number(storePort), '127.0.0.1');
const server = new WebSocketServer({ port: Number(port), host: '127.0.0.1' });

await subscriber.subscribe('arena');
subscriber.on('message', (_channel, message) => {
  for (const client of server.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(message);
  }
});

server.on('connection', (client) => {
  client.on('message', (data) => publisher.publish('arena', data.toString()));
  client.on('error', () => {});
});
