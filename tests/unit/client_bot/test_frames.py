"""Taking frames apart and building them, with wsproto as the oracle."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping, TextMessage

from client_bot.frames import LONGEST_HEAD_BYTES, Splitter, masked_frame

ANSWER = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
LONGEST_BYTES = 70_000
SIZES = st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536])
PLAIN = SIZES.map(lambda size: BytesMessage(b"b" * size)) | SIZES.map(lambda size: TextMessage("t" * size))
PINGS = st.binary(max_size=5).map(Ping)


def wire(events: list[Event]) -> list[bytes]:
    """The bytes that a server sends for each event."""
    server = Connection(ConnectionType.SERVER)
    return [server.send(event) for event in events]


def payload(event: Event) -> bytes:
    """The payload of a message event."""
    assert isinstance(event, Message)
    return event.data.encode() if isinstance(event.data, str) else bytes(event.data)


def split(chunks: list[bytes]) -> tuple[list[bytes], bytes]:
    """The payloads and the passed bytes of a connection."""
    splitter, payloads = Splitter(LONGEST_BYTES), list[bytes]()
    passed = b"".join(splitter.feed(chunk, payloads) for chunk in chunks)
    return payloads, passed


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    """The data in chunks that end at the given places."""
    places = sorted({min(place, len(data)) for place in cuts} | {0, len(data)})
    return [data[begin:end] for begin, end in pairwise(places)]


@given(events=st.lists(PLAIN | PINGS, max_size=6), cuts=st.lists(st.integers(0, 400), max_size=20))
@settings(deadline=None)
def test_plain_data_is_taken_and_the_rest_passed_however_it_is_cut(events: list[Event], cuts: list[int]) -> None:
    """Messages come out whole and in order, the answer and control frames are passed untouched, for any chunks."""
    frames = wire(events)
    payloads, passed = split(cut(ANSWER + b"".join(frames), cuts))
    assert payloads == [payload(event) for event in events if isinstance(event, Message)]
    pings = [frame for event, frame in zip(events, frames, strict=True) if isinstance(event, Ping)]
    assert passed == ANSWER + b"".join(pings)


@given(
    before=st.lists(PLAIN, max_size=3), after=st.lists(PLAIN | PINGS, max_size=3), cuts=st.lists(st.integers(0, 400))
)
@settings(deadline=None)
def test_after_a_fragment_everything_is_passed(before: list[Event], after: list[Event], cuts: list[int]) -> None:
    """No later message overtakes a fragmented one: from it on the library gets every byte."""
    fragments: list[Event] = [TextMessage("frag", message_finished=False), Ping(b"p"), TextMessage("ment")]
    frames = wire([*before, *fragments, *after])
    payloads, passed = split(cut(ANSWER + b"".join(frames), cuts))
    assert payloads == [payload(event) for event in before]
    assert passed == ANSWER + b"".join(frames[len(before) :])


def test_a_refusal_is_passed_whole() -> None:
    """An answer that is no upgrade has a body, which is no frame."""
    refusal = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n\x82\x02ab"
    assert split([refusal]) == ([], refusal)


def test_what_a_server_must_not_send_is_left_to_the_library() -> None:
    """Masked, reserved, oversized and endless things are passed on, which refuses them."""
    masked = masked_frame(b"x", False, b"abcd")
    oversized = wire([BytesMessage(b"x" * (LONGEST_BYTES + 1))])[0]
    for wrong in (masked, b"\xc2\x01x", b"\x83\x01x", oversized):
        assert split([ANSWER, wrong]) == ([], ANSWER + wrong)
    endless = b"HTTP/1.1 101 " + b"x" * LONGEST_HEAD_BYTES
    assert split([endless, b"more"]) == ([], endless + b"more")


def test_the_close_frame_is_passed() -> None:
    """The end of a connection is the library's business."""
    close = wire([CloseConnection(4001, "bye")])[0]
    assert split([ANSWER + close]) == ([], ANSWER + close)


@given(data=st.binary(max_size=300) | SIZES.map(lambda size: b"z" * size), key=st.binary(min_size=4, max_size=4))
@settings(deadline=None)
def test_a_server_reads_what_was_masked(data: bytes, key: bytes) -> None:
    """A frame built here is the message that went in, for every size and key."""
    server = Connection(ConnectionType.SERVER)
    server.receive_data(masked_frame(data, False, key))
    events = list(server.events())
    assert b"".join(payload(event) for event in events) == data
    assert isinstance(events[-1], Message)
    assert events[-1].message_finished
