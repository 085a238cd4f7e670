/** The game's state for tests and the curious, as `window.oarlock`: plain values, read afresh at each access. */

export function exposed({ voyage, scene, effects, pace, join }) {
  const { client, own, others } = voyage;
  const things = (kind) => {
    const entities = [...(client.mirror?.entities.values() ?? [])].filter((entity) => entity.kind === kind);
    return Object.fromEntries(entities.map(({ id, fields }) => [id, { ...fields }]));
  };
  return {
    get connected() { return client.status === "playing"; },
    get status() { return client.status; },
    get node() { return client.welcome?.node ?? null; },
    get session() { return client.welcome?.session ?? null; },
    get avatar() { return client.welcome?.avatar ?? null; },
    get boats() { return things("Boat"); },
    get crates() { return things("Crate"); },
    get offers() { return things("Offer"); },
    get shown() { return [...scene.things.values()].map(({ id, kind, x, y }) => ({ id, kind, x, y })); },
    get shouts() { return Object.fromEntries([...effects.shouts].map(([boat, { text }]) => [boat, text])); },
    get epoch() { return client.mirror?.epoch ?? null; },
    get version() { return client.mirror?.version ?? null; },
    get divergences() { return client.statistics().divergences; },
    get corrections() { return own.corrections; },
    get delayMs() { return others.delayMs; },
    get latencyMs() { return client.latencyMs; },
    get reconnects() { return client.statistics().reconnects; },
    get pending() { return client.unanswered; },
    get statistics() { return client.statistics(); },
    get serverMs() { return client.clock.now(); },
    cut: () => client.cut(),
    do: (command, args) => client.do(command, args),
    pace,
    join,
  };
}
