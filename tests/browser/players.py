"""Players of Flotsam at the quay (quay.py), each in a page; what they do, they do with keys, fingers and buttons."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import attrs
from playwright.sync_api import Browser, Page

from tests.browser.conftest import listen, until

QUAY = ("--nodes", "2", "--bots", "0", "--game", "tests.browser.quay:game")
WIDE = {"width": 1000, "height": 640}
"""Small enough that a machine without a GPU paints several pages at a time."""
NARROW = {"width": 360, "height": 740}
MOST_PAGES = 6
SLOW_MS = 30_000


@attrs.frozen
class Player:
    """Somebody with a boat."""

    page: Page

    def told(self, what: str) -> Any:
        """A value of the page's state."""
        return self.page.evaluate(f"oarlock.{what}")

    def until(self, condition: str, timeout_s: float = 15.0) -> None:
        """Waits until something holds in the page."""
        until(self.page, condition, timeout_s)

    def press(self, key: str, ms: int = 60) -> None:
        """Presses a key for long enough to be one stroke, if it rows."""
        self.page.keyboard.press(key, delay=ms)

    @property
    def id(self) -> int:
        """The entity of the boat."""
        return int(self.told("avatar"))

    def boat(self, of: Player | None = None) -> dict[str, Any]:
        """The fields of a boat, as this player sees them."""
        fields: dict[str, Any] = self.told(f"boats[{(of or self).id}]")
        return fields


def sail(browser: Browser, url: str, name: str, errors: list[str], world: str = "bay", **context: Any) -> Player:
    """A player whose boat is there."""
    page = browser.new_context(**{"viewport": WIDE, **context}).new_page()
    page.set_default_timeout(SLOW_MS)
    listen(page, errors)
    page.goto(f"{url}?{urlencode({'name': name, 'world': world})}")
    until(page, "window.oarlock && oarlock.connected && oarlock.boats[oarlock.avatar] !== undefined", 30)
    return Player(page)


def sail_elsewhere(browser: Browser, url: str, name: str, errors: list[str], world: str, node: str) -> Player:
    """A player whom HAProxy put on another node than ``node``, as it does when that one has more than its share."""
    crew: list[Player] = []
    while len(crew) < MOST_PAGES:
        crew.append(sail(browser, url, name, errors, world))
        if crew[-1].told("node") != node:
            part(*crew[:-1])
            return crew[-1]
    raise AssertionError(f"{MOST_PAGES} pages were all put on {node}")


def two(browser: Browser, url: str, world: str, errors: list[str]) -> tuple[Player, Player]:
    """Ann and Ben in a bay of their own, on two nodes, in sight of each other."""
    ann = sail(browser, url, "Ann", errors, world)
    ben = sail_elsewhere(browser, url, "Ben", errors, world, ann.told("node"))
    ann.until(f"oarlock.boats[{ben.id}]")
    ben.until(f"oarlock.boats[{ann.id}]")
    return ann, ben


def part(*players: Player) -> None:
    """They leave the bay, and their boats with them."""
    for player in players:
        player.page.get_by_role("button", name="Leave the bay").click()
        player.until("oarlock.status === 'closed'")
        player.page.context.close()
