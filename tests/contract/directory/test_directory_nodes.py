"""Nodes: listed while they beat, asked to drain, gone when they leave or fall silent."""

from __future__ import annotations

import math

import pytest

from shared_state.directory import MOST_KICKS
from shared_state.directory_entry import BadMetadata, Kick, NodeEntry
from shared_state.names import session_id, world_name
from tests.contract.deadline import within
from tests.contract.directory.conftest import ANN, BOB, LONG_S, Harbour

SHORT_S, PAST_SHORT_S = 0.05, 0.06
LOAD = {"connections": 5000, "lag_s": 0.1 + 0.2, "big": 2**53 - 1, "small": 5e-324, "none": 0.0}


@within(20)
async def test_nodes_that_beat_are_listed(harbour: Harbour) -> None:
    """By name, with what they said last; load figures are exact (S09)."""
    assert await harbour.directory.nodes() == []
    assert not await harbour.directory.beat(BOB, "10.0.0.2:8000", LONG_S, LOAD)
    assert not await harbour.directory.beat(ANN, "old", LONG_S, {"x": 1})
    assert not await harbour.directory.beat(ANN, "[::1]:8000", LONG_S, {})
    assert await harbour.other.nodes() == [
        NodeEntry(ANN, "[::1]:8000", {}, False),
        NodeEntry(BOB, "10.0.0.2:8000", LOAD, False),
    ]


@within(20)
async def test_a_silent_node_is_not_listed(harbour: Harbour) -> None:
    """From the end of its time to live on; with a new beat it is."""
    await harbour.directory.beat(ANN, "a", SHORT_S, {})
    await harbour.directory.beat(BOB, "b", LONG_S, {})
    await harbour.pass_time(PAST_SHORT_S)
    assert [node.name for node in await harbour.other.nodes()] == [BOB]
    await harbour.directory.beat(ANN, "a", LONG_S, {})
    assert [node.name for node in await harbour.other.nodes()] == [ANN, BOB]


@within(20)
async def test_a_node_hears_that_it_is_to_drain(harbour: Harbour) -> None:
    """At its next beat and every one after; others don't."""
    await harbour.directory.beat(ANN, "a", LONG_S, {})
    await harbour.directory.beat(BOB, "b", LONG_S, {})
    assert await harbour.other.ask_to_drain(ANN)
    assert await harbour.directory.beat(ANN, "a", LONG_S, {})
    assert await harbour.directory.beat(ANN, "a", LONG_S, {}, draining=True)
    assert not await harbour.directory.beat(BOB, "b", LONG_S, {})
    assert [node.draining for node in await harbour.other.nodes()] == [True, False]


@within(20)
async def test_a_node_that_drains_by_itself_says_so(harbour: Harbour) -> None:
    """Without having been asked."""
    assert not await harbour.directory.beat(ANN, "a", LONG_S, {}, draining=True)
    assert [node.draining for node in await harbour.other.nodes()] == [True]
    assert not await harbour.directory.beat(ANN, "a", LONG_S, {})
    assert [node.draining for node in await harbour.other.nodes()] == [False]


@within(20)
async def test_only_a_live_node_can_be_asked(harbour: Harbour) -> None:
    """The operator is told when there is nobody to hear."""
    assert not await harbour.other.ask_to_drain(ANN)
    await harbour.directory.beat(ANN, "a", SHORT_S, {})
    await harbour.pass_time(PAST_SHORT_S)
    assert not await harbour.other.ask_to_drain(ANN)
    assert not await harbour.directory.beat(ANN, "a", LONG_S, {})


@within(20)
async def test_a_request_to_drain_dies_with_the_node(harbour: Harbour) -> None:
    """A node that left or fell silent, and comes back under its name, starts afresh."""
    await harbour.directory.beat(ANN, "a", LONG_S, {})
    await harbour.other.ask_to_drain(ANN)
    assert await harbour.directory.leave(ANN)
    assert not await harbour.directory.leave(ANN)
    assert await harbour.other.nodes() == []
    assert not await harbour.directory.beat(ANN, "a", SHORT_S, {})
    await harbour.other.ask_to_drain(ANN)
    await harbour.pass_time(PAST_SHORT_S)
    assert not await harbour.directory.leave(ANN)
    assert not await harbour.directory.beat(ANN, "a", LONG_S, {})


@pytest.mark.parametrize("ttl_s", [0, -1, math.nan, math.inf])
@within(20)
async def test_a_beat_without_a_life_time_is_refused(harbour: Harbour, ttl_s: float) -> None:
    """No node lives for no time, or for ever."""
    with pytest.raises(ValueError, match="above zero"):
        await harbour.directory.beat(ANN, "a", ttl_s, {})
    assert await harbour.other.nodes() == []


@within(20)
async def test_a_beat_that_cannot_be_kept_is_refused(harbour: Harbour) -> None:
    """Figures that are no numbers, and an address without end."""
    with pytest.raises(BadMetadata):
        await harbour.directory.beat(ANN, "a", LONG_S, {"lag_s": math.nan})
    with pytest.raises(ValueError, match="address"):
        await harbour.directory.beat(ANN, "a" * 256, LONG_S, {})
    assert await harbour.other.nodes() == []


@within(20)
async def test_a_node_hears_once_whom_to_put_out(harbour: Harbour) -> None:
    """In order, and nobody else's; only a live node is asked, and a new one of its name starts afresh."""
    kicks = [Kick(world_name("quay"), session_id(name)) for name in ("s.1", "t")]
    assert not await harbour.other.ask_to_kick(ANN, kicks[0])
    await harbour.directory.beat(ANN, "a", LONG_S, {})
    for kick in kicks:
        assert await harbour.other.ask_to_kick(ANN, kick)
    assert await harbour.directory.kicks(BOB) == []
    assert await harbour.directory.kicks(ANN) == kicks
    assert await harbour.directory.kicks(ANN) == []
    assert await harbour.other.ask_to_kick(ANN, kicks[0])
    await harbour.directory.leave(ANN)
    await harbour.directory.beat(ANN, "a", SHORT_S, {})
    assert await harbour.directory.kicks(ANN) == []
    assert await harbour.other.ask_to_kick(ANN, kicks[0])
    await harbour.pass_time(PAST_SHORT_S)
    await harbour.directory.beat(ANN, "a", LONG_S, {})
    assert await harbour.directory.kicks(ANN) == []


@within(20)
async def test_requests_that_nobody_hears_are_bounded(harbour: Harbour) -> None:
    """A node that does not listen is asked so often and no more."""
    await harbour.directory.beat(ANN, "a", LONG_S, {})
    kick = Kick(world_name("quay"), session_id("s"))
    said = [await harbour.other.ask_to_kick(ANN, kick) for _ in range(MOST_KICKS + 1)]
    assert said == [True] * MOST_KICKS + [False]
    assert len(await harbour.directory.kicks(ANN)) == MOST_KICKS
