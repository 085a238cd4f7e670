"""The link: one backlog, in order, whole or not at all."""

from __future__ import annotations

import attrs
import pytest
import trio
import trio.testing

from server.net.hub import Hub
from server.net.link import Link
from tests.unit.net.sockets import read_exactly, running_hub, socket_pair, until


@attrs.define(eq=False)
class Owner:
    """Notes what the link reports; ``partner`` is read no more once bytes have arrived."""

    received: list[bytes] = attrs.field(factory=list)
    ends: list[bool] = attrs.field(factory=list)
    drained: int = 0
    resumed: trio.Event = attrs.field(factory=trio.Event)
    ticks: list[float] = attrs.field(factory=list)
    partner: Link | None = None

    def on_bytes(self, data: bytes) -> None:
        self.received.append(data)
        if self.partner is not None:
            self.partner.read(False)

    def on_end(self, broken: bool) -> None:
        self.ends.append(broken)

    def on_drained(self) -> None:
        self.drained += 1

    def on_resumed(self) -> None:
        self.resumed.set()

    def on_tick(self, now_s: float) -> None:
        self.ticks.append(now_s)


async def test_what_the_socket_does_not_take_follows_in_order() -> None:
    """Sends beyond the socket's room are kept, reported as blocked, and arrive whole and in order."""
    with trio.fail_after(5), socket_pair() as (ours, theirs):
        async with running_hub() as hub:
            owner = Owner()
            link = Link(ours, hub, owner)
            chunks = [bytes([number]) * 50_000 for number in range(40)]
            taken = [link.send(chunk) for chunk in chunks]
            assert taken[0]
            assert not taken[-1]
            assert link.stalled_since is not None
            assert link.backlog_bytes > 0
            assert await read_exactly(theirs, 2_000_000) == b"".join(chunks)
            await link.drain()
            assert (link.stalled_since, link.backlog_bytes, owner.drained) == (None, 0, 1)
            link.close()


async def test_reset_while_writing_ends_the_link_once() -> None:
    """A peer that is gone is reported once, as broken; later sends go nowhere and raise nothing."""
    with trio.fail_after(5), socket_pair() as (ours, theirs):
        async with running_hub() as hub:
            owner = Owner()
            link = Link(ours, hub, owner)
            theirs.close()
            assert not link.send(b"x")
            assert not link.send(b"y")
            assert owner.ends == [True]
            assert link.is_closed
            await link.drain()
            await link.linger()


async def test_end_of_stream_is_reported_and_sending_goes_on() -> None:
    """The peer's half-close is an orderly end; our direction still works."""
    with trio.fail_after(5), socket_pair() as (ours, theirs):
        async with running_hub() as hub:
            owner = Owner()
            link = Link(ours, hub, owner)
            link.read(True)
            theirs.send(b"last words")
            theirs.shutdown(1)
            await until(lambda: bool(owner.ends))
            assert (owner.received, owner.ends) == ([b"last words"], [False])
            assert link.send(b"answer")
            assert await read_exactly(theirs, 6) == b"answer"
            link.close()


async def test_link_stopped_by_a_neighbour_in_the_same_round_is_left_alone() -> None:
    """Of two links ready at once, the first to be served stops the other, which then hears nothing."""
    with trio.fail_after(5), socket_pair() as (ours, theirs), socket_pair() as (ours2, theirs2):
        owner, owner2 = Owner(), Owner()
        hub = Hub()
        link, link2 = Link(ours, hub, owner), Link(ours2, hub, owner2)
        owner.partner, owner2.partner = link2, link
        theirs.send(b"a")
        theirs2.send(b"b")
        link.read(True)
        link2.read(True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hub.run)
            await until(lambda: bool(owner.received or owner2.received))
            nursery.cancel_scope.cancel()
        assert len(owner.received) + len(owner2.received) == 1
        link.close()
        link2.close()
        hub.close()


async def test_resume_comes_from_the_hub_and_not_from_the_call() -> None:
    """``resume`` returns before the owner's turn comes."""
    with trio.fail_after(5), socket_pair() as (ours, _):
        async with running_hub() as hub:
            owner = Owner()
            link = Link(ours, hub, owner)
            link.resume()
            assert not owner.resumed.is_set()
            await owner.resumed.wait()
            link.close()


async def test_ticks_come_to_every_link_until_it_is_closed(autojump_clock: trio.testing.MockClock) -> None:
    """Each period the hub ticks its links, and a closed one no more."""
    with socket_pair() as (ours, _):
        async with running_hub(tick_s=1.0) as hub:
            owner = Owner()
            link = Link(ours, hub, owner)
            await trio.sleep(3.5)
            link.close()
            await trio.sleep(3.5)
    assert owner.ticks == pytest.approx([1, 2, 3])
