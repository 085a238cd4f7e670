"""A store or a user of it that cannot do all that a node needs is refused when the node starts, by one clear line."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import pytest
import trio

import shared_state.redis
from shared_state.embedded import EmbeddedStore, embedded_store
from shared_state.errors import StoreError
from shared_state.names import world_name
from shared_state.redis.directory import RedisDirectory
from shared_state.redis.durability import Durability
from shared_state.redis.permissions import needed_commands
from shared_state.redis.store import RedisStore, open_store
from tests.contract.servers import server_binary
from tests.contract.writer import Recorder, Writer
from tests.integration.test_cli_failures import verify_refused

DISK = Durability.parse("disk:1")
DOCUMENTED = Path(__file__).parents[2] / "docs" / "operations.md"
NEEDED = sorted({command.partition(" ")[0] for command in needed_commands(DISK, clustered=True)})


@pytest.fixture(params=["valkey", "redis"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[EmbeddedStore]:
    """A server of the test's own, with a disk."""
    options = ["--appendonly", "yes"]
    async with embedded_store(binary=server_binary(request.param), options=options, tcp=True) as running:
        yield running


async def become(server: EmbeddedStore, *rules: str) -> str:
    """Gives a user these rules. Returns: the URL that it connects with."""
    async with open_store(server.url) as store:
        link = store.topology.link_for(world_name("any"))
        await link.call("ACL", "SETUSER", "weak", "reset", "on", ">secret", *rules)
    return server.url.replace("unix://", "unix://weak:secret@")


async def refusal(url: str, durability: Durability) -> str:
    """Why a store cannot be opened."""
    with pytest.raises(StoreError) as caught:
        async with open_store(url, durability=durability):
            pass
    return str(caught.value)


def level_of(server: EmbeddedStore) -> Durability:
    """The level that asks most of a server; Redis 7.0 has no WAITAOF."""
    return DISK if server.kind == "valkey" else Durability.parse("replica")


def spoken_by(texts: list[str]) -> set[str]:
    """Every command that sources name in a call."""
    found = {name for text in texts for name in re.findall(r"""call\(['"]([A-Z]+)['"]""", text)}
    return found | {name for text in texts for name in re.findall(r"'(Z?CARD|HLEN)'", text)}


async def test_all_that_is_used_is_asked_about() -> None:
    """Every command of every script and of the adapter stands in the list."""
    package = files(shared_state.redis)
    scripts = [path.read_text() for path in package.joinpath("lua").iterdir() if path.name.endswith(".lua")]
    adapter = [path.read_text() for path in package.iterdir() if path.name.endswith(".py")]
    assert {"HSET", "XADD", "TIME"} <= spoken_by(scripts)
    assert {"XRANGE", "HMGET"} <= spoken_by(adapter)
    assert spoken_by(scripts + adapter) <= set(NEEDED)


async def test_each_missing_permission_is_named(server: EmbeddedStore) -> None:
    """Whichever single command the user lacks."""
    level = level_of(server)
    needed = {command.partition(" ")[0] for command in needed_commands(level, clustered=False)}
    with trio.fail_after(60):
        for command in sorted(needed):
            url = await become(server, "~*", "&*", "+@all", f"-{command.lower()}")
            text = await refusal(url, level)
            # Without EVALSHA or INFO the question itself is refused, in the server's own words.
            assert f"may not run {command} on" in text or f"'{command.lower()}' command" in text, text


@pytest.mark.parametrize(
    ("rules", "command"),
    [(["~oar:{other}:*", "&*", "+@all"], "HSET"), (["~*", "resetchannels", "+@all"], "SSUBSCRIBE")],
)
async def test_keys_and_channels_that_are_out_of_reach_are_noticed(
    server: EmbeddedStore, rules: list[str], command: str
) -> None:
    """All commands are of no use on the wrong keys."""
    with trio.fail_after(20):
        assert command in await refusal(await become(server, *rules), Durability())


async def test_the_documented_user_may_do_everything(server: EmbeddedStore) -> None:
    """The line in docs/operations.md is enough for a whole world and the directory, and gives no more than is named."""
    (line,) = re.findall(r"ACL SETUSER oarlock (.+)", DOCUMENTED.read_text())
    rules = line.replace("on >PASSWORD", "").split()
    with trio.fail_after(20):
        url = await become(server, *rules)
        async with open_store(url) as store:
            await play(store)
    given = {rule[1:].partition("|")[0].upper() for rule in rules if rule.startswith("+")}
    assert given - {"WAITAOF", "SET", "WAIT"} <= set(NEEDED) | {"SELECT"}


async def play(store: RedisStore) -> None:
    """Does a bit of everything."""
    world = world_name("bay")
    async with store.subscribe(world, Recorder()):
        writer = await Writer.attach(store, world)
        await writer.put(1, b"one")
    assert (await store.head(world)).version == 1
    assert await store.session_rows(world) == {}
    assert set((await store.snapshot(world)).state) == {1}
    assert len(await store.log_after(world, 0, 10)) == 1
    await RedisDirectory(store.topology).sweep()
    await store.delete_world(world)


async def test_a_node_that_may_not_is_one_line(server: EmbeddedStore) -> None:
    """Exit code 2, before a port is served."""
    with trio.fail_after(30):
        url = await become(server, "~*", "&*", "+@all", "-spublish", "-waitaof" if server.kind == "valkey" else "-wait")
        port = server.tcp_url.replace("redis://", "redis://weak:secret@")
        assert url
        await verify_refused(["serve", "--bind", "127.0.0.1:0", "--store", port], "may not run SPUBLISH on")
        level = ["--durability", str(level_of(server))]
        await verify_refused(["serve", "--bind", "127.0.0.1:0", "--store", port, *level], "WAIT")


async def test_a_store_that_may_evict_is_one_line(server: EmbeddedStore) -> None:
    """Exit code 2, and what to set."""
    with trio.fail_after(30):
        async with open_store(server.url) as store:
            link = store.topology.link_for(world_name("any"))
            await link.call("CONFIG", "SET", "maxmemory", "100mb")
            await link.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        await verify_refused(["serve", "--bind", "127.0.0.1:0", "--store", server.tcp_url], "set it to noeviction")


@pytest.mark.parametrize(
    ("hello", "info", "says"),
    [
        (b"-ERR unknown command 'HELLO'\r\n", b"", "does not speak RESP3"),
        (b"%2\r\n+role\r\n+master\r\n+mode\r\n+standalone\r\n", b"redis_version:6.2.14", "redis 6.2.14 is too old"),
    ],
)
async def test_a_server_that_is_too_old_is_one_line(hello: bytes, info: bytes, says: str) -> None:
    """Redis 5, which does not know HELLO, and Redis 6, which does; as they answer."""

    async def answer(stream: trio.SocketStream) -> None:
        async for received in stream:
            reply = hello if b"HELLO" in received else b"$%d\r\n%s\r\n" % (len(info), info)
            await stream.send_all(reply)

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            nursery.start_soon(trio.serve_listeners, answer, [listener])
            port = listener.socket.getsockname()[1]
            url = f"redis://127.0.0.1:{port}"
            await verify_refused(["serve", "--bind", "127.0.0.1:0", "--store", url], says)
            nursery.cancel_scope.cancel()
