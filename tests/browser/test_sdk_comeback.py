"""The SDK in a real browser: what it does when a node dies, the network goes, the page is loaded anew or doubled.

The pages are a node's own, with nothing on them but the SDK; the game is one that the SDK has never seen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import listen, until
from tests.browser.launched import Launched, launched

PROBE = (Path(__file__).parent / "probe.js").read_text()
COVE = ("--nodes", "2", "--bots", "0", "--game", "tests.browser.cove:game")
HOUR_MS = 3_600_000
WRONG_CLOCK = """(() => {
    const right = Date;
    window.wrongMs = %d;
    window.Date = class extends right {
        constructor(...parts) { parts.length ? super(...parts) : super(right.now() + window.wrongMs); }
        static now() { return right.now() + window.wrongMs; }
    };
})()"""


@pytest.fixture(scope="module")
def cove() -> Iterator[Launched]:
    """Two nodes that nobody harms."""
    with launched(*COVE) as cluster:
        yield cluster


def play(page: Page, url: str, **wanted: str) -> None:
    """Makes the page a player, and waits until its boat is there."""
    page.goto(f"{url}sdk/index.js")
    page.evaluate(f"window.wanted = {json.dumps(wanted)}")
    begin(page)


def begin(page: Page) -> None:
    """Runs the probe on a page that is loaded."""
    page.evaluate(PROBE)
    until(page, "probe.status === 'playing' && probe.boat")


def new_page(browser: Browser, errors: list[str]) -> Page:
    """A page of a context of its own."""
    context = browser.new_context()
    context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page = context.new_page()
    listen(page, errors)
    return page


def told(page: Page, what: str) -> Any:
    """A value from the probe."""
    return page.evaluate(f"probe.{what}")


def test_the_loss_of_the_node_is_a_pause_of_less_than_three_seconds(browser: Browser, errors: list[str]) -> None:
    """kill -9 of the page's node in full play: the same boat goes on, and no stroke is lost or doubled."""
    with launched(*COVE) as cluster:
        page = new_page(browser, errors)
        play(page, cluster.url)
        session, node, boat = told(page, "session"), told(page, "node"), told(page, "boat")
        told(page, "rowForever()")
        until(page, "probe.answers.committed > 10")
        cluster.kill(node)
        until(page, f"probe.status === 'playing' && probe.node !== {node!r}")
        until(page, "probe.answers.lastMs > probe.statuses.at(-1)[0] + 1000")
        answers = told(page, "answers")
        after = page.evaluate("probe.stroke(0).then(() => probe.boat)")
        session_after, dx = told(page, "session"), told(page, "answers.dx")
        page.close()
    assert (session_after, after["id"]) == (session, boat["id"])
    assert answers["longestGapMs"] < 3000, answers
    assert answers["refused"] == 0
    assert after["x"] - boat["x"] >= dx, "a stroke that was answered is lost"
    assert errors == []


def test_ten_seconds_without_a_network_end_where_they_began(
    browser: Browser, cove: Launched, errors: list[str]
) -> None:
    """The device says that it is offline, and is: strokes given meanwhile take effect once, when it is back."""
    page = new_page(browser, errors)
    play(page, cove.url)
    session, boat = told(page, "session"), told(page, "boat")
    page.context.set_offline(True)
    page.wait_for_timeout(500)
    page.evaluate("void Promise.all([1, 2, 3].map(probe.stroke))")
    page.wait_for_timeout(9500)
    assert told(page, "status") == "waiting"
    page.context.set_offline(False)
    until(page, "probe.status === 'playing' && probe.answers.committed === 3", timeout_s=3)
    assert (told(page, "session"), told(page, "boat.x")) == (session, boat["x"] + 6)
    assert told(page, "statistics.reconnects") <= 2
    assert errors == []


def test_a_page_that_is_loaded_anew_is_the_same_player(browser: Browser, cove: Launched, errors: list[str]) -> None:
    """Reload in the middle of play: the same boat, where it was; numbers go on."""
    page = new_page(browser, errors)
    play(page, cove.url, name="Reloader")
    assert page.evaluate("probe.stroke(5)") == ""
    session, boat = told(page, "session"), told(page, "boat")
    page.reload()
    begin(page)
    assert (told(page, "session"), told(page, "boat")) == (session, boat)
    assert page.evaluate("probe.stroke(5)") == ""
    assert told(page, "boat.x") == boat["x"] + 5
    assert errors == []


def test_a_second_tab_is_a_second_player(browser: Browser, cove: Launched, errors: list[str]) -> None:
    """A tab that the first one opened has a copy of its storage: both play, each with a boat of its own."""
    first = new_page(browser, errors)
    play(first, cove.url)
    with first.context.expect_page() as opened:
        first.evaluate("void window.open(location.href)")
    second = opened.value
    listen(second, errors)
    second.wait_for_load_state()
    begin(second)
    sessions = {told(page, "session") for page in (first, second)}
    assert len(sessions) == 2
    assert [page.evaluate("probe.stroke(1)") for page in (first, second)] == ["", ""]
    assert told(first, "boat.id") != told(second, "boat.id")
    assert told(first, "statistics.reconnects") == told(second, "statistics.reconnects") == 0
    assert errors == []


@pytest.mark.parametrize("wrong_ms", [HOUR_MS, -HOUR_MS])
def test_the_device_s_clock_may_be_wrong_and_jump(
    browser: Browser, cove: Launched, errors: list[str], wrong_ms: int
) -> None:
    """An hour off, and then an hour off the other way: the server's clock is known all the same, nothing is lost."""
    page = new_page(browser, errors)
    page.add_init_script(WRONG_CLOCK % wrong_ms)
    play(page, cove.url)
    assert abs(page.evaluate("Date.now()") - time.time() * 1000 - wrong_ms) < 60_000
    for _ in range(2):
        page.wait_for_timeout(1500)
        before_ms = time.time() * 1000
        server_ms = told(page, "client.clock.now()")
        assert before_ms - 100 < server_ms < time.time() * 1000 + 100
        page.evaluate("window.wrongMs *= -1")
    assert page.evaluate("probe.stroke(1)") == ""
    assert told(page, "statistics.reconnects") == 0
    assert errors == []


@pytest.mark.parametrize("wire", ["msgpack", "json"])
def test_both_encodings_show_the_same_world(browser: Browser, cove: Launched, errors: list[str], wire: str) -> None:
    """Buoys drift, digests hold, and figures for a network panel are there."""
    page = new_page(browser, errors)
    play(page, cove.url, wire=wire)
    told(page, "rowForever()")
    until(page, "probe.messages > 40 && probe.statistics.bytesInPerS > 100")
    figures = told(page, "statistics")
    assert 0 < figures["latencyMs"] < 1000
    assert figures["bytesOutPerS"] > 0
    assert (figures["divergences"], told(page, "own.corrections")) == (0, 0)
    assert 40 <= told(page, "others.delayMs") <= 400
    assert errors == []
