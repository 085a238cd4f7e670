"""The rows of many sessions are read in pages: none is missed, each is of one moment, and the store is not held up."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable

import attrs
import pytest
import trio

from shared_state.errors import StoreUnavailable
from shared_state.names import SessionId, WorldName
from shared_state.redis.keys import SESSION_TAIL, world_keys
from shared_state.redis.snapshots import Paging
from shared_state.redis.store import RedisStore
from shared_state.redis.topology import Route
from shared_state.session_row import SessionHead
from tests.contract.deadline import within
from tests.contract.sailing import BusyServer, busy
from tests.contract.writer import Step, Writer

MANY = 700
PAGING = Paging(page_fields=50)


def row(number: int) -> tuple[SessionHead, bytes]:
    """Head and tail that belong together."""
    return SessionHead(number), b"tail of %d" % number


async def move(writer: Writer, name: str, before: int, after: int) -> None:
    """Changes head and tail of a row in one commit."""
    head, tail = row(after)
    step = Step(name, row(before)[0] if before else None, head, tail)
    assert (await writer.commit(writer.op(step=step))).codes == "C"


async def enter(writer: Writer, names: Iterable[str]) -> None:
    """Opens sessions."""
    head, tail = row(1)
    await writer.commit(*(writer.op(step=Step(name, None, head, tail)) for name in names))


@within(30)
async def test_rows_that_change_while_they_are_read_are_of_one_moment(real_store: RedisStore, world: WorldName) -> None:
    """Each head comes with the tail that was written with it; who is there all the time is found."""
    writer = await Writer.attach(real_store, world)
    names = [f"s{number}" for number in range(MANY)]
    await enter(writer, names)
    state = dict.fromkeys(names, 1)
    rng = random.Random(7)

    async def change(_: int) -> None:
        for name in rng.sample(names, 5):
            await move(writer, name, state[name], state[name] + 1)
            state[name] += 1
        await enter(writer, [f"late{rng.random()}".replace(".", "-")])

    link = busy(real_store, world, change)
    rows = await attrs.evolve(real_store, topology=BusyServer(link), paging=PAGING).session_rows(world)
    assert link.calls > 2 * MANY // 50 / 2
    assert set(names) <= set(rows)
    for stored in rows.values():
        head, tail = stored[: len(SessionHead(1).pack())], stored[len(SessionHead(1).pack()) :]
        number = int(tail.rpartition(b" ")[2])
        assert (head, tail) == (row(number)[0].pack(), row(number)[1])


@within(30)
async def test_another_connection_has_all_rows_read_again(real_store: RedisStore, world: WorldName) -> None:
    """Cursors of one server mean nothing on another."""
    writer = await Writer.attach(real_store, world)
    await enter(writer, [f"s{number}" for number in range(MANY)])

    async def reconnect(call: int) -> None:
        await trio.lowlevel.checkpoint()
        if call in reconnect_at:
            link.reconnected += 1

    link = busy(real_store, world, reconnect)
    store = attrs.evolve(real_store, topology=BusyServer(link), paging=PAGING)
    reconnect_at = {3}
    assert len(await store.session_rows(world)) == MANY
    reconnect_at = set(range(1000))
    with pytest.raises(StoreUnavailable, match="3 times"):
        await store.session_rows(world)


@within(120)
async def test_a_hundred_thousand_sessions_hold_nobody_up(real_store: RedisStore, world: WorldName) -> None:
    """No page takes the store 5 ms: each the best of three, as other programs run too; one step deletes all (S21)."""
    link, keys = real_store.topology.link_for(world), world_keys(world)
    await link.call("CONFIG", "SET", "slowlog-max-len", 10_000)
    await fill(link, keys.sessions, 100_000)
    rows: list[dict[SessionId, bytes]] = []

    async def read() -> None:
        rows.append(await real_store.session_rows(world))

    passes = [await steps(link, read) for _ in range(3)]
    best = [min(took) for took in zip(*passes, strict=True)]
    assert len(best) > 100_000 * 2 / Paging().page_fields / 2
    assert max(best) < 5000
    assert [len(found) for found in rows] == [100_000] * 3
    assert rows[0][SessionId("s7")] == row(1)[0].pack() + row(1)[1]
    deletion = await steps(link, lambda: real_store.delete_world(world))
    assert max(deletion) < min(map(sum, passes)) / 4


async def fill(link: Route, sessions: str, count: int) -> None:
    """Stores many rows, not by commits."""
    head, tail = row(1)
    for first in range(0, count, 1000):
        fields: list[str | bytes] = []
        for name in (f"s{number}" for number in range(first, first + 1000)):
            fields += [name, head.pack(), name + SESSION_TAIL, tail]
        await link.call("HSET", sessions, *fields)


async def steps(link: Route, act: Callable[[], Awaitable[None]]) -> list[int]:
    """How long each script took that ran meanwhile, microseconds, as the server says."""
    await link.call("CONFIG", "SET", "slowlog-log-slower-than", 0)
    await link.call("SLOWLOG", "RESET")
    await act()
    entries = await link.call("SLOWLOG", "GET", -1)
    await link.call("CONFIG", "SET", "slowlog-log-slower-than", 10_000)
    return [entry[2] for entry in reversed(entries) if entry[3][0].upper().startswith(b"EVAL")]
