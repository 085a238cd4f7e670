"""Session heads remember what a plain set of numbers would, for as long as they promise."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared_state.session_row import WINDOW, SessionHead, SessionTail, encode_tail, unpack_head, unpack_row

LEAPS = st.lists(st.one_of(st.integers(1, 3), st.integers(1, 70), st.integers(60, 10_000)), max_size=200)


@given(st.integers(0, 2**32 - 1), LEAPS)
def test_the_mask_is_the_set_of_committed_commands(generation: int, leaps: list[int]) -> None:
    """For the last 64 numbers the head and a set agree on what took effect; packing loses nothing."""
    head, committed = SessionHead(generation), set[int]()
    for leap in leaps:
        head = head.advance(head.seq + leap)
        committed.add(head.seq)
        assert unpack_head(head.pack() + b"tail") == head
        for seq in range(max(1, head.seq - WINDOW + 1), head.seq + 1):
            assert head.took_effect(seq) == (seq in committed)


@given(
    st.builds(SessionHead, st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)),
    st.builds(
        SessionTail, st.integers(0, 2**53), st.text(), st.integers(0, 2**53), st.binary(), st.text()
    ),
)  # fmt: skip
def test_rows_round_trip(head: SessionHead, tail: SessionTail) -> None:
    """Any head and tail come back from their bytes."""
    assert unpack_row(head.pack() + encode_tail(tail)) == (head, tail)
