"""From the first message to the first view, and out of the world again."""

from __future__ import annotations

import hashlib

import attrs
import pytest
import trio
from trio.testing import MockClock

from server.wire import close_codes
from server.wire import messages as wire
from server.wire.codec import Codec
from shared_state.batch import Batch, CommitReply
from shared_state.memory_store import MemoryStore
from shared_state.names import WorldName
from shared_state.session_row import unpack_row
from tests.unit.server.harbour import Boat, game
from tests.unit.server.quay import BOTH_CODECS, memory_server, open_quay

BOTH = pytest.mark.parametrize("codec", BOTH_CODECS, ids=lambda codec: codec.subprotocol)
HOSTILE_NAMES = {
    "\x00\x07\x1b[2J\nAnn": "[2JAnn",
    "\u202eevil\u202c\u200b": "evil",
    "\u2066hidden\u2069\ufeff": "hidden",
    "<img src=x onerror=alert(1)>": "<img src=x onerror=alert(1)>",
    "__proto__": "__proto__",
    "a:b{c}*": "a:b{c}*",
    "  \t ": "anonymous",
    "": "anonymous",
    "\U000e0041\ue000": "anonymous",
    "n" * 1_000_000: "n" * 64,
    "Zoë 🦜": "Zoë 🦜",
}


@attrs.define(eq=False)
class StalledStore(MemoryStore):
    """A store whose commits wait until the gate is opened."""

    gate: trio.Event = attrs.field(factory=trio.Event)

    async def commit(self, world: WorldName, batch: Batch) -> CommitReply:
        """Waits at the gate first."""
        await self.gate.wait()
        return await super().commit(world, batch)


@BOTH
async def test_a_player_who_joins_is_welcomed_and_sees_the_world(codec: Codec, autojump_clock: MockClock) -> None:
    """The first message is the welcome, then come the cells in view, with the own boat in one of them."""
    with trio.fail_after(10):
        async with open_quay(game) as quay:
            player = await quay.join(codec, name="Ann")
            assert [type(message) for message in player.heard[:2]] == [wire.Welcome, wire.Cells]
            welcome = player.bot.welcome
            assert welcome is not None
            assert (welcome.world, welcome.node, welcome.session) == ("harbour", "node1", "s1")
            assert player.held()[welcome.avatar] == [0.0, 0.0, "Ann", 0]
            head, tail = unpack_row(quay.rows["s1"])
            assert (head.generation, head.seq, tail.entity, tail.node) == (1, 0, welcome.avatar, "node1-1")
            assert tail.secret_hash == hashlib.sha256(welcome.secret.encode()).digest()
            assert player.bot.findings.first == []


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
async def test_names_are_shown_as_one_line_of_plain_text(name: str, autojump_clock: MockClock) -> None:
    """Control, bidirectional and invisible characters and excess length are left out; the rest is only text."""
    with trio.fail_after(10):
        async with open_quay(game) as quay:
            player = await quay.join(name=name)
            assert player.held()[player.bot.avatar][2] == HOSTILE_NAMES[name]
            assert set(quay.rows) == {"s1"}


async def test_a_command_before_joining_is_refused(autojump_clock: MockClock) -> None:
    """Neither a new connection nor a spectator commands anything."""
    with trio.fail_after(10):
        async with open_quay(game) as quay:
            early = quay.arrive()
            early.bot.hello()
            early.do(1, "sail", dx=1.0)
            early.say(wire.Digest())
            watcher = await quay.join(spectate=True)
            watcher.do(1, "sail", dx=1.0)
            assert early.errors() == ["not_playing", "not_playing"]
            assert watcher.errors() == ["not_playing"]
            assert quay.stored == {}


async def test_a_second_join_on_a_connection_is_refused(autojump_clock: MockClock) -> None:
    """The session stays as it is, and has one boat."""
    with trio.fail_after(10):
        async with open_quay(game) as quay:
            player = await quay.join()
            player.say(wire.Join(name="again"))
            await quay.settle()
            assert player.errors() == ["already_joined"]
            assert len(quay.stored) == 1
            hasty = quay.arrive()
            hasty.bot.hello()
            hasty.say(wire.Join(name="one"))
            hasty.say(wire.Join(name="two"))
            await quay.settle()
            assert hasty.errors() == ["already_joined"]
            assert len(quay.stored) == 2


@pytest.mark.parametrize(("name", "code"), [("unwanted", "unwanted"), ("cursed", "internal")])
async def test_a_game_that_refuses_a_player_says_why(name: str, code: str, autojump_clock: MockClock) -> None:
    """A refusal, and a failure of the game, close with a code that says not to come back; nothing is left behind."""
    with trio.fail_after(10):
        async with open_quay(game) as quay:
            other = await quay.join()
            player = await quay.join(name=name)
            assert player.errors() == [code]
            assert player.line.closed == (close_codes.JOIN_REFUSED, code)
            player.hang_up()
            await quay.settle()
            assert set(quay.rows) == {"s1"}
            assert other.line.closed is None
            assert len(quay.host.world.committer.writers) == 1


async def test_a_player_who_hangs_up_is_away_and_then_gone(autojump_clock: MockClock) -> None:
    """The boat stays for the grace period; then boat and row go, others see it, and nothing is kept."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            ann, ben = await quay.join(), await quay.join()
            ann.listen()
            ann.hang_up()
            ann.hang_up()
            await quay.settle()
            assert unpack_row(quay.rows["s1"])[1].away_since_ms > 0
            assert set(ben.held()) == {ann.bot.avatar, ben.bot.avatar}
            await trio.sleep(20)
            assert set(quay.rows) == {"s2"}
            assert set(ben.held()) == {ben.bot.avatar}
            assert set(quay.host.sessions) == {ben.session}
            assert len(quay.host.world.committer.writers) == 1
            ann.session.on_message(ann.bot.codec.encode(wire.Ping(1.0)))
            assert ann.listen() == []


async def test_leaving_is_answered_with_a_close(autojump_clock: MockClock) -> None:
    """A leave closes normally; the boat goes when the connection is over."""
    with trio.fail_after(10):
        async with open_quay(game) as quay:
            player = await quay.join()
            player.say(wire.Leave())
            assert player.line.closed == (close_codes.NORMAL, "left")
            player.hang_up()
            await quay.settle()
            assert (quay.stored, quay.rows) == ({}, {})


async def test_no_ghost_is_left_by_who_hangs_up_while_joining(autojump_clock: MockClock) -> None:
    """The join was on its way when the connection ended: its boat is away as soon as it has come, then gone."""
    with trio.fail_after(30):
        server = memory_server()
        store = StalledStore(server)
        async with open_quay(game, server=server, store=store, grace_s=0.0) as quay:
            player = quay.arrive()
            player.say(wire.Join(name="Ann"))
            await quay.settle()
            player.hang_up()
            store.gate.set()
            await trio.sleep(5)
            assert server.model.worlds[quay.host.world.name].version == 3
            assert (quay.stored, quay.rows) == ({}, {})
            assert not quay.host.world.committer.writers
            assert player.listen() == []


async def test_who_waits_for_the_store_is_told_to_come_back(autojump_clock: MockClock) -> None:
    """A join that the store keeps waiting is closed with a code to come back; who never joined, with one not to."""
    with trio.fail_after(60):
        server = memory_server()
        store = StalledStore(server)
        async with open_quay(game, server=server, store=store, join_limit_s=5) as quay:
            waiting, silent = quay.arrive(), quay.arrive()
            waiting.say(wire.Join(name="Ann"))
            await trio.sleep(4)
            assert (waiting.line.closed, silent.line.closed) == (None, None)
            await trio.sleep(3)
            assert waiting.line.closed is not None
            assert waiting.line.closed[0] == close_codes.STORE_AWAY
            assert silent.line.closed == (close_codes.JOIN_TIMEOUT, "no join")


async def test_who_has_joined_is_never_called_late(autojump_clock: MockClock) -> None:
    """The time limit for joining does not touch players."""
    with trio.fail_after(60):
        async with open_quay(game, join_limit_s=5) as quay:
            player, watcher = await quay.join(), await quay.join(spectate=True)
            await trio.sleep(20)
            assert (player.line.closed, watcher.line.closed) == (None, None)


async def test_a_spectator_sees_the_middle_and_has_no_boat(autojump_clock: MockClock) -> None:
    """A spectator follows what happens around the middle of the world and leaves no trace."""
    with trio.fail_after(10):
        async with open_quay(game) as quay:
            player = await quay.join(name="Ann")
            watcher = await quay.join(spectate=True)
            assert watcher.bot.avatar == 0
            player.do(1, "sail", dx=20.0)
            await quay.settle()
            assert watcher.held() == {player.bot.avatar: [20.0, 0.0, "Ann", 0]}
            watcher.hang_up()
            await quay.settle()
            assert set(quay.rows) == {"s1"}
            assert isinstance(quay.host.world.replica.entities[player.bot.avatar].value, Boat)  # type: ignore[index]
