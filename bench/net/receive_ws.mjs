// The rival of bench/net/receive.py: Node.js and ws, decoding each message with JSON.parse.
// Arguments: messages to skip, messages to measure. Prints its port, then the CPU seconds of the measured messages.
import { WebSocketServer } from "ws";

const [skip, measure] = process.argv.slice(2).map(Number);
let count = 0;
let total = 0;
let start;

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("listening", () => console.log(server.address().port));
server.on("connection", (client) => {
  client.on("message", (data) => {
    total += JSON.parse(data).seq;
    count += 1;
    if (count === skip) start = process.cpuUsage();
    if (count === skip + measure) {
      const used = process.cpuUsage(start);
      console.log((used.user + used.system) / 1e6);
      process.exit(total > 0 ? 0 : 1);
    }
  });
});
