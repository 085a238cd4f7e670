"""When which fault comes: by seed alone, each kind, each node, and none so late that nobody can recover."""

from __future__ import annotations

import pytest

from proof.faults import FIRST_S, KINDS, LAST_S, Strike, schedule


@pytest.mark.parametrize("seconds", [30.0, 60.0, 120.0])
@pytest.mark.parametrize("seed", range(5))
def test_every_kind_comes(seconds: float, seed: int) -> None:
    """In any run of half a minute, in order of time, and never too early or too late."""
    strikes = schedule(list(KINDS), seed, seconds, 3)
    assert {strike.kind for strike in strikes} == set(KINDS)
    assert strikes == sorted(strikes, key=lambda strike: strike.at_s)
    assert all(FIRST_S <= strike.at_s <= seconds - LAST_S + 0.01 for strike in strikes)
    assert {strike.place for strike in strikes} == {0, 1, 2}


def test_a_seed_gives_the_same_faults_again() -> None:
    """And another seed gives others."""
    kinds = list(KINDS)
    assert schedule(kinds, 7, 60, 3) == schedule(kinds, 7, 60, 3)
    assert schedule(kinds, 7, 60, 3) != schedule(kinds, 8, 60, 3)


def test_one_kind_comes_to_each_node() -> None:
    """A fault that only shows on one of the nodes is not left to luck."""
    assert {strike.place for strike in schedule(["link-mute"], 1, 18, 2)} == {0, 1}


@pytest.mark.parametrize(("kinds", "seconds"), [([], 60.0), (list(KINDS), 5.0)])
def test_no_fault_without_kinds_or_time(kinds: list[str], seconds: float) -> None:
    """A run without faults is one."""
    assert schedule(kinds, 1, seconds, 3) == []


def test_targets_are_told_in_words() -> None:
    """A report says which node, whose link, which process."""
    told = {kind: Strike(1.0, kind, 1, 0.5).target for kind in KINDS}
    assert told["node-kill"] == "node2"
    assert told["link-mute"] == "node2's link to the store"
    assert (told["store-restart"], told["proxy-freeze"]) == ("store", "proxy")
    assert (told["rolling-drain"], told["client-hang"]) == ("all nodes", "a third of the clients")
