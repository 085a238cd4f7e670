"""The link with a real server: whose reply is whose, and what errors become."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from redis import Redis

from shared_state.embedded import embedded_store
from shared_state.errors import StoreError, StoreUnavailable
from shared_state.names import world_name
from shared_state.redis.address import StoreAddress
from shared_state.redis.link import Link, LinkTimes
from shared_state.redis.store import open_store
from tests.contract.deadline import within
from tests.contract.proxy import proxied
from tests.contract.servers import server_binary
from tests.contract.writer import Recorder, Writer

pytestmark = pytest.mark.integration

TASKS = 200
ROUND_S = 4.0


@asynccontextmanager
async def running_link(url: str, times: LinkTimes | None = None) -> AsyncIterator[Link]:
    """A link that connects by itself while the context is open."""
    link = Link(StoreAddress.from_url(url), random.Random(1), times or LinkTimes())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(link.run)
        yield link
        nursery.cancel_scope.cancel()


@pytest.fixture(params=["valkey", "redis"])
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A server of each kind, of this test alone."""
    async with embedded_store(binary=server_binary(request.param)) as server:
        yield server.url


@within(30)
async def test_a_cancelled_call_never_shifts_replies(url: str) -> None:
    """200 callers with random deadlines around the delay: each gets its own reply or none (S16)."""
    rng = random.Random(16)
    answered = abandoned = 0

    async def ask(link: Link, number: int) -> None:
        nonlocal answered, abandoned
        ends_s = trio.current_time() + ROUND_S
        while trio.current_time() < ends_s:
            with trio.move_on_after(rng.uniform(0.010, 0.080)) as scope:
                assert await link.call("GET", f"key-{number}") == b"value-%d" % number
                answered += 1
            abandoned += scope.cancelled_caught
            await trio.sleep(rng.uniform(0, 0.6))

    async with proxied(url) as proxy, running_link(proxy.url) as link:
        for number in range(TASKS):
            await link.call("SET", f"key-{number}", f"value-{number}")
        proxy.delay_s = 0.050
        async with trio.open_nursery() as nursery:
            for number in range(TASKS):
                nursery.start_soon(ask, link, number)
        assert await link.call("GET", "key-7") == b"value-7"
        assert link.connections == 1
    assert min(answered, abandoned) > TASKS // 4


@within(20)
async def test_calls_pass_the_wire_in_order(url: str) -> None:
    """Calls made at once are pipelined, and subscriptions between them do not disturb the order."""
    replies: list[int] = []

    async def count(link: Link) -> None:
        replies.append(await link.call("INCR", "n"))

    async def listen(link: Link, channel: str) -> None:
        async with link.subscribe(channel, Recorder()):
            await count(link)

    async with running_link(url) as link, trio.open_nursery() as nursery:
        for number in range(100):
            nursery.start_soon(count, link)
            if number % 10 == 0:
                nursery.start_soon(listen, link, f"channel-{number}")
    assert sorted(replies) == list(range(1, 111))


@within(20)
async def test_a_large_value_goes_through(url: str) -> None:
    """More than a socket takes at once is written by and by, with other calls behind it."""
    value = random.Random(3).randbytes(20_000_000)
    async with running_link(url) as link:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(link.call, "SET", "big", value)
            nursery.start_soon(link.call, "SET", "small", "x")
        assert await link.call("GET", "small") == b"x"
        assert await link.call("GET", "big") == value


@within(20)
async def test_arguments_that_cannot_be_sent_shift_nothing(url: str) -> None:
    """The caller is told, and the next call gets its own reply."""
    async with running_link(url) as link:
        with pytest.raises(TypeError):
            await link.call("GET", object())  # type: ignore[arg-type]
        assert await link.call("ECHO", "mine") == b"mine"


@within(20)
async def test_refusals_carry_the_servers_text(url: str) -> None:
    """A wrong type, a bad command and a full memory are refusals, not loss of the store."""
    async with running_link(url) as link:
        await link.call("SET", "text", "x")
        for command, text in [(("HGET", "text", "f"), "WRONGTYPE"), (("NONSENSE",), "unknown command")]:
            with pytest.raises(StoreError, match=text) as caught:
                await link.call(*command)
            assert not isinstance(caught.value, StoreUnavailable)
        await link.call("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StoreError, match="OOM"):
            await link.call("SET", "more", "x")
        assert link.connections == 1


@within(20)
async def test_a_replica_is_not_written_to(url: str) -> None:
    """READONLY says that the primary is elsewhere: the link connects anew, and only to a primary (S26)."""
    with Redis.from_url(url) as admin:
        async with running_link(url, LinkTimes(unavailable_after_s=0.5)) as link:
            assert await link.call("PING") == b"PONG"
            admin.replicaof("127.0.0.1", "1")
            with pytest.raises(StoreUnavailable, match="READONLY"):
                await link.call("SET", "a", "b")
            with pytest.raises(StoreUnavailable, match="a replica, not the primary"):
                await link.call("PING")
            admin.replicaof("NO", "ONE")
            assert await link.call("SET", "a", "b") == b"OK"
            assert link.connections == 2


@within(20)
async def test_a_forbidden_channel_is_a_refusal(url: str) -> None:
    """NOPERM to a subscription comes as an error reply: the subscriber is told, other calls keep their replies."""
    async with running_link(url) as admin:
        await admin.call("ACL", "SETUSER", "ann", "on", ">secret", "+@all", "~*", "resetchannels", "&allowed*")
    async with running_link(url.replace("unix://", "unix://ann:secret@")) as link, trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(link.call, "INCR", "n")
        with pytest.raises(StoreError, match="NOPERM"):
            async with link.subscribe("forbidden", Recorder()):
                raise AssertionError("subscribed")
        async with link.subscribe("allowed-1", Recorder()):
            assert await link.call("GET", "n") == b"10"
        assert link.connections == 1


@within(20)
async def test_a_wrong_password_says_so() -> None:
    """What keeps the link from connecting is in the error."""
    async with embedded_store(options=["--requirepass", "right"]) as server:
        times = LinkTimes(unavailable_after_s=0.5)
        with pytest.raises(StoreUnavailable, match=r"NOAUTH|uthenticat"):
            async with open_store(server.url, times=times):
                raise AssertionError("opened")
        async with open_store(server.url.replace("unix://", "unix://:right@"), times=times) as store:
            assert (await store.info()).kind == "valkey"


@within(20)
async def test_nobody_there_is_unavailable_after_a_while() -> None:
    """Calls and subscriptions wait for a connection, but not for ever."""
    async with running_link("unix:///nonexistent/store.sock", LinkTimes(unavailable_after_s=0.3)) as link:
        with pytest.raises(StoreUnavailable, match="No such file"):
            await link.call("PING")
        with pytest.raises(StoreUnavailable, match="No such file"):
            async with link.subscribe("c", Recorder()):
                raise AssertionError("subscribed")


@within(30)
async def test_scripts_survive_script_flush_under_load(url: str) -> None:
    """A server that forgets its scripts while writers commit: every batch commits once (S26)."""
    async with open_store(url) as store:
        world = world_name("flushed")
        flushes = 0

        async def commit_some() -> None:
            writer = await Writer.attach(store, world)
            for number in range(200):
                reply = await writer.commit(writer.op(puts={number: b"x"}))
                assert reply.codes == "C"

        async def flush_often() -> None:
            nonlocal flushes
            async with running_link(url) as link:
                while True:
                    await link.call("SCRIPT", "FLUSH")
                    flushes += 1
                    await trio.sleep(0.002)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(flush_often)
            async with trio.open_nursery() as writers:
                for _ in range(3):
                    writers.start_soon(commit_some)
            nursery.cancel_scope.cancel()
        assert (await store.head(world)).version == 600
        assert flushes > 10
