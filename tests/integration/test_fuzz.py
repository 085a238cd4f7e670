"""A sample of ``make fuzz``: hostile input at a real node; the seed is fixed, so that a failure is one every time."""

from __future__ import annotations

import random

import pytest
import trio

from tests.fuzz import inputs
from tests.fuzz.siege import Siege, shares_of

pytestmark = pytest.mark.integration

SEED = 20_261_125
SAMPLE, DECODED = 1_200, 6_000


async def test_hostile_input_ends_its_sender_alone() -> None:
    """Handshakes, frames and messages of both encodings: the node answers each soundly and in time, lives on with its
    memory and descriptors, and another player notices nothing (S01, S29, S35)."""
    siege = Siege(SEED, shares_of(SAMPLE, DECODED))
    with trio.fail_after(120):
        await siege.lay()
    assert siege.findings == []
    assert sum(siege.played.values()) >= SAMPLE + DECODED
    assert {"400", "1002", "1007", "1000", "malformed", "unknown_type"} <= set(siege.answers)


@pytest.mark.parametrize("make", [inputs.handshake, inputs.frames, inputs.messages, inputs.codec_payload])
def test_an_input_is_the_same_for_the_same_seed(make: object) -> None:
    """A finding can be played again; another number is another input."""
    first, again, other = (make(random.Random(seed)) for seed in ("1 2", "1 2", "1 3"))  # type: ignore[operator]
    assert first == again
    assert first != other
