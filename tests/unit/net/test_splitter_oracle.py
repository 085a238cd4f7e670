"""The fast path and wsproto together see what wsproto alone sees, for any traffic in any pieces."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from server.net.frames import BINARY, PING, PONG, TEXT
from server.net.splitter import FrameSplitter, Raw
from tests.unit.net import masked

Seen = list[tuple[Any, ...]]

_payload = st.one_of(st.binary(max_size=140), st.text(max_size=40).map(str.encode))
_mask = st.binary(min_size=4, max_size=4)
_control = st.builds(masked.frame, st.sampled_from([PING, PONG]), st.binary(max_size=125), mask=_mask)
_single = st.builds(masked.frame, st.sampled_from([TEXT, BINARY]), _payload, mask=_mask)
_wild = st.builds(masked.frame, st.integers(0, 15), _payload, final=st.booleans(), rsv=st.integers(0, 7), mask=_mask)
_close = st.sampled_from(
    [masked.close(1000), masked.close(4001), masked.close(999), masked.frame(8), masked.frame(8, b"x")]
)


@st.composite
def _fragments(draw: st.DrawFn) -> bytes:
    """A fragmented message with control frames in between."""
    pieces = draw(st.lists(_payload, min_size=2, max_size=4))
    frames = masked.fragmented(draw(st.sampled_from([TEXT, BINARY])), pieces)
    return b"".join(draw(st.lists(_control, max_size=2).map(b"".join)) + frame for frame in frames)


_traffic = st.lists(
    st.one_of(_single, _single, _single, _control, _fragments(), _close, _wild, st.binary(max_size=20)), max_size=12
).map(b"".join)


class Judge:
    """wsproto's server side, noting whole messages, controls and the verdict."""

    def __init__(self) -> None:
        self.seen: Seen = []
        self._connection = Connection(ConnectionType.SERVER)
        self._parts: list[bytes] = []

    @property
    def has_spoken(self) -> bool:
        """The connection is to end."""
        return bool(self.seen) and self.seen[-1][0] == "close"

    def feed(self, data: bytes) -> None:
        """Judges more bytes."""
        self._connection.receive_data(data)
        for event in self._connection.events():
            if isinstance(event, TextMessage | BytesMessage):
                self._gather(event)
            elif isinstance(event, CloseConnection):
                self.seen.append(("close", event.code))
            elif isinstance(event, Ping | Pong):
                self.seen.append((type(event).__name__, bytes(event.payload)))

    def _gather(self, event: TextMessage | BytesMessage) -> None:
        self._parts.append(event.data.encode() if isinstance(event.data, str) else bytes(event.data))
        if event.message_finished:
            self.seen.append(("message", b"".join(self._parts)))
            self._parts = []


def _chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[start:end] for start, end in pairwise(edges) if end > start]


def _through_splitter(chunks: list[bytes]) -> Seen:
    splitter, judge = FrameSplitter(1 << 20), Judge()
    for chunk in chunks:
        payload = None if judge.has_spoken else splitter.whole(chunk)
        if payload is not None:
            judge.seen.append(("message", payload))
            continue
        splitter.feed(chunk)
        # The connection takes nothing more once the judge has spoken, nor while it waits for a fragmented message.
        while not judge.has_spoken and (part := splitter.take()) is not None:
            if isinstance(part, bytes):
                judge.seen.append(("message", part))
            else:
                assert isinstance(part, Raw)
                judge.feed(part.data)
    return judge.seen


@given(traffic=_traffic, cuts=st.lists(st.integers(0, 5000), max_size=12))
def test_same_messages_controls_and_verdict_as_wsproto_alone(traffic: bytes, cuts: list[int]) -> None:
    """Whole messages, controls and the closing code come in the order in which wsproto alone finds them."""
    oracle = Judge()
    oracle.feed(traffic)
    assert _through_splitter(_chunks(traffic, cuts)) == oracle.seen


@given(frames=st.lists(_single, max_size=8))
def test_frames_alone_in_a_segment_as_wsproto_alone(frames: list[bytes]) -> None:
    """The shortcut for a frame that arrives alone changes nothing."""
    oracle = Judge()
    for frame in frames:
        oracle.feed(frame)
    assert _through_splitter(frames) == oracle.seen


@given(noise=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=5))
def test_noise_never_raises(noise: bytes, cuts: list[int]) -> None:
    """Whatever bytes a client sends, the splitter parts them and keeps all it was given or names the fault."""
    splitter = FrameSplitter(100)
    for chunk in _chunks(noise, cuts):
        splitter.feed(chunk)
        parts = list(iter(splitter.take, None))
        assert all(len(part) <= 100 for part in parts if isinstance(part, bytes))
