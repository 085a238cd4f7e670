"""When and whether a bot comes back (S17)."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from client_bot.backoff import FIRST_S, LASTING_S, LONGEST_S, Backoff, may_return


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
    assert longest[0] <= FIRST_S
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
    assert backoff.next_s(LASTING_S) <= FIRST_S


def attempts_s(seed: int, outage_s: float) -> list[float]:
    """When a client tries, after the loss of a connection that had lasted: in vain, and once after the outage."""
    backoff, at_s, lasted_s, times_s = Backoff(random.Random(seed)), 0.0, 60.0, list[float]()
    while at_s <= outage_s:
        at_s, lasted_s = at_s + backoff.next_s(lasted_s), 0.0
        times_s.append(at_s)
    return times_s


def fullest_tenth(times_s: list[float]) -> float:
    """The largest share of events in one tenth of a second."""
    return max(Counter(int(at_s * 10) for at_s in times_s).values()) / len(times_s)


def test_who_loses_a_node_leaves_it_within_half_a_second() -> None:
    """Two thousand at the same instant do not come together, and nobody waits long (docs/decisions/0053)."""
    first_s = [attempts_s(seed, 0.0)[0] for seed in range(2000)]
    assert max(first_s) <= FIRST_S
    assert fullest_tenth(first_s) < 0.25


def test_a_long_outage_is_not_followed_by_a_rush() -> None:
    """Of two thousand who try for a minute, no tenth of a second sees more than one in twenty, when they are let in
    neither; all have come after the longest wait."""
    tries = [attempts_s(seed, 60.0) for seed in range(2000)]
    assert fullest_tenth([at_s for times_s in tries for at_s in times_s if 20 < at_s <= 60]) < 0.05
    back_s = [times_s[-1] for times_s in tries]
    assert fullest_tenth(back_s) < 0.05
    assert 60 < min(back_s) < max(back_s) <= 60 + LONGEST_S
