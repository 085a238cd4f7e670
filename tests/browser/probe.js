/** Makes a page a player of the cove (cove.py) that only shows its state: an expression, run by the tests. */

(async () => {
  const { Client, Interpolation, JSON_TEXT, MSGPACK, Prediction } = await import("/sdk/index.js");

  const row = (boat, { command, args }) =>
    command === "row" ? { ...boat, x: boat.x + args.dx, y: boat.y + args.dy } : boat;

  const { name = "Ann", socket = "/ws/cove", wire = "msgpack" } = window.wanted ?? {};
  const client = new Client({ url: socket, codec: wire === "json" ? JSON_TEXT : MSGPACK });
  const own = new Prediction(client, { step: row });
  const others = new Interpolation(client);
  const statuses = [];
  const answers = { committed: 0, refused: 0, dx: 0, lastMs: 0, longestGapMs: 0 };
  let messages = 0;
  client.on("status", (status) => statuses.push([Math.round(performance.now()), status]));
  client.on("change", () => (messages += 1));

  async function stroke(dx) {
    const { code } = await own.do("row", { dx, dy: 0 });
    const nowMs = performance.now();
    if (code !== "") answers.refused += 1;
    else {
      answers.committed += 1;
      answers.dx += dx;
      if (answers.lastMs > 0) answers.longestGapMs = Math.max(answers.longestGapMs, nowMs - answers.lastMs);
      answers.lastMs = nowMs;
    }
    return code;
  }

  window.probe = {
    client, own, others, statuses, answers, stroke,
    rowForever: () => setInterval(() => stroke(3), 100),
    get messages() { return messages; },
    get status() { return client.status; },
    get node() { return client.welcome?.node ?? ""; },
    get session() { return client.welcome?.session ?? ""; },
    get boat() { return client.avatar && { id: client.avatar.id, ...client.avatar.fields }; },
    get version() { return client.mirror?.version ?? 0; },
    get boats() { return [...(client.mirror?.entities.values() ?? [])].filter(({ kind }) => kind === "Boat").length; },
    get statistics() { return client.statistics(); },
  };
  const joined = client.canRejoin ? client.rejoin() : client.join({ name });
  await joined;
})()
