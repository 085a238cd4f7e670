"""What one address may take, whoever is behind it (CASES S28)."""

from __future__ import annotations

import pytest

from server.net import address_quota
from server.net.address_quota import AddressQuota, key_of
from server.net.limits import Limits

ANN, BOB, PROXY = "192.0.2.1", "192.0.2.2", "127.0.0.1"
LIMITS = Limits(max_per_address=2, requests_per_s=1.0, requests_burst=3.0)


def test_an_address_has_so_many_connections_and_no_more() -> None:
    """The third of an address is not welcome, that of another is; who leaves makes room."""
    quota = AddressQuota(LIMITS)
    with quota.guest(ANN) as first, quota.guest(ANN) as second:
        assert first.is_welcome
        assert second.is_welcome
        with quota.guest(ANN) as third, quota.guest(BOB) as other:
            assert not third.is_welcome
            assert other.is_welcome
    with quota.guest(ANN) as later:
        assert later.is_welcome


def test_behind_a_proxy_the_client_is_counted() -> None:
    """The proxy's own address has no quota; the clients that it names have theirs."""
    quota = AddressQuota(LIMITS)
    with quota.guest(PROXY) as first, quota.guest(PROXY) as second, quota.guest(PROXY) as third:
        assert first.is_welcome
        assert second.is_welcome
        assert third.is_welcome
        assert first.may_stay(ANN)
        assert second.may_stay(ANN)
        assert not third.may_stay(ANN)
        assert third.may_stay(BOB)
        first.leave()
        assert third.may_stay(ANN)


def test_requests_have_a_burst_and_then_a_rate() -> None:
    """New connections do not refill it."""
    quota = AddressQuota(LIMITS)
    asked = []
    for _ in range(5):
        with quota.guest(ANN) as guest:
            asked.append(guest.may_ask(ANN, 10.0))
    assert asked == [True, True, True, False, False]
    with quota.guest(PROXY) as guest:
        assert not guest.may_ask(ANN, 10.5)
        assert guest.may_ask(ANN, 11.0)
        assert guest.may_ask(BOB, 10.0)


def test_addresses_that_come_and_go_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections of those who left are forgotten; of requests a bounded number of addresses is remembered."""
    monkeypatch.setattr(address_quota, "MOST_REMEMBERED", 10)
    quota = AddressQuota(LIMITS)
    for number in range(50):
        with quota.guest(f"192.0.2.{number}") as guest:
            guest.may_ask(guest.peer, 0.0)
    assert len(quota._open) == 0
    assert len(quota._requests) == 10


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("", "", True),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, same: bool) -> None:
    """A whole /64 of IPv6, one address of IPv4 in whatever clothes."""
    assert (key_of(one) == key_of(other)) == same
