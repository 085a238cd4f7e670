"""Slow handshakes, too many clients and lost descriptors (S28): in time, and without harm to good joins."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator

import trio

from server.net.http import Routes
from server.net.limits import Limits
from tests.conformance.echo import EchoApp
from tests.integration.net_peer import HANDSHAKE, Peer, connect, eventually, join, serving

SLOW = Limits(head_timeout_s=1.0)
BYTE_EVERY_S = 0.2


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))


@contextlib.contextmanager
def at_most_descriptors(count: int) -> Iterator[None]:
    """Lowers the limit on descriptors for a while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def dribble(peer: Peer) -> None:
    """Sends the request byte by byte, each in time, until the server gives up."""
    with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        for byte in HANDSHAKE:
            await peer.send(bytes([byte]))
            await trio.sleep(BYTE_EVERY_S)


async def test_dribbled_requests_are_cut_off_while_good_ones_join() -> None:
    """Two hundred clients that dribble their headers are gone by the deadline; a good one joins at once meanwhile."""
    before = descriptors()
    with trio.fail_after(6):
        async with serving(EchoApp(), SLOW) as port, trio.open_nursery() as nursery:
            slow = [await connect(port) for _ in range(200)]
            for peer in slow:
                nursery.start_soon(dribble, peer)
            # Sooner than the first of the others is told to go.
            with trio.fail_after(SLOW.head_timeout_s):
                good = await join(port)
                assert await good.echo(b"hello") == b"hello"
            with trio.fail_after(SLOW.head_timeout_s + 1.5):
                for peer in slow:
                    await peer.wait_gone()
            assert await good.echo(b"still") == b"still"
            for peer in [*slow, good]:
                await peer.stream.aclose()
            nursery.cancel_scope.cancel()
        await eventually(lambda: descriptors() <= before + 1)


async def test_oldest_dawdler_makes_room() -> None:
    """Over the bound on handshakes the newest client is served and the oldest dawdler is dropped."""
    with trio.fail_after(3):
        async with serving(EchoApp(), Limits(max_handshakes=5)) as port:
            silent = [await connect(port) for _ in range(10)]
            good = await join(port)
            assert await good.echo(b"hello") == b"hello"
            for peer in silent[:5]:
                await peer.wait_gone()


async def test_full_node_says_so_and_serves_again_after_someone_left() -> None:
    """The client above the bound is answered 503; its seat is free again when another leaves."""
    with trio.fail_after(3):
        async with serving(EchoApp(), Limits(max_connections=2), routes=Routes()) as port:
            first, _second = await join(port), await join(port)
            third = await connect(port)
            await third.send(HANDSHAKE)
            assert (await third.read_head()).startswith(b"HTTP/1.1 503 ")
            await third.wait_gone()
            await third.stream.aclose()
            first.reset()
            await trio.sleep(0.1)
            assert await (await join(port)).echo(b"hello") == b"hello"


async def test_listener_survives_running_out_of_descriptors() -> None:
    """Without a free descriptor accepting fails, backs off, drops dawdlers and recovers."""
    with trio.fail_after(6):
        async with serving(EchoApp(), Limits()) as port:
            early = await join(port)
            plain = [await connect(port) for _ in range(30)]
            await trio.sleep(0.1)
            with at_most_descriptors(descriptors() + 3):
                while True:
                    try:
                        plain.append(await connect(port))
                    except OSError:
                        break
                await trio.sleep(0.3)
                assert await early.echo(b"still here") == b"still here"
            for peer in plain:
                await peer.stream.aclose()
            with trio.fail_after(1):
                late = await join(port)
                assert await late.echo(b"hello") == b"hello"
