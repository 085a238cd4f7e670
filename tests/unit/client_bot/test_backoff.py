"""When and whether a bot comes back."""

from __future__ import annotations

import random

import pytest

from client_bot.backoff import LASTING_S, LONGEST_S, Backoff, may_return


@pytest.mark.parametrize("code", [1001, 1006, 1011, 1012, 1013, 4000, 4499])
def test_these_endings_invite_back(code: int) -> None:
    """A node that fails, restarts or asks to reconnect may be visited again."""
    assert may_return(code)


@pytest.mark.parametrize("code", [1000, 1002, 1003, 1005, 1007, 1008, 1009, 3000, 4500, 4999, 5000])
def test_these_endings_are_for_good(code: int) -> None:
    """After a farewell, a violation or a 45xx to 49xx the bot stays away."""
    assert not may_return(code)


def test_delays_grow_to_the_cap_and_spread_below_it() -> None:
    """The longest delay doubles up to the cap, and even at the cap the whole range is used."""
    backoffs = [Backoff(random.Random(seed)) for seed in range(400)]
    longest = [max(backoff.next_s(0.0) for backoff in backoffs) for _ in range(10)]
    assert longest[0] <= 0.25
    assert all(delay <= LONGEST_S for delay in longest)
    capped = [backoff.next_s(0.0) for backoff in backoffs]
    assert max(capped) > 0.9 * LONGEST_S
    assert min(capped) < 0.1 * LONGEST_S


def test_only_a_connection_that_lasted_starts_the_delays_over() -> None:
    """A node that accepts and drops at once does not get its clients back at full speed."""
    backoff = Backoff(random.Random(1))
    for _ in range(10):
        backoff.next_s(LASTING_S / 2)
    assert max(backoff.next_s(LASTING_S / 2) for _ in range(50)) > LONGEST_S / 2
    assert backoff.next_s(LASTING_S) <= 0.25
