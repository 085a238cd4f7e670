"""The splitter, byte by byte and rule by rule."""

from __future__ import annotations

import pytest

from server.net.frames import BINARY, CLOSE, PING, PONG, TEXT
from server.net.splitter import TOO_BIG, FrameSplitter, Raw, TooBig
from tests.unit.net import masked

BROKEN_FRAMES = {
    "reserved bit": masked.frame(BINARY, b"x", rsv=4),
    "reserved opcode": masked.frame(0x3, b"x"),
    "reserved control opcode": masked.frame(0xB, b"x"),
    "unmasked": b"\x82\x01x",
    "fragmented ping": masked.frame(PING, b"x", final=False),
    "long ping": masked.frame(PING, b"x" * 126),
    "continuation of nothing": masked.frame(0x0, b"x"),
    "length of 16 bits for 5": b"\x82\xfe\x00\x05" + masked.MASK + b"x" * 5,
    "length of 64 bits for 5": b"\x82\xff" + (5).to_bytes(8, "big") + masked.MASK + b"x" * 5,
    "text that is no UTF-8": masked.frame(TEXT, b"\xff\xfe"),
    "surrogate": masked.frame(TEXT, b"\xed\xa0\x80"),
}


def drain(splitter: FrameSplitter) -> list[bytes | Raw | TooBig]:
    """Everything that is ready."""
    return list(iter(splitter.take, None))


def split(data: bytes, *, step: int, max_message_bytes: int = 1000) -> list[bytes | Raw | TooBig]:
    """All parts of ``data``, fed ``step`` bytes at a time."""
    splitter = FrameSplitter(max_message_bytes)
    parts = []
    for at in range(0, len(data), step):
        splitter.feed(data[at : at + step])
        parts += drain(splitter)
    return parts


@pytest.mark.parametrize("step", range(1, 80))
def test_messages_survive_every_cut(step: int) -> None:
    """Messages and controls come out whole and in order, wherever the network cuts."""
    ping = masked.frame(PING, b"ping")
    data = masked.text("häh") + ping + masked.binary(b"b" * 200) + masked.binary(b"") + masked.close(1000)
    parts = split(data, step=step)
    assert parts == ["häh".encode(), Raw(ping, PING), b"b" * 200, b"", Raw(masked.close(1000), CLOSE)]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 1000])
def test_fragments_are_passed_on_unchanged(step: int) -> None:
    """A fragmented message leaves as raw bytes; its end is marked once, on the last."""
    frames = masked.fragmented(TEXT, [b"ab", b"cd", b"ef"])
    ping = masked.frame(PING)
    parts = split(frames[0] + ping + frames[1] + frames[2] + masked.binary(b"next"), step=step)
    raw = [part for part in parts if isinstance(part, Raw)]
    assert b"".join(part.data for part in raw) == frames[0] + ping + frames[1] + frames[2]
    assert [part.ends_message for part in raw] == [False] * (len(raw) - 1) + [True]
    assert parts[-1] == b"next"


@pytest.mark.parametrize("step", [1, 3, 1000])
@pytest.mark.parametrize("name", BROKEN_FRAMES)
def test_after_a_broken_rule_everything_is_raw(name: str, step: int) -> None:
    """From the first frame that breaks a rule on, all bytes are passed on and no message comes out any more."""
    bad = BROKEN_FRAMES[name] + masked.binary(b"late")
    parts = split(masked.binary(b"good") + bad, step=step)
    assert parts[0] == b"good"
    raw = [part for part in parts[1:] if isinstance(part, Raw)]
    assert len(raw) == len(parts) - 1
    assert b"".join(part.data for part in raw) == bad
    assert all(part.opcode is None for part in raw)


def test_data_between_fragments_breaks_the_rules() -> None:
    """A new message inside a fragmented one is left to the judge."""
    first = masked.fragmented(TEXT, [b"ab", b"cd"])[0]
    parts = split(first + masked.text("intruder"), step=1000)
    assert parts == [Raw(first, TEXT), Raw(masked.text("intruder"), None)]


@pytest.mark.parametrize("step", [1, 5, 1000])
def test_oversize_message_is_reported_before_it_arrived_and_skipped(step: int) -> None:
    """The head of an oversize message is enough; later controls are still seen, later data is not."""
    data = masked.binary(b"x" * 1001) + masked.binary(b"late") + masked.close(1009)
    assert split(data, step=step) == [TOO_BIG, Raw(masked.close(1009), CLOSE)]
    assert split(data[:8], step=step) == [TOO_BIG]


def test_size_is_counted_in_bytes_over_all_fragments() -> None:
    """Fragments are too big together, and characters of three bytes count three times."""
    euros = "€" * 200
    assert split(masked.text(euros), step=1000, max_message_bytes=599) == [TOO_BIG]
    assert split(masked.text(euros), step=1000, max_message_bytes=600) == [euros.encode()]
    pieces = masked.fragmented(BINARY, [b"x" * 400, b"x" * 400])
    assert split(b"".join(pieces), step=2000, max_message_bytes=799) == [Raw(pieces[0], BINARY), TOO_BIG]


def test_nothing_follows_a_close() -> None:
    """What a client sends behind its Close is dropped."""
    assert split(masked.close(1000) + masked.text("late") + masked.frame(PONG), step=4) == [
        Raw(masked.close(1000), CLOSE)
    ]


def test_whole_takes_only_what_stands_alone() -> None:
    """The shortcut answers for exactly one short, valid data frame with nothing pending."""
    splitter = FrameSplitter(100)
    assert splitter.whole(masked.text("hi")) == b"hi"
    assert splitter.is_text
    assert splitter.whole(masked.binary(b"")) == b""
    assert not splitter.is_text
    for other in (
        masked.text("hi") * 2,
        masked.text("hi")[:-1],
        masked.frame(PING),
        masked.frame(TEXT, b"\xff"),
        b"\x82",
    ):
        assert splitter.whole(other) is None
    assert splitter.whole(masked.binary(b"x" * 101)) is None


def test_whole_declines_while_something_is_pending() -> None:
    """Half a frame, an open fragmented message, a broken rule or a Close closes the shortcut."""
    fragment = masked.fragmented(TEXT, [b"ab", b"cd"])[0]
    for before in (masked.text("hi")[:3], fragment, BROKEN_FRAMES["unmasked"], masked.close(1000)):
        splitter = FrameSplitter(100)
        splitter.feed(before)
        drain(splitter)
        assert splitter.whole(masked.text("hi")) is None


def test_whole_is_open_again_after_the_rest_arrived() -> None:
    """A frame in two pieces closes the shortcut only until it is complete."""
    splitter = FrameSplitter(100)
    data = masked.text("hello")
    splitter.feed(data[:4])
    assert drain(splitter) == []
    splitter.feed(data[4:])
    assert drain(splitter) == [b"hello"]
    assert splitter.whole(data) == b"hello"
