"""Plans: what they refuse and how they cast the bots."""

from __future__ import annotations

from collections import Counter

import pytest

from client_bot.connection import Address
from client_bot.plan import SwarmPlan


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"url": "http://localhost/ws/bay"}, "WebSocket address"),
        ({"url": "ws://localhost:99999/ws/bay"}, "Port"),
        ({"bots": 0}, "bots"),
        ({"seconds": -1.0}, "seconds"),
        ({"rate_hz": 0.0}, "rate_hz"),
        ({"rate_hz": float("nan")}, "rate_hz"),
        ({"think_s": -1.0}, "think_s"),
        ({"think_s": float("inf")}, "think_s"),
        ({"stay_s": 0.0}, "stay_s"),
        ({"stay_s": float("nan")}, "stay_s"),
        ({"brains": {"pirate": 1.0}}, "'pirate'"),
        ({"brains": {"hoarder": 0.0}}, "weights"),
        ({"brains": {"hoarder": -1.0, "explorer": 2.0}}, "weights"),
        ({"brains": {"hoarder": float("inf")}}, "weights"),
        ({"brains": {"hoarder": float("nan")}}, "weights"),
        ({"brains": {}}, "weights"),
        ({"subprotocols": ("xml",)}, "subprotocols"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(wrong: dict[str, object], text: str) -> None:
    """Each wrong value raises ValueError with a line that names it."""
    with pytest.raises(ValueError, match=text):
        SwarmPlan(**wrong)  # type: ignore[arg-type]


def test_the_cast_follows_the_weights() -> None:
    """Shares are as close to the weights as whole bots allow, none is left over, and a seed gives one order."""
    plan = SwarmPlan(bots=10, brains={"explorer": 2, "hoarder": 1, "fuzzer": 1})
    cast = plan.cast()
    assert len(cast) == 10
    assert Counter(cast)["explorer"] == 5
    assert cast == plan.cast()
    assert len(SwarmPlan(bots=1).cast()) == 1


@pytest.mark.parametrize(("bots", "checking"), [(1, 1), (49, 49), (50, 25), (1000, 25)])
def test_a_bounded_number_of_bots_checks_digests(bots: int, checking: int) -> None:
    """Small swarms check with every bot, large ones with about as many as wanted."""
    plan = SwarmPlan(bots=bots, checkers=25)
    assert sum(map(plan.checks_digests, range(bots))) == checking


@pytest.mark.parametrize(
    ("url", "address", "text"),
    [
        ("ws://h/ws/bay", Address(False, "h", 80, "/ws/bay"), "ws://h:80/ws/bay"),
        ("wss://h/ws/bay?t=1", Address(True, "h", 443, "/ws/bay?t=1"), "wss://h:443/ws/bay?t=1"),
        ("ws://[::1]:8080", Address(False, "::1", 8080, "/"), "ws://[::1]:8080/"),
    ],
)
def test_addresses_are_read(url: str, address: Address, text: str) -> None:
    """Defaults of port and path follow the scheme; an address is written as it can be read."""
    assert Address.parse(url) == address
    assert str(address) == text
