"""Players whose node cannot reach the store: they are kept for a while, and then sent elsewhere (S03, S25)."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from server.wire import close_codes
from shared_state.errors import StoreUnavailable
from shared_state.memory_store import MemoryStore
from tests.unit.server.harbour import game
from tests.unit.server.quay import memory_server, open_quay
from tests.unit.shared_state.flaky_store import Fault, FlakyStore

LIMIT_S = 20.0
EVERY_S = 0.1
"""How soon a follower asks again."""


def cut_off(store: FlakyStore, seconds: float) -> None:
    """The node cannot ask the store how far it is."""
    away = Fault(error_before=StoreUnavailable("no connection"))
    store.plan("head", *[away] * round(seconds / EVERY_S))


async def test_a_store_that_is_away_for_a_moment_costs_nobody_the_connection(autojump_clock: MockClock) -> None:
    """Again and again, each time less than the limit: what counts is one silence."""
    with trio.fail_after(300):
        store = FlakyStore(MemoryStore(memory_server()))
        async with open_quay(game, store=store, store_limit_s=LIMIT_S) as quay:
            player = await quay.join()
            for _ in range(3):
                cut_off(store, LIMIT_S * 0.8)
                await trio.sleep(LIMIT_S * 1.2)
            player.do(1, "sail", dx=1.0)
            await quay.settle()
            assert player.answers()[1].code == ""
            assert player.line.closed is None


async def test_a_node_that_is_cut_off_sends_its_players_elsewhere(autojump_clock: MockClock) -> None:
    """Spectators and newcomers too, with a code to come back; once the store is there again, players stay."""
    with trio.fail_after(300):
        store = FlakyStore(MemoryStore(memory_server()))
        async with open_quay(game, store=store, store_limit_s=LIMIT_S) as quay:
            player, onlooker = await quay.join(), await quay.join(spectate=True)
            cut_off(store, LIMIT_S * 2)
            await trio.sleep(LIMIT_S * 0.9)
            assert player.line.closed is None
            await trio.sleep(LIMIT_S * 0.5)
            closed = (close_codes.STORE_AWAY, "the store does not answer")
            assert (player.line.closed, onlooker.line.closed) == (closed, closed)
            await trio.sleep(LIMIT_S)
            late = await quay.join()
            await trio.sleep(LIMIT_S)
            assert late.line.closed is None
