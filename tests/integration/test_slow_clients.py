"""Clients that do not read, on real sockets: they miss states, never bytes, and cost nobody else a thing (S02, S13)."""

from __future__ import annotations

import trio

from tests.integration.memory_node import running_node
from tests.integration.net_peer import eventually
from tests.integration.player import SocketPlayer, enter

FLAG_BYTES = 8_000
FLAGS = 60


async def fly_flags(player: SocketPlayer) -> None:
    """Makes many large things that everybody sees: far more than sockets hold."""
    for number in range(FLAGS):
        assert (await player.do("hoist", text=f"flag {number}", data="x" * FLAG_BYTES)).code == ""
        await trio.sleep(0.02)


async def test_who_stops_reading_for_a_while_gets_what_is_new_and_whole_frames() -> None:
    """No reset, no torn frame, no queue of old states: one catch-up, and the view equals that of the others."""
    with trio.fail_after(30):
        async with running_node() as harbour:
            slow, quick = await enter(harbour.port), await enter(harbour.port)
            await fly_flags(quick)
            counts = harbour.node.hosts[0].fanout.counts
            assert counts.held_back > 0
            assert counts.bytes < 2 * FLAGS * FLAG_BYTES, "what the one was sent waits for the other"
            assert slow.bot.mirror is not None
            assert quick.bot.mirror is not None
            goal = FLAGS + 2
            await slow.listen_until(lambda: slow.bot.mirror is not None and len(slow.bot.mirror) == goal)
            assert counts.caught_up > 0
            assert slow.bot.mirror.cells.keys() == quick.bot.mirror.cells.keys()
            assert all(slow.bot.mirror.digest(cell) == quick.bot.mirror.digest(cell) for cell in quick.bot.mirror.cells)
            assert slow.is_content()
            assert quick.is_content()
            assert slow.bot.tally.resyncs == 0


async def test_who_never_reads_is_closed_and_may_come_back() -> None:
    """After the time limit, counted from when its socket last took something; the others play on."""
    with trio.fail_after(30):
        async with running_node(slow_limit_s=0.5) as harbour:
            deaf, quick = await enter(harbour.port), await enter(harbour.port)
            await fly_flags(quick)
            await eventually(lambda: not any(s.client.blocked for s in harbour.node.hosts[0].sessions))
            assert len(harbour.node.hosts[0].sessions) == 1
            # The last frame may be cut off: nothing follows it.
            await deaf.peer.wait_gone()
            assert quick.is_content()
            again = await enter(harbour.port)
            assert (await again.do("sail", dx=1.0)).code == ""
