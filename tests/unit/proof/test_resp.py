"""Cutting between replies: the same cuts as hiredis makes, wherever the bytes were torn."""

from __future__ import annotations

import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proof.relay import whole_replies
from proof.resp import is_delta, reply_end


def line(kind: str, text: str) -> bytes:
    """A reply of one line."""
    return f"{kind}{text}\r\n".encode()


def blob(kind: str, data: bytes) -> bytes:
    """A reply with a length."""
    return f"{kind}{len(data)}\r\n".encode() + data + b"\r\n"


def aggregate(kind: str, items: list[bytes]) -> bytes:
    """A reply of replies; maps have two for each of their items."""
    return f"{kind}{len(items) // 2 if kind == '%' else len(items)}\r\n".encode() + b"".join(items)


SIMPLE = (
    st.sampled_from(
        [b"+OK\r\n", b"-ERR no\r\n", b":-7\r\n", b",1.5\r\n", b"#t\r\n", b"(123456789012345678901\r\n", b"_\r\n"]
    )
    | st.sampled_from([b"$-1\r\n", b"*-1\r\n"])
    | st.builds(blob, st.just("$"), st.binary(max_size=20) | st.just(b"\r\n*3\r\n"))
    | st.builds(lambda text: blob("=", b"txt:" + text), st.binary(max_size=10))
)
REPLIES = st.recursive(
    SIMPLE,
    lambda inner: (
        st.builds(aggregate, st.sampled_from(["*", "~"]), st.lists(inner, max_size=4))
        | st.lists(st.tuples(st.just(blob("$", b"key")), inner), max_size=3).map(
            lambda pairs: aggregate("%", [part for pair in pairs[:1] for part in pair])
        )
    ),
    max_leaves=8,
)
PUSH = aggregate(">", [blob("$", b"smessage"), blob("$", b"channel"), blob("$", b"delta")])


@given(st.lists(REPLIES, min_size=1, max_size=5))
def test_replies_are_cut_where_hiredis_cuts_them(replies: list[bytes]) -> None:
    """One by one they come back, and no beginning of one is taken for a whole."""
    stream = bytearray(b"".join(replies))
    assert whole_replies(stream) == replies
    assert stream == b""
    for cut in range(len(replies[0])):
        reader = hiredis.Reader()
        reader.feed(replies[0][:cut])
        assert reply_end(replies[0][:cut], 0) is None
        assert reader.gets() is False


def test_what_is_begun_waits_for_the_rest() -> None:
    """Torn bytes are kept until they are whole."""
    stream = bytearray(PUSH + PUSH[:20])
    assert whole_replies(stream) == [PUSH]
    stream += PUSH[20:]
    assert whole_replies(stream) == [PUSH]


def test_an_attribute_belongs_to_the_reply_after_it() -> None:
    """It is not cut off from what it describes."""
    described = aggregate("|", [])[:-2] + b"\r\n"
    assert whole_replies(bytearray(b"|1\r\n+ttl\r\n:3600\r\n$2\r\nhi\r\n:5\r\n")) == [
        b"|1\r\n+ttl\r\n:3600\r\n$2\r\nhi\r\n",
        b":5\r\n",
    ]
    assert reply_end(described, 0) is None


def test_published_messages_are_told_from_replies() -> None:
    """Only they may be dropped or doubled: confirmations and answers may not."""
    assert is_delta(PUSH)
    assert not is_delta(aggregate(">", [blob("$", b"ssubscribe"), blob("$", b"channel"), b":1\r\n"]))
    assert not is_delta(aggregate("*", [blob("$", b"smessage")]))


def test_other_bytes_are_an_error() -> None:
    """A stream that is not the store's is not passed on as if it were."""
    with pytest.raises(ValueError, match="no reply begins with"):
        reply_end(b"GET / HTTP/1.1\r\n", 0)
