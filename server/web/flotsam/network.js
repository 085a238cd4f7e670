/**
 * The network panel: which node serves this page and how well, whose boats are in sight, and the line that one may cut.
 *
 * Knows the document and the SDK's figures. Owns the graph of latencies.
 */

import { element } from "../elements.js";
import { shortName } from "../fleet.js";
import { nodeColour } from "./colours.js";
import { byId, press, write } from "./page.js";

const SAMPLES = 120;
const LEAST_TOP_MS = 40;

export class NetworkPanel {
  /** `cut()`: loses the connection. */
  constructor(cut) {
    this.latencies = [];
    this.shownNodes = "";
    this.graph = byId("latency-graph").getContext("2d");
    press("network-button", () => this.toggle());
    press("cut", cut);
  }

  get isOpen() {
    return !byId("network-panel").hidden;
  }

  toggle(isOpen = !this.isOpen) {
    byId("network-panel").hidden = !isOpen;
    byId("network-button").setAttribute("aria-expanded", String(isOpen));
  }

  /** `figures`: the client's statistics with `delayMs` and `corrections`; `boats`: those in sight. */
  update(figures, boats, isConnected) {
    const { node, latencyMs } = figures;
    write({ node: shortName(node) || "–", latency: isConnected && latencyMs !== null ? `${Math.round(latencyMs)} ms` : "no line" });
    byId("node-dot").style.background = nodeColour(shortName(node));
    this.latencies.push(isConnected ? latencyMs : null);
    if (this.latencies.length > SAMPLES) this.latencies.shift();
    if (!this.isOpen) return;
    this.#write(figures);
    this.#count(boats, node);
    this.#plot();
  }

  #write({ version, jitterMs, bytesInPerS, bytesOutPerS, delayMs, corrections, reconnects, divergences }) {
    write({
      version: String(version),
      jitter: `${jitterMs.toFixed(1)} ms`,
      "bytes-in": `${(bytesInPerS / 1024).toFixed(1)} KB/s`,
      "bytes-out": `${(bytesOutPerS / 1024).toFixed(1)} KB/s`,
      delay: `${Math.round(delayMs)} ms`,
      corrections: String(corrections),
      reconnects: String(reconnects),
      divergences: String(divergences),
    });
  }

  #count(boats, node) {
    const counts = countByNode(boats);
    const shown = JSON.stringify([counts, node]);
    if (shown === this.shownNodes) return;
    this.shownNodes = shown;
    byId("nodes").replaceChildren(...counts.map(([name, count]) => nodeLine(name, count, name === shortName(node))));
  }

  #plot() {
    const { graph, latencies } = this;
    const { width, height } = graph.canvas;
    const top = Math.max(LEAST_TOP_MS, ...latencies.map((ms) => ms ?? 0));
    graph.clearRect(0, 0, width, height);
    graph.lineWidth = 3;
    graph.strokeStyle = "#6fdc9a";
    graph.fillStyle = "rgb(255 138 112 / 40%)";
    graph.beginPath();
    let isDown = false;
    latencies.forEach((ms, at) => {
      const x = ((SAMPLES - latencies.length + at) / SAMPLES) * width;
      if (ms === null) graph.fillRect(x, 0, width / SAMPLES + 1, height);
      else if (isDown) graph.lineTo(x, yOf(ms));
      else graph.moveTo(x, yOf(ms));
      isDown = ms !== null;
    });
    graph.stroke();
    graph.fillStyle = "#b4cdd2";
    graph.font = "22px system-ui, sans-serif";
    graph.fillText(`${Math.round(top)} ms`, 8, 24);

    function yOf(ms) {
      return height - 6 - (ms / top) * (height - 16);
    }
  }
}

/** Boats by the node of their players: [name, count], in the order of names. Pure. */
export function countByNode(boats) {
  const counts = new Map();
  for (const { fields } of boats) {
    const name = shortName(fields.node ?? "");
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort(([left], [right]) => (left < right ? -1 : 1));
}

function nodeLine(name, count, isOwn) {
  const line = document.createElement("li");
  const dot = element("span", "", "dot");
  dot.style.background = nodeColour(name);
  line.append(dot, element("span", name || "no node yet"));
  if (isOwn) line.append(element("span", "yours", "state"));
  line.append(element("span", String(count), "figure"));
  return line;
}
