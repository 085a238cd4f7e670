"""Frames the server builds, and the masking of the client's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection

from server.net.frames import BINARY, encode_close, encode_frame, is_utf8, unmask
from tests.unit.net import masked


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_client_reads_every_length_form(size: int) -> None:
    """A client's parser reads back a frame of any length, through all three length forms."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(encode_frame(BINARY, b"x" * size))
    events = [event for event in client.events() if isinstance(event, BytesMessage)]
    assert b"".join(bytes(event.data) for event in events) == b"x" * size
    assert events[-1].message_finished


def test_close_reason_is_cut_at_a_whole_character() -> None:
    """A long reason is cut to 123 bytes without leaving half a character."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(encode_close(4008, "ü" * 100))
    assert list(client.events()) == [CloseConnection(code=4008, reason="ü" * 61)]


@given(payload=st.binary(max_size=300), mask=st.binary(min_size=4, max_size=4))
def test_unmask_undoes_the_mask(payload: bytes, mask: bytes) -> None:
    """Unmasking restores every payload under every mask."""
    frame = masked.frame(BINARY, payload, mask=mask)
    assert unmask(frame, len(frame) - len(payload) - 4, len(payload)) == payload


@given(payload=st.binary(max_size=20))
def test_utf8_is_judged_like_the_codec(payload: bytes) -> None:
    """Valid text is what decodes, surrogates excluded."""
    valid = payload.decode(errors="ignore").encode() == payload
    assert is_utf8(payload) == valid
