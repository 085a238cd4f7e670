"""Pages of foreign origins are told from the listed ones, however alike they look (S27)."""

from __future__ import annotations

import pytest

from server.net.http import Request
from server.net.origins import Origins, check_origin

LISTED = Origins(frozenset({"https://play.example", "https://*.games.example", "http://localhost:8080"}))


def page(origin: str | None, host: str = "node:80") -> Request:
    """A handshake from a page."""
    named = {} if origin is None else {"origin": origin}
    return Request("GET", "/ws/bay", "", {"host": host, **named}, "")


@pytest.mark.parametrize(
    "origin",
    ["https://play.example", "https://a.games.example", "https://a.b-1.games.example", "http://localhost:8080", None],
)
def test_listed_origins_may_connect(origin: str | None) -> None:
    """Exactly those, subdomains where they are asked for, and clients that are no page (S27)."""
    assert LISTED.allow(page(origin))


@pytest.mark.parametrize(
    "origin",
    [
        "", "null", "https://evil.example", "https://play.example.evil.example", "https://evilplay.example",
        "http://play.example", "https://play.example:8443", "https://play.example/", "https://play.example@evil.example",
        "https://play.example,https://play.example", "https://play.example, https://evil.example",
        "https://games.example", "https://.games.example", "https://evilgames.example", "https://a.games.example:1",
        "https://evil.example/.games.example", "https://a.games.example\n", "http://localhost", "https://playXexample",
        "http://node:80", "https://node:80", "*", "https://*.games.example",
    ],
)  # fmt: skip
def test_all_others_are_refused(origin: str) -> None:
    """Look-alikes, another scheme or port, null, two at once, and the node's own host (S27)."""
    assert not LISTED.allow(page(origin))


def test_with_none_listed_a_page_may_connect_to_its_own_host() -> None:
    """And to no other; an empty host is nobody's (S27)."""
    own = Origins()
    assert own.allow(page("http://node:80"))
    assert own.allow(page("https://node:80"))
    assert own.allow(page(None))
    for origin, host in (("null", "null"), ("null", ""), ("http://", ""), ("file://node:80", "node:80")):
        assert not own.allow(page(origin, host))
    assert not own.allow(page("http://node:81"))
    assert not own.allow(page("http://node:80.evil.example"))


def test_a_star_lets_in_all() -> None:
    """For games without credentials."""
    assert Origins(frozenset("*")).allow(page("null"))


@pytest.mark.parametrize("text", ["*", "https://play.example", "https://*.a.example:8443", "http://[::1]:80"])
def test_an_origin_can_be_listed(text: str) -> None:
    """With port, wildcard, or as an address."""
    check_origin(text)
    assert Origins(frozenset({text})).listed == {text}


@pytest.mark.parametrize(
    "text", ["", "play.example", "https://play.example/", "https://*", "https://a.*.example", "https://Play.example"]
)
def test_what_is_no_origin_cannot_be_listed(text: str) -> None:
    """It would never fit, or fit too much."""
    with pytest.raises(ValueError, match="is no origin"):
        check_origin(text)
