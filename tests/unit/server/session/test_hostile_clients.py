"""What a hostile client sends ends with an error for it alone; nothing of it is stored or shown (S12, S29)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import trio
from trio.testing import MockClock

from server.session.session import MAX_ERRORS, REPORTS_BURST, REPORTS_HZ
from server.wire import close_codes
from server.wire import messages as wire
from server.wire.codec import JSON, MSGPACK
from shared_state.schema import MAX_WHOLE
from tests.unit.server.harbour import game
from tests.unit.server.quay import Player, Quay, open_quay
from tests.unit.server.wire.test_hostile import HOSTILE_JSON, HOSTILE_MSGPACK, code_of

NAN, INFINITY = math.nan, math.inf
NOT_NUMBERS = [NAN, INFINITY, -INFINITY, 1e308, 2.0**53, -(2.0**53), "1", True, [], {}]
NUMERIC = ["whole", "real", "ref", "maybe", "bounded"]
BAD_ARGS: list[dict[str, Any]] = [
    *[{field: value} for field in NUMERIC for value in NOT_NUMBERS],
    *[{"many": [1.0, value]} for value in NOT_NUMBERS],
    *[{"named": {"a": value}} for value in NOT_NUMBERS],
    {"whole": None},
    {"whole": 1.5},
    {"whole": 2**63},
    {"many": None},
    {"bounded": 10.5},
]
JSON_NUMBERS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "1e308",
    "9" * 5000,
    "9007199254740992",
    '"1"',
    "true",
    "[]",
]


def numbers_in(value: Any) -> Iterator[float]:
    """All numbers in nested data."""
    if isinstance(value, (int, float)):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(part)


def check_clean(quay: Quay, *others: Player) -> None:
    """Nothing but finite numbers is stored, and the others noticed nothing."""
    stored = [msgspec.msgpack.decode(blob[9:]) for blob in quay.stored.values()]
    assert all(-MAX_WHOLE <= number <= MAX_WHOLE for number in numbers_in(stored))
    for other in others:
        other.listen()
        assert other.line.closed is None
        assert other.errors() == []
        assert other.bot.findings.first == []


async def test_no_argument_is_ever_not_a_number(autojump_clock: MockClock) -> None:
    """NaN, infinities, huge numbers and wrong types are refused in every numeric argument, nested ones too."""
    with trio.fail_after(120):
        async with open_quay(game) as quay:
            other = await quay.join(JSON)
            player = await quay.join(MSGPACK)
            for seq, args in enumerate(BAD_ARGS, 1):
                player.do(seq, "count", **args)
                await trio.sleep(0.1)
            await quay.settle()
            answers = player.answers()
            accepted = [args for seq, args in enumerate(BAD_ARGS, 1) if answers[seq].code != "bad_arguments"]
            assert accepted == []
            assert len(quay.stored) == 2
            check_clean(quay, other, player)


@pytest.mark.parametrize("number", JSON_NUMBERS, ids=[text[:12] for text in JSON_NUMBERS])
async def test_no_json_number_is_ever_not_a_number(number: str, autojump_clock: MockClock) -> None:
    """The same in JSON, where such numbers are no JSON or out of range; neighbours keep getting JSON that parses."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            other, player = await quay.join(JSON), await quay.join(JSON)
            seq = 0
            for args in [*[f'{{"{field}":{number}}}' for field in NUMERIC], f'{{"many":[{number}]}}']:
                player.say(f'{{"type":"do","seq":{seq + 1},"command":"count","args":{args}}}'.encode())
                await trio.sleep(0.1)
                seq = max(player.answers(), default=0)
            assert all(ack.code == "bad_arguments" for ack in player.answers().values())
            assert len(player.answers()) + len(player.errors()) == 6
            assert len(quay.stored) == 2
            check_clean(quay, other)


async def test_zero_may_be_negative(autojump_clock: MockClock) -> None:
    """Minus zero is a number: it is stored, shown, and its digest agrees on both sides."""
    with trio.fail_after(20):
        async with open_quay(game) as quay:
            player, other = await quay.join(JSON), await quay.join(MSGPACK)
            player.do(1, "hoist", text="flag", data=0.0)
            player.do(2, "sail", dx=-0.0, dy=-0.0)
            await quay.settle()
            for bot in (player, other):
                bot.say(wire.Digest())
            await quay.settle()
            check_clean(quay, player, other)
            assert other.bot.mirror is not None
            assert other.bot.mirror.digests_checked > 0


async def test_a_position_that_runs_away_is_refused(autojump_clock: MockClock) -> None:
    """A sum of finite numbers may leave the world of numbers: the schema refuses it, and nothing is written."""
    with trio.fail_after(20):
        async with open_quay(game) as quay:
            player, other = await quay.join(), await quay.join()
            player.do(1, "sail", dx=float(MAX_WHOLE))
            await quay.settle()
            assert player.answers()[1].code == "internal"
            assert quay.host.world.replica.entities[player.bot.avatar].value.x == 0.0  # type: ignore[index, attr-defined]
            check_clean(quay, other)


@pytest.mark.parametrize("radius", [NAN, INFINITY, -1.0, 0.0, 1e308])
async def test_no_radius_widens_the_view_beyond_bounds(radius: float, autojump_clock: MockClock) -> None:
    """Whatever the radius, at most the game's greatest view is shown; nonsense takes the game's default."""
    with trio.fail_after(20):
        async with open_quay(game) as quay:
            player = await quay.join(MSGPACK, radius=radius)
            usual = len(player.session.view.shown)
            player.say(wire.View(400.0))
            await quay.settle()
            assert len(player.session.view.shown) > usual
            player.say(wire.View(radius))
            await quay.settle()
            assert len(player.session.view.shown) == usual
            check_clean(quay, player)


@pytest.mark.parametrize(
    ("codec", "payloads"),
    [(JSON, list(HOSTILE_JSON.values())), (MSGPACK, list(HOSTILE_MSGPACK.values()))],
    ids=["json", "msgpack"],
)
async def test_hostile_bytes_are_errors_of_their_sender(
    codec: Any, payloads: list[bytes], autojump_clock: MockClock
) -> None:
    """Each malformed message is answered with an error; the player goes on, and so do the others."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            other = await quay.join(JSON)
            for payload in payloads:
                player = await quay.join(codec)
                player.say(payload)
                player.say(player.bot.command("sail", {"dx": 1.0}, 0.0))
                await quay.settle()
                assert player.errors() == [code_of(payload)]
                assert player.answers()[1].code == ""
                player.leave()
            await quay.settle()
            check_clean(quay, other)
            assert len(quay.stored) == 1


async def test_many_errors_close(autojump_clock: MockClock) -> None:
    """After twenty errors the client is closed with a code that says not to come back."""
    with trio.fail_after(20):
        async with open_quay(game) as quay:
            player, other = await quay.join(), await quay.join()
            for _ in range(MAX_ERRORS):
                assert player.line.closed is None
                player.say(b"\xc1")
                await trio.sleep(0.1)
            assert player.line.closed == (close_codes.TOO_MANY_ERRORS, "too many errors")
            assert quay.host.counts.client_errors == MAX_ERRORS
            check_clean(quay, other)


async def test_false_reports_cost_no_view_each(autojump_clock: MockClock) -> None:
    """Of a hundred reports of wrong content a few are believed, and answered with a new view; the rest are errors."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            player, other = await quay.join(), await quay.join()
            for _ in range(100):
                player.say(wire.Digest(ok=False))
                await trio.sleep(0.06)
            await quay.settle()
            player.listen()
            resets = [news for news in player.heard if isinstance(news, wire.Reset)]
            assert 1 <= len(resets) <= REPORTS_BURST + 100 * 0.06 * REPORTS_HZ + 1
            assert set(player.errors()) == {"too_fast"}
            assert player.line.closed == (close_codes.TOO_MANY_ERRORS, "too many errors")
            check_clean(quay, other)


async def test_texts_of_any_kind_reach_others_as_they_are(autojump_clock: MockClock) -> None:
    """Markup, key syntax and odd names of fields are data: they come through unchanged, in both encodings."""
    texts = ["<img src=x onerror=alert(1)>", "__proto__", "constructor", "a:b{c}*\r\n", "\x00", "﷽" * 40]
    with trio.fail_after(20):
        async with open_quay(game) as quay:
            player, packed, text = await quay.join(), await quay.join(MSGPACK), await quay.join(JSON)
            for seq, said in enumerate(texts, 1):
                player.do(seq, "say", text=said)
                await quay.settle()
            for other in (packed, text):
                other.listen()
                events = [row for news in other.heard if isinstance(news, wire.Events) for row in news.events]
                assert [row.body["text"] for row in events] == texts
            assert set(quay.server.model.worlds) == {quay.host.world.name}
