"""How often a room flushes: at its rate, unless that would leave no time for anything else."""

from __future__ import annotations

import attrs
import pytest
import trio
from trio.testing import MockClock

from shared_state.memory_store import MemoryStore
from tests.unit.server.harbour import game
from tests.unit.server.quay import MemoryClient, Player, Quay, memory_server, open_quay

PLAYED_S = 10.0


@attrs.define(eq=False)
class Costly(MemoryClient):
    """A client that takes time to write to, as a thousand of them would."""

    clock: MockClock = attrs.field(kw_only=True)
    write_s: float = attrs.field(kw_only=True)

    def send(self, frames: bytes) -> bool:
        self.clock.jump(self.write_s)
        return super().send(frames)


async def play(quay: Quay, player: Player) -> tuple[int, float]:
    """Moves as often as can be. Returns: how many flushes there were, and how long they took."""
    counts, flushing = quay.host.fanout.counts, quay.host.flushing
    flushes, spent_s, until_s = counts.flushes, flushing.total, trio.current_time() + PLAYED_S
    seq = 0
    while trio.current_time() < until_s:
        seq += 1
        player.do(seq, "sail", dx=0.001)
        await trio.sleep(0.021)
    return counts.flushes - flushes, flushing.total - spent_s


async def test_a_room_flushes_at_its_rate(autojump_clock: MockClock) -> None:
    """Twenty times a second, however much happens."""
    with trio.fail_after(60):
        async with open_quay(game, flush_hz=20) as quay:
            flushes, _ = await play(quay, await quay.join())
            assert abs(flushes - PLAYED_S * 20) <= 2


async def test_a_stall_is_followed_by_one_flush(autojump_clock: MockClock) -> None:
    """Three seconds in which the process did not run are not flushed one by one: what is new is shown once (S31)."""
    with trio.fail_after(60):
        async with open_quay(game, flush_hz=20) as quay:
            player = await quay.join()
            await play(quay, player)
            counts = quay.host.fanout.counts
            for jumped_s in (3.0, 30.0):
                flushes = counts.flushes
                autojump_clock.jump(jumped_s)
                player.do(max(player.answers()) + 1, "sail", dx=1.0)
                await trio.sleep(0.04)
                assert 1 <= counts.flushes - flushes <= 2
            assert player.line.closed is None


async def test_flushes_leave_half_of_the_time_to_others(autojump_clock: MockClock) -> None:
    """Who is written to for 100 ms a flush is written to less often: commands are taken and answered all the same."""
    with trio.fail_after(60):
        async with open_quay(game, flush_hz=20) as quay:
            player, crowd = await quay.join(), await quay.join()
            crowd.session.client = Costly(clock=autojump_clock, write_s=0.1)
            flushes, spent_s = await play(quay, player)
            assert flushes >= 40
            assert spent_s <= PLAYED_S / 2 + 0.2
            assert all(ack.code == "" for ack in player.answers().values())
            assert player.bot.findings.first == []


@pytest.mark.parametrize("push_after_reply", [False, True])
async def test_an_answer_comes_with_what_it_answers(autojump_clock: MockClock, push_after_reply: bool) -> None:
    """In a calm room a commit is shown at once, and its answer in the same flush: it does not wait for the next."""
    server = memory_server()
    with trio.fail_after(60):
        async with open_quay(game, server=server, store=MemoryStore(server, push_after_reply), flush_hz=20) as quay:
            player = await quay.join()
            for seq in range(1, 41):
                await trio.sleep(0.2)
                player.do(seq, "sail", dx=0.001)
                await trio.sleep(0.01)
                assert seq in player.answers()
