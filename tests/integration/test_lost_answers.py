"""Commands of a player whose node loses the store's answers again and again (S04). Real servers behind a proxy."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared_state.delta import decode_delta
from shared_state.embedded import embedded_store
from shared_state.job import Job, open_row
from shared_state.outcome import Committed, Outcome
from shared_state.redis.link import LinkTimes
from shared_state.redis.store import open_store
from shared_state.world import open_world
from tests.contract.deadline import within
from tests.contract.proxy import proxied
from tests.contract.servers import server_binary
from tests.integration.lease_node import BAY, clock_ms
from tests.integration.purchase import ANN, BOAT, purchase, settled
from tests.unit.shared_state.small_world import SCHEMA, Boat, put_boat

pytestmark = pytest.mark.integration

PURCHASES = 1000
AT_ONCE = 20
CUT_EVERY = 4


@pytest.fixture(params=["valkey", "redis"])
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A server of each kind, of this test alone."""
    async with embedded_store(binary=server_binary(request.param)) as server:
        yield server.url


@within(120)
async def test_a_thousand_purchases_over_a_link_that_loses_answers(url: str) -> None:
    """Each takes effect once, in order, and is told so; versions have no hole, and sums are exact."""
    times = LinkTimes(retry_first_s=0.01, retry_most_s=0.05, stable_after_s=0)
    async with (
        proxied(url) as proxy,
        open_store(proxy.url, times=times) as store,
        open_world(store, BAY, SCHEMA, clock_ms) as world,
    ):
        writer = world.writer(ANN)
        await settled(world, [Job(put_boat(), lambda outcome: None, writer, open_row, opens=True, tail=b"t")])
        outcomes: list[Outcome] = []
        for first in range(1, PURCHASES, AT_ONCE):
            proxy.cut_replies = first // AT_ONCE % CUT_EVERY == 0
            outcomes += await settled(world, [purchase(writer, seq) for seq in range(first, first + AT_ONCE)])
        assert [type(outcome) for outcome in outcomes] == [Committed] * PURCHASES
        assert proxy.cuts > 5, "of answers, and of the connections with them"
        assert world.replica.read(BOAT)[1] == Boat(gold=0, x=PURCHASES, y=0)
    async with open_store(url) as store:
        log = [decode_delta(payload) for payload in await store.log_after(BAY, 0, 10_000)]
        assert [delta.version for delta in log] == list(range(1, len(log) + 1))
        commands = [record.seq for delta in log for record in delta.records if record.seq]
        assert commands == list(range(1, PURCHASES + 1))
