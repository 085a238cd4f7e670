"""Commands: order, refusals, answers, and rules that break."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from client_bot.facts import Answered
from server.session.session import MAX_ERRORS
from server.wire import close_codes
from server.wire import messages as wire
from server.wire.codec import JSON, MSGPACK, Codec
from shared_state.session_row import WINDOW, unpack_row
from tests.unit.server.harbour import game
from tests.unit.server.quay import BOTH_CODECS, Player, open_quay

BOTH = pytest.mark.parametrize("codec", BOTH_CODECS, ids=lambda codec: codec.subprotocol)
NAN, INFINITY = float("nan"), float("inf")


def order(player: Player, command: str, **args: Any) -> None:
    """Sends a command as a right client numbers it."""
    player.say(player.bot.command(command, args, trio.current_time()))


@BOTH
async def test_an_answer_comes_after_the_state_that_it_acknowledges(codec: Codec, autojump_clock: MockClock) -> None:
    """When the client hears that a command took effect, its view is at that version and shows it."""
    with trio.fail_after(10):
        async with open_quay(game) as quay:
            player = await quay.join(codec)
            for x in range(1, 6):
                order(player, "sail", dx=10.0)
                await quay.settle()
                assert player.held()[player.bot.avatar][0] == 10.0 * x
            answers = [fact for fact in player.facts if isinstance(fact, Answered)]
            assert [(a.sent.seq, a.ack.code) for a in answers] == [(seq, "") for seq in range(1, 6)]
            assert player.bot.tally.stale_acks == 0
            head, _ = unpack_row(quay.rows["s1"])
            assert head.seq == 5


async def test_an_answer_to_what_changed_nothing_in_view_is_not_early(autojump_clock: MockClock) -> None:
    """A commit of which only an event is seen, or nothing at all, still moves the view on before it is answered."""
    with trio.fail_after(10):
        async with open_quay(game, digest_every_s=1000) as quay:
            player = await quay.join()
            order(player, "say", text="ahoy")
            await quay.settle()
            order(player, "whisper", to="nobody", text="psst")
            await quay.settle()
            order(player, "bury")
            await quay.settle()
            answers = player.answers()
            assert [ack.code for ack in answers.values()] == ["", "", ""]
            assert player.bot.tally.stale_acks == 0
            assert player.bot.mirror is not None
            assert player.bot.mirror.version == quay.host.world.replica.version == answers[3].version


@pytest.mark.parametrize("seq", [0, -1, 2, 3, 2**63, 2**53])
async def test_a_number_out_of_order_is_refused(seq: int, autojump_clock: MockClock) -> None:
    """Only the next number counts; the right one still works afterwards, and one does not work twice."""
    with trio.fail_after(10):
        async with open_quay(game) as quay:
            player = await quay.join(JSON)
            player.do(seq, "sail", dx=1.0)
            player.do(1, "sail", dx=1.0)
            player.do(1, "sail", dx=1.0)
            await quay.settle()
            assert player.errors() == ["bad_seq", "bad_seq"]
            assert {seq: ack.code for seq, ack in player.answers().items()} == {1: ""}
            assert quay.host.world.replica.entities[player.bot.avatar].value.x == 1.0  # type: ignore[index, attr-defined]


async def test_an_unknown_command_is_answered(autojump_clock: MockClock) -> None:
    """The answer names the fault, within bounds, and the number is used up."""
    with trio.fail_after(10):
        async with open_quay(game) as quay:
            player = await quay.join()
            player.do(1, "fly")
            player.do(2, "x" * 100_000)
            player.do(3, "sail", dx=1.0)
            await quay.settle()
            answers = player.answers()
            assert [answers[seq].code for seq in (1, 2, 3)] == ["unknown_command", "unknown_command", ""]
            assert len(answers[2].text) < 100


async def test_a_rule_may_refuse(autojump_clock: MockClock) -> None:
    """A rejection comes back with code and text, at a version, and nothing is written."""
    with trio.fail_after(10):
        async with open_quay(game) as quay:
            player = await quay.join()
            version = quay.host.world.replica.version
            order(player, "refuse")
            await quay.settle()
            assert player.answers() == {1: wire.Ack(1, version, "no", "never")}
            assert quay.host.world.replica.version == version


@pytest.mark.parametrize(
    ("command", "args"),
    [("burst", {}), ("burst", {"after_write": True}), ("babble", {}), ("broadcast", {})],
    ids=["raises", "raises after a write", "returns nonsense", "emits an object"],
)
async def test_a_rule_that_fails_is_contained(command: str, args: dict[str, Any], autojump_clock: MockClock) -> None:
    """That command is refused and leaves no trace; the same player and others go on."""
    with trio.fail_after(10):
        async with open_quay(game) as quay:
            ann, ben = await quay.join(), await quay.join()
            before = quay.stored
            order(ann, command, **args)
            order(ben, "sail", dx=1.0)
            await quay.settle()
            assert ann.answers()[1].code == "internal"
            assert set(quay.stored) == set(before)
            order(ann, "sail", dx=2.0)
            await quay.settle()
            assert (ann.answers()[2].code, ben.answers()[1].code) == ("", "")
            assert ann.held()[ann.bot.avatar][0] == 2.0
            assert (ann.line.closed, ben.line.closed) == (None, None)


async def test_commands_have_a_rate_of_their_own(autojump_clock: MockClock) -> None:
    """Over its burst a command is refused as too fast, other commands are not, and time brings it back."""
    with trio.fail_after(30):
        async with open_quay(game) as quay:
            player = await quay.join()
            for _ in range(45):
                order(player, "say")
            order(player, "sail", dx=1.0)
            await quay.settle()
            codes = [ack.code for ack in player.answers().values()]
            assert codes.count("too_fast") == 5
            assert player.answers()[46].code == ""
            await trio.sleep(3)
            order(player, "say")
            await quay.settle()
            assert player.answers()[47].code == ""


async def test_too_many_unanswered_commands_close(autojump_clock: MockClock) -> None:
    """A client may have 64 commands waiting; one that does not wait for answers is closed, to come back."""
    with trio.fail_after(30):
        async with open_quay(game, grace_s=0.0) as quay:
            player = await quay.join()
            for seq in range(1, WINDOW + 1):
                player.do(seq, "sail", dx=0.5)
            assert player.line.closed is None
            player.do(WINDOW + 1, "sail", dx=0.5)
            assert player.line.closed == (close_codes.TOO_SLOW, "too many unanswered commands")
            player.hang_up()
            await trio.sleep(5)
            assert (quay.stored, quay.rows) == ({}, {})


async def test_a_flood_is_closed_and_disturbs_nobody(autojump_clock: MockClock) -> None:
    """Over the budget of messages each one is an error, and many errors close; the others notice nothing."""
    with trio.fail_after(30):
        async with open_quay(game) as quay:
            flooder, other = await quay.join(), await quay.join()
            for _ in range(1000):
                flooder.say(wire.Ping(1.0))
            order(other, "sail", dx=1.0)
            await quay.settle()
            assert flooder.errors() == ["too_fast"] * MAX_ERRORS
            assert flooder.line.closed == (close_codes.TOO_MANY_ERRORS, "too many errors")
            assert other.answers()[1].code == ""
            assert other.errors() == []


async def test_a_session_that_another_node_took_over_is_closed(autojump_clock: MockClock) -> None:
    """Fenced, it writes nothing more, and its client is told to come back."""
    with trio.fail_after(30):
        async with open_quay(game) as quay:
            player = await quay.join()
            row = quay.usurp("s1")
            order(player, "sail", dx=1.0)
            await quay.settle()
            assert player.line.closed is not None
            assert player.line.closed[0] == close_codes.SESSION_MOVED
            player.hang_up()
            await quay.settle()
            assert quay.rows["s1"] == row
            assert player.bot.avatar in quay.stored
            assert not quay.host.world.committer.writers


@pytest.mark.parametrize("codec", [MSGPACK, JSON], ids=["msgpack", "json"])
async def test_a_ping_is_answered_at_once(codec: Codec, autojump_clock: MockClock) -> None:
    """The client's clock comes back unchanged, before and after joining."""
    with trio.fail_after(10):
        async with open_quay(game) as quay:
            player = quay.arrive(codec)
            player.bot.hello()
            player.say(wire.Ping(12.5))
            (pong,) = player.listen()
            assert isinstance(pong, wire.Pong)
            assert pong.clock_ms == 12.5
            assert pong.server_ms > 1.7e12
