"""The link when its connection or its server goes away: noticed, repaired, told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from shared_state.embedded import embedded_store
from shared_state.errors import StoreUnavailable
from shared_state.names import world_name
from shared_state.redis.keys import world_keys
from shared_state.redis.link import LinkTimes
from shared_state.redis.store import open_store
from tests.contract.deadline import within
from tests.contract.proxy import proxied
from tests.contract.servers import server_binary
from tests.contract.writer import Recorder, Writer
from tests.integration.test_link_calls import running_link

pytestmark = pytest.mark.integration

WORLD = world_name("bay")
NOTICED_WITHIN_S = 5.0
BEYOND_BUFFER_LIMIT = 40_000_000


@pytest.fixture(params=["valkey", "redis"])
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A server of each kind, of this test alone."""
    async with embedded_store(binary=server_binary(request.param)) as server:
        yield server.url


@within(20)
async def test_a_killed_connection_is_subscribed_again_and_says_so(url: str) -> None:
    """After each kill the listener is told, and hears what is published then (S03, S08)."""
    async with open_store(url, client_name="victim") as store, running_link(url) as admin:
        recorder = Recorder()
        channel = world_keys(WORLD).channel
        async with store.subscribe(WORLD, recorder):
            for kills in range(1, 6):
                await admin.call("CLIENT", "KILL", "TYPE", "pubsub")
                with trio.fail_after(NOTICED_WITHIN_S):
                    await recorder.until(subscribed=kills + 1)
                await admin.call("SPUBLISH", channel, f"canary-{kills}")
                with trio.fail_after(NOTICED_WITHIN_S):
                    await recorder.until(deltas=kills)
        assert recorder.deltas == [b"canary-%d" % kills for kills in range(1, 6)]


@within(20)
async def test_a_call_that_waits_goes_on_with_the_first_connection_that_greets(url: str) -> None:
    """A connection that broke while greeting does not hold up the calls that wait for the next one."""
    times = LinkTimes(unavailable_after_s=10)
    async with proxied(url) as proxy:
        proxy.cut_replies = True
        async with running_link(proxy.url, times) as link:
            with trio.fail_after(2):
                assert await link.call("PING") == b"PONG"
    assert proxy.cuts == 1


@within(20)
async def test_calls_in_flight_fail_when_the_connection_is_killed(url: str) -> None:
    """Whether they took effect is unknown, and they say so; the next call goes through."""
    async with running_link(url) as link, running_link(url) as admin:
        assert await link.call("PING") == b"PONG"
        errors: list[StoreUnavailable] = []

        async def wait_for_nothing() -> None:
            with pytest.raises(StoreUnavailable) as caught:
                await link.call("BLPOP", "nothing", 0)
            errors.append(caught.value)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_for_nothing)
            await trio.sleep(0.05)
            await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert len(errors) == 1
        assert await link.call("PING") == b"PONG"


@within(30)
async def test_a_server_that_restarts_is_found_again(tmp_path: Path) -> None:
    """With its data it is the same world: the follower is told, a resent batch gets its first answer."""
    options = ["--appendonly", "yes", "--appendfsync", "always"]
    async with trio.open_nursery() as nursery:
        stop, stopped, start = trio.Event(), trio.Event(), trio.Event()

        async def serve_twice(task_status: trio.TaskStatus[str]) -> None:
            async with embedded_store(directory=tmp_path, options=options) as server:
                task_status.started(server.url)
                await stop.wait()
            stopped.set()
            await start.wait()
            async with embedded_store(directory=tmp_path, options=options):
                await trio.sleep_forever()

        url = await nursery.start(serve_twice)
        async with open_store(url, times=LinkTimes(unavailable_after_s=0.2)) as store:
            recorder = Recorder()
            async with store.subscribe(WORLD, recorder):
                writer = await Writer.attach(store, WORLD)
                reply = await writer.commit(writer.op(puts={1: b"kept"}))
                stop.set()
                await stopped.wait()
                with pytest.raises(StoreUnavailable):
                    await store.head(WORLD)
                start.set()
                await recorder.until(subscribed=2)
                assert await store.commit(WORLD, writer.last) == reply
                assert [value[8:] for value in (await store.snapshot(WORLD)).state.values()] == [b"kept"]
        nursery.cancel_scope.cancel()


@within(30)
async def test_a_half_open_connection_is_noticed(url: str) -> None:
    """Bytes vanish and nothing is closed: within 5 s a waiting call fails and the subscription is made anew."""
    async with proxied(url) as proxy, open_store(proxy.url) as store:
        recorder = Recorder()
        async with store.subscribe(WORLD, recorder):
            proxy.freeze()
            with trio.fail_after(NOTICED_WITHIN_S), pytest.raises(StoreUnavailable, match="does not answer"):
                await store.head(WORLD)
            with trio.fail_after(NOTICED_WITHIN_S):
                await recorder.until(subscribed=2)
            assert (await store.head(WORLD)).version == 0


@within(30)
async def test_an_idle_half_open_connection_is_noticed(url: str) -> None:
    """Nobody calls: the link finds out by itself."""
    async with proxied(url) as proxy, open_store(proxy.url) as store:
        recorder = Recorder()
        async with store.subscribe(WORLD, recorder):
            await trio.sleep(2.5)
            assert recorder.subscribed == 1, "an idle connection that answers pings must stay"
            proxy.freeze()
            with trio.fail_after(NOTICED_WITHIN_S):
                await recorder.until(subscribed=2)


@within(30)
async def test_a_message_beyond_the_output_buffer_is_survived(url: str) -> None:
    """A 40 MB message mostly cuts subscribers off: within 5 s they have heard it, or of the cut (S03)."""
    async with open_store(url) as store, running_link(url) as publisher:
        recorder = Recorder()
        async with store.subscribe(WORLD, recorder):
            await publisher.call("SPUBLISH", world_keys(WORLD).channel, bytes(BEYOND_BUFFER_LIMIT))
            with trio.fail_after(NOTICED_WITHIN_S):
                while recorder.subscribed < 2 and not recorder.deltas:
                    await recorder.news()
            await publisher.call("SPUBLISH", world_keys(WORLD).channel, "canary")
            with trio.fail_after(NOTICED_WITHIN_S):
                while b"canary" not in recorder.deltas:
                    await recorder.news()
            assert recorder.deltas[-1] == b"canary"


@within(30)
async def test_a_lost_answer_is_got_by_sending_again(url: str) -> None:
    """The batch reached the store and its answer did not: sent again it takes effect once (S04)."""
    times = LinkTimes(stable_after_s=0)
    async with proxied(url) as proxy, open_store(proxy.url, times=times) as store:
        writer = await Writer.attach(store, WORLD)
        seen = await writer.put(1, b"0")
        for number in range(1, 11):
            op = writer.op(reads={1: seen}, puts={1: b"%d" % number})
            proxy.cut_replies = True
            with pytest.raises(StoreUnavailable):
                await writer.commit(op)
            reply = await store.commit(WORLD, writer.last)
            assert (reply.version, reply.codes) == (number + 1, "C")
            seen = op.tag
        assert proxy.cuts == 10
        assert (await store.snapshot(WORLD)).state == {1: seen + b"10"}
        assert len(await store.log_after(WORLD, 0, 100)) == 11
