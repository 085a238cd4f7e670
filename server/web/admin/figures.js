/** Draws the operators' sums, worlds and players into the page. Knows the document, asks nobody. */

import { element, pair, whole } from "../elements.js";
import { shortName } from "../fleet.js";

const byId = (id) => document.getElementById(id);

/** The fleet in five figures; with a demo, whether its invariants hold. */
export function showSums(state, demo) {
  const sum = (name) => state.nodes.reduce((total, node) => total + (node.load[name] ?? 0), 0);
  const sums = [
    ["nodes", whole.format(state.nodes.length), ""],
    ["worlds", whole.format(state.worlds.length) + (state.more ? "+" : ""), ""],
    ["players", whole.format(sum("sessions")), ""],
    ["commands/s", whole.format(sum("commands_s")), ""],
    ["sent", `${whole.format(sum("sent_bytes_s") / 1024)} KB/s`, ""],
  ];
  if (demo !== null) {
    const { checked, violations } = demo.invariants;
    sums.push(["invariant violations", `${violations} of ${whole.format(checked)}`, violations > 0 ? "wrong" : "right"]);
  }
  byId("sums").replaceChildren(...sums.map(([name, figure, mark]) => pair(name, figure, mark)));
}

/** A row for each world. */
export function showWorlds(state, before, now, choose) {
  const rows = state.worlds.map((world) => {
    const known = before?.versions.get(world.name);
    const rate = known === undefined ? "–" : whole.format(Math.max(0, world.version - known) / ((now - before.at) / 1000));
    const marks = [world.private ? "private" : "", world.persistent ? "persistent" : ""].filter(Boolean).join(", ");
    const button = element("button", "Players");
    button.type = "button";
    button.addEventListener("click", () => choose(world.name));
    return row([
      cell(world.name, marks),
      cell(world.kind, "", "spare"),
      cell(`${whole.format(world.used)} / ${whole.format(world.seats)}`, "", "figure"),
      cell(whole.format(world.version), "", "figure"),
      cell(rate, "", "figure"),
      cell(button),
    ]);
  });
  byId("worlds").replaceChildren(...(rows.length ? rows : [row([cell("No world is open.")])]));
}

/** The players of the chosen world. */
export function showPlayers({ world, count, players }) {
  byId("players-section").hidden = false;
  const some = players.length < count ? `, the first ${players.length}` : "";
  byId("players-title").textContent = `Players of ${world}: ${count}${some}`;
  const rows = players.map((player) =>
    row([
      cell(player.name),
      cell(player.session, "", "spare"),
      cell(shortName(player.node)),
      cell(player.is_away ? "away" : "here"),
    ]),
  );
  byId("players").replaceChildren(...(rows.length ? rows : [row([cell("Nobody is in this world.")])]));
}

function row(cells) {
  const made = document.createElement("tr");
  made.append(...cells);
  return made;
}

function cell(content, note = "", mark = "") {
  const made = element("td", "", mark);
  made.append(content);
  if (note) made.append(" ", element("small", note));
  return made;
}
