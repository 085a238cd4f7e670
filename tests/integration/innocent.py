"""A player who plays on through other people's trouble, and must notice nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import trio

from tests.integration.player import SocketPlayer, enter

BEAT_S = 0.05
LONGEST_S = 2.0
"""Until an answer. Generous: a busy machine is no fault of a client; a node that hangs is."""


@asynccontextmanager
async def watched(port: int) -> AsyncGenerator[SocketPlayer, None]:
    """A player who rows through all of it: no gap, no close, every command answered, and soon."""
    player = await enter(port)
    over = trio.Event()
    longest_s = 0.0

    async def play() -> None:
        nonlocal longest_s
        step = 1
        while not over.is_set():
            sent_s = trio.current_time()
            ack = await player.do("row", dx=step, dy=0)
            assert ack.code in ("", "tired")
            longest_s = max(longest_s, trio.current_time() - sent_s)
            step = -step
            await trio.sleep(BEAT_S)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(play)
        yield player
        over.set()
    assert player.is_content()
    assert player.bot.tally.blamed == player.bot.tally.resyncs == player.bot.tally.stale_acks == 0
    assert player.bot.tally.acknowledged >= 1
    assert longest_s < LONGEST_S, f"an answer took {longest_s:.1f} s"
