"""Session rows: heads that fence, and the memory of which commands took effect."""

from __future__ import annotations

import pytest

from shared_state.session_row import HEAD_BYTES, SessionHead, SessionTail, encode_tail, unpack_head, unpack_row

TAIL = SessionTail(7, "node-1", 1_800_000_000_123, b"\x00\xff" * 16, "Zoë")


def test_a_row_round_trips() -> None:
    """Head and tail come back from their bytes, at the limits of their fields too."""
    head = SessionHead(2**32 - 1, 2**64 - 1, 2**64 - 1)
    assert len(head.pack()) == HEAD_BYTES
    assert unpack_row(head.pack() + encode_tail(TAIL)) == (head, TAIL)
    assert unpack_head(head.pack() + b"anything") == head


def test_no_row_has_no_head() -> None:
    """An empty row is the absence of a session."""
    assert unpack_head(b"") is None


@pytest.mark.parametrize(
    "row",
    [b"", b"\x00", bytes(HEAD_BYTES - 1), bytes(HEAD_BYTES), bytes(HEAD_BYTES) + b"\xc1", bytes(21)],
)
def test_rows_that_are_none_are_refused(row: bytes) -> None:
    """A row cut short or with a broken tail is a ValueError, whatever the bytes."""
    with pytest.raises(ValueError, match=r"."):
        unpack_row(row)


def test_a_head_cut_short_is_refused() -> None:
    """A head of 19 bytes is a ValueError too, not a library's error."""
    with pytest.raises(ValueError, match="19 bytes"):
        unpack_head(bytes(HEAD_BYTES - 1))


def test_advance_remembers_gaps() -> None:
    """Commands between two that committed are known not to have taken effect."""
    head = SessionHead(1).advance(1).advance(4)
    assert [head.took_effect(seq) for seq in (1, 2, 3, 4)] == [True, False, False, True]
    assert head.seq == 4
    assert head.generation == 1


def test_a_leap_past_the_window_forgets() -> None:
    """A leap of 64 or more leaves only the new command known, and the mask within 64 bits."""
    for leap in (63, 64, 65, 2**63):
        head = SessionHead(1).advance(1).advance(1 + leap)
        assert head.mask == (1 | 1 << 63 if leap == 63 else 1)
    full = SessionHead(1)
    for seq in range(1, 200):
        full = full.advance(seq)
    assert full.mask == 2**64 - 1
