"""Worlds over plain HTTP on a real node: lists, new worlds, reservations, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from server.config import WorldsConfig
from server.net.limits import Limits
from tests.integration.http_client import ask, post
from tests.integration.player import enter
from tests.integration.whole_node import whole_node

pytestmark = pytest.mark.integration


async def listed(port: int, query: str = "") -> Any:
    """The list of worlds."""
    found = await ask(port, "GET", f"/api/worlds?{query}")
    assert found.status == 200
    return found.value


async def test_worlds_are_made_and_listed() -> None:
    """With kind, seats, metadata and address; private ones are not listed, and whoever knows the name gets in."""
    with trio.fail_after(30):
        async with whole_node() as node:
            assert await listed(node.port) == {"worlds": [], "cursor": ""}
            made = await post(node.port, "/api/worlds", name="quay", metadata={"mode": "calm", "level": 3})
            assert made.status == 201
            assert made.value == (await listed(node.port))["worlds"][0]
            assert (made.value["path"], made.value["free"]) == ("/ws/quay", made.value["seats"])
            secret = (await post(node.port, "/api/worlds", private=True)).value
            assert [world["name"] for world in (await listed(node.port))["worlds"]] == ["quay"]
            await enter(node.port, secret["name"])
            await enter(node.port, "quay")
            (quay,) = (await listed(node.port))["worlds"]
            assert quay["seats"] - quay["free"] == 1


async def test_a_list_is_filtered_and_read_in_pages() -> None:
    """By kind, free seats and metadata; the cursor leads to the next page until it is empty."""
    with trio.fail_after(30):
        async with whole_node(worlds=WorldsConfig(seats=1)) as node:
            for number in range(5):
                await post(node.port, "/api/worlds", name=f"w{number}", metadata={"level": number % 2})
            await enter(node.port, "w3")
            names, cursor = [], "-"
            while cursor:
                page = await listed(node.port, f"limit=2&cursor={'' if cursor == '-' else cursor}")
                names += [world["name"] for world in page["worlds"]]
                cursor = page["cursor"]
            assert names == [f"w{number}" for number in range(5)]
            odd = await listed(node.port, "meta.level=1")
            free = await listed(node.port, "meta.level=1&free=1")
            assert [world["name"] for world in odd["worlds"]] == ["w1", "w3"]
            assert [world["name"] for world in free["worlds"]] == ["w1"]
            assert await listed(node.port, "kind=other") == {"worlds": [], "cursor": ""}


async def test_a_party_gets_its_seats_together() -> None:
    """In one world, under one token, and not in a world that has too few."""
    with trio.fail_after(30):
        async with whole_node(worlds=WorldsConfig(seats=3)) as node:
            ticket = (await post(node.port, "/api/join", seats=2)).value
            assert (ticket["seats"], ticket["created"], ticket["expires_s"]) == (2, True, 15.0)
            other = (await post(node.port, "/api/join", seats=2)).value
            assert other["world"] != ticket["world"]
            full = await post(node.port, "/api/join", world=ticket["world"], seats=2)
            assert (full.status, full.value["code"]) == (409, "world_full")
            for _ in range(2):
                await enter(node.port, ticket["world"], seat=ticket["seat"])


@pytest.mark.parametrize(
    ("path", "values", "status", "code"),
    [
        ("/api/worlds", {"name": "a:b{c}*"}, 400, "bad_request"),
        ("/api/worlds", {"kind": "none"}, 404, "no_such_kind"),
        ("/api/worlds", {"metadata": {"text": "x" * 2000}}, 400, "bad_request"),
        ("/api/worlds", {"metadata": {"big": 2**60}}, 400, "bad_request"),
        ("/api/worlds", {"metadata": {"list": []}}, 400, "bad_request"),
        ("/api/worlds", {"seats": 5}, 400, "bad_request"),
        ("/api/join", {"world": "none"}, 404, "no_such_world"),
        ("/api/join", {"kind": "none"}, 404, "no_such_kind"),
        ("/api/join", {"seats": 0}, 400, "bad_request"),
        ("/api/join", {"seats": 17}, 400, "bad_request"),
        ("/api/join", {"seats": "many"}, 400, "bad_request"),
    ],
)
async def test_what_cannot_be_done_is_said(path: str, values: dict[str, Any], status: int, code: str) -> None:
    """A status, a code for programs and a text for people; nothing is made."""
    with trio.fail_after(30):
        async with whole_node() as node:
            refused = await post(node.port, path, **values)
            assert (refused.status, refused.value["code"]) == (status, code)
            assert refused.value["text"]
            assert (await listed(node.port))["worlds"] == []


async def test_requests_that_are_none_are_refused() -> None:
    """Other methods, bodies of other kinds, too long, or no JSON; lists with odd questions; a name that is taken."""
    with trio.fail_after(30):
        async with whole_node() as node:
            json_type = "application/json"
            for body in (b"", b"[", b"[]", b"nul", b"\xff", b'{"kind": "\xff"}', b"[" * 4000):
                status = (await ask(node.port, "POST", "/api/worlds", body, content_type=json_type)).status
                assert status == (201 if not body else 400)
            assert (await ask(node.port, "POST", "/api/join", b"{}", content_type="text/plain")).status == 415
            too_long = b" " * (Limits().body_bytes + 1)
            assert (await ask(node.port, "POST", "/api/join", too_long, content_type=json_type)).status == 413
            assert (await ask(node.port, "GET", "/api/worlds", b"{}")).status == 413
            assert (await ask(node.port, "POST", "/")).status == 405
            assert (await ask(node.port, "POST", "/api/join/more")).status == 405
            assert (await ask(node.port, "PUT", "/api/worlds")).status == 405
            for query in (
                "limit=0",
                "limit=101",
                "limit=x",
                "cursor=x",
                "kind=a:b",
                "&".join("abcdefghijklmnopqrstuvw"),
            ):
                assert (await ask(node.port, "GET", f"/api/worlds?{query}")).status in (200, 400)
            await post(node.port, "/api/worlds", name="quay")
            assert (await post(node.port, "/api/worlds", name="quay")).value["code"] == "name_taken"


async def test_an_address_makes_only_so_many_worlds() -> None:
    """A POST counts as ten requests: who makes worlds without end is soon told to wait, while others are served."""
    with trio.fail_after(30):
        granted = {"requests_per_s": 0.1, "requests_burst": 30.0, "proxies": ("127.0.0.1/32",)}
        async with whole_node(clients=granted) as node:
            noisy = {"x_forwarded_for": "203.0.113.7", "content_type": "application/json"}
            said = [(await ask(node.port, "POST", "/api/worlds", b"{}", **noisy)).status for _ in range(5)]
            assert said == [201, 201, 201, 429, 429]
            calm = {**noisy, "x_forwarded_for": "203.0.113.8"}
            assert (await ask(node.port, "POST", "/api/worlds", b"{}", **calm)).status == 201
