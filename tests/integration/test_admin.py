"""The operators' page over HTTP: there for the token alone, and the same from every node."""

from __future__ import annotations

import pytest
import trio
from structlog.testing import capture_logs

from server.errors import UsageError
from shared_state.embedded import embedded_store
from tests.integration.http_client import Answer, ask
from tests.integration.player import enter
from tests.integration.whole_node import node_on, whole_node

pytestmark = pytest.mark.integration

TOKEN = "a-token-of-the-operators"


async def show(port: int, path: str, token: str = TOKEN) -> Answer:
    """What an operator is answered."""
    return await ask(port, "GET", path, authorization=f"Bearer {token}")


async def test_the_fleet_is_told_by_any_node() -> None:
    """Nodes with their figures, worlds with their versions, players of one; both nodes tell the same."""
    with trio.fail_after(40):
        async with (
            embedded_store() as store,
            node_on(store, "node1", admin_token=TOKEN) as one,
            node_on(store, "node2", admin_token=TOKEN) as two,
        ):
            player = await enter(one.port)
            assert (await player.do("row", dx=1, dy=1)).code == ""
            await trio.sleep(1.2)
            told = [(await show(node.port, "/admin/state")).value for node in (one, two)]
            assert [state.pop("answered_by") for state in told] == ["node1", "node2"]
            assert [node["name"][:5] for node in told[0]["nodes"]] == ["node1", "node2"]
            assert [node["load"]["sessions"] for node in told[1]["nodes"]] == [1, 0]
            assert set(told[0]["nodes"][0]["load"]) >= {"connections", "commands_s", "loop_lag_s", "versions_behind"}
            (world,) = told[1]["worlds"]
            assert (world["name"], world["used"], world["version"] > 0) == ("bay", 1, True)
            players = (await show(two.port, "/admin/worlds/bay")).value
            assert [(who["name"], who["is_away"]) for who in players["players"]] == [("Ann", False)]
            for path in ("/admin/worlds/none", "/admin/worlds/a:b", "/admin/worlds/"):
                assert (await show(one.port, path)).value.get("players", []) == []


async def test_nobody_else_is_told_anything() -> None:
    """Without the token, with a wrong one, or with it where it must not be; and it is in no log, figure or address."""
    with trio.fail_after(40), capture_logs() as logs:
        async with whole_node(admin_token=TOKEN) as node:
            assert (await show(node.port, "/admin/state")).status == 200
            for path in ("/admin/state", "/admin/worlds/bay"):
                for token in ("", TOKEN[:-1], TOKEN + "x", "x" * 5000):
                    refused = await show(node.port, path, token)
                    assert (refused.status, "www-authenticate: Bearer" in refused.head) == (401, True)
                assert (await ask(node.port, "GET", path)).status == 401
                assert (await ask(node.port, "GET", f"{path}?token={TOKEN}")).status == 401
                assert (await ask(node.port, "GET", path, authorization=f"Basic {TOKEN}")).status == 401
            page = await ask(node.port, "GET", "/admin/")
            assert (page.status, "content-security-policy" in page.head.lower()) == (200, True)
            assert (await ask(node.port, "GET", "/admin")).status == 308
            assert (await ask(node.port, "GET", "/admin/../config.py")).status == 404
            assert TOKEN not in (await ask(node.port, "GET", "/metrics")).text
    assert TOKEN not in str(logs)


async def test_without_a_token_there_is_no_page() -> None:
    """Nor any of its files; and a token that could be guessed is refused at the start."""
    with trio.fail_after(40):
        async with whole_node() as node:
            for path in (
                "/admin",
                "/admin/",
                "/admin/index.html",
                "/admin/admin.js",
                "/admin/state",
                "/admin/worlds/bay",
            ):
                assert (await show(node.port, path, "")).status == 404
        with pytest.raises(ExceptionGroup) as failed:
            async with whole_node(admin_token="short"):
                pass
        assert failed.group_contains(UsageError, match="OARLOCK_ADMIN_TOKEN needs 16 characters")
