"""What a session shows: radius, events, digests, resets, and a client that does not read."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from server.wire import close_codes
from server.wire import messages as wire
from server.wire.codec import JSON
from tests.unit.server.harbour import SECRET_TEXT, game
from tests.unit.server.quay import Player, open_quay


def kinds(messages: list[wire.ToClient]) -> list[str]:
    """The types of messages."""
    return [type(message).__name__ for message in messages]


async def test_a_changed_radius_shows_at_once_even_in_a_quiet_world(autojump_clock: MockClock) -> None:
    """Nothing else happens, and still the view becomes wider and narrower."""
    with trio.fail_after(20):
        async with open_quay(game, digest_every_s=1000) as quay:
            player = await quay.join(radius=1.0)
            narrow = len(player.session.view.shown)
            player.say(wire.View(300.0))
            await quay.settle()
            (cells,) = player.listen()
            assert isinstance(cells, wire.Cells)
            assert len(cells.entered) == len(player.session.view.shown) - narrow > 0
            player.say(wire.View(1.0))
            await quay.settle()
            (cells,) = player.listen()
            assert isinstance(cells, wire.Cells)
            assert (cells.entered, len(player.session.view.shown)) == ([], narrow)


async def test_a_failed_digest_is_answered_with_the_whole_view(autojump_clock: MockClock) -> None:
    """A client that holds something else is reset and then holds what the node has; the node counts it."""
    with trio.fail_after(20):
        async with open_quay(game) as quay:
            player, other = await quay.join(JSON), await quay.join()
            assert player.bot.mirror is not None
            player.listen()
            player.bot.mirror.get(other.bot.avatar).values[2] = "somebody else"  # type: ignore[union-attr]
            player.say(wire.Digest())
            await quay.settle()
            player.listen()
            assert player.bot.mirror.suspect
            for reply in player.bot.replies():
                player.say(reply)
            await quay.settle()
            assert kinds(player.listen())[:2] == ["Reset", "Cells"]
            assert not player.bot.mirror.suspect
            assert player.held()[other.bot.avatar][2] == "player 2"
            assert quay.host.counts.divergences == 1
            other.listen()
            assert (other.bot.findings.first, other.bot.tally.resyncs) == ([], 0)


async def test_digests_come_by_themselves_now_and_then(autojump_clock: MockClock) -> None:
    """A client that plays is sent content checks without asking."""
    with trio.fail_after(30):
        async with open_quay(game, digest_every_s=1) as quay:
            player = await quay.join()
            for seq in range(1, 9):
                player.do(seq, "sail", dx=1.0)
                await quay.settle()
            player.listen()
            assert player.bot.mirror is not None
            assert player.bot.mirror.digests_checked >= 4
            assert player.bot.findings.first == []


async def test_events_reach_those_who_see_and_those_they_are_for(autojump_clock: MockClock) -> None:
    """What is said far away is not heard; what is whispered is heard by one."""
    with trio.fail_after(20):
        async with open_quay(game) as quay:
            ann, ben, far = await quay.join(), await quay.join(), await quay.join()
            far.do(1, "sail", dx=900.0)
            await quay.settle()
            ann.do(1, "say", text="ahoy")
            ann.do(2, "whisper", to="s2", text="psst")
            await quay.settle()
            heard = {player: _texts(player) for player in (ann, ben, far)}
            assert heard == {ann: ["ahoy"], ben: ["ahoy", "psst"], far: []}


async def test_secrets_are_never_sent(autojump_clock: MockClock) -> None:
    """A secret that is made, moved and read in the middle of the view is in no byte of any message."""
    with trio.fail_after(20):
        async with open_quay(game) as quay:
            player = await quay.join(JSON)
            kept = list(player.line.payloads)
            for seq in range(1, 4):
                player.do(seq, "bury")
                player.say(wire.Digest())
                await quay.settle()
                kept += player.line.payloads
                player.listen()
            late = quay.arrive(JSON)
            late.say(wire.Join(name="late"))
            await quay.settle()
            kept += late.line.payloads
            assert len(quay.stored) == 5
            assert any(SECRET_TEXT.encode() in blob for blob in quay.stored.values())
            assert not any(b"palm" in payload for payload in kept)
            assert player.bot.findings.first == []


async def test_a_client_that_does_not_read_gets_what_is_new_when_it_does(autojump_clock: MockClock) -> None:
    """While its socket is full nothing is queued for it; then come what changed, as it is now, and all answers."""
    with trio.fail_after(30):
        async with open_quay(game) as quay:
            slow, other = await quay.join(), await quay.join()
            slow.do(1, "sail", dx=1.0)
            slow.line.blocked = True
            slow.listen()
            for seq in range(1, 11):
                other.do(seq, "sail", dx=5.0)
                await quay.settle()
            assert slow.line.payloads == []
            slow.line.blocked = False
            slow.session.on_drained()
            await quay.settle()
            news = slow.listen()
            assert kinds(news) == ["Delta", "Done"]
            assert slow.held()[other.bot.avatar][0] == 50.0
            assert set(slow.answers()) == {1}
            assert slow.bot.findings.first == []
            assert set(other.answers()) == set(range(1, 11))


async def test_a_client_that_never_reads_is_closed(autojump_clock: MockClock) -> None:
    """After the time limit it is closed with a code to come back; one that reads again in time is not."""
    with trio.fail_after(60):
        async with open_quay(game, slow_limit_s=5) as quay:
            never, late = await quay.join(), await quay.join()
            never.line.blocked = late.line.blocked = True
            await trio.sleep(4)
            late.line.blocked = False
            late.session.on_drained()
            await trio.sleep(2)
            late.line.blocked = True
            await trio.sleep(2)
            assert never.line.closed == (close_codes.TOO_SLOW, "too slow")
            assert late.line.closed is None


async def test_a_welcome_is_never_held_back(autojump_clock: MockClock) -> None:
    """A client whose socket is full when it joins still gets its welcome before its view."""
    with trio.fail_after(30):
        async with open_quay(game) as quay:
            player = quay.arrive()
            player.bot.hello()
            player.line.blocked = True
            player.say(wire.Ping(1.0))
            player.say(wire.Join(name="Ann"))
            await quay.settle()
            player.line.blocked = False
            player.session.on_drained()
            await quay.settle()
            assert kinds(player.listen()) == ["Welcome", "Cells"]
            assert player.bot.findings.first == []


def _texts(player: Player) -> list[str]:
    player.listen()
    return [row.body["text"] for news in player.heard if isinstance(news, wire.Events) for row in news.events]
