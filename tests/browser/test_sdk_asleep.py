"""The SDK in tabs that are really hidden and really frozen (CASES S20), by the browser's own protocol.

The times are shortened: what counts is that they are longer than the time after which the server would give up a
connection (10 s), the player (15 s), or the client would (5 s). Unit tests hide a page for an hour.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import FLAGS
from tests.browser.devtools import Devtools, Tab, running_chromium
from tests.browser.launched import Launched, launched
from tests.browser.stalling_proxy import stalling_proxy

PROBE = (Path(__file__).parent / "probe.js").read_text()
DEADLINE_S = 20.0


@pytest.fixture(scope="module")
def cove() -> Iterator[Launched]:
    """Two nodes that nobody harms."""
    with launched("--nodes", "2", "--bots", "0", "--game", "tests.browser.cove:game") as cluster:
        yield cluster


@pytest.fixture
def chromium() -> Iterator[Devtools]:
    """A browser with a tab to put in front of others."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium on PATH (Debian: apt-get install chromium)")
    with running_chromium(program, FLAGS) as browser:
        yield browser


def play(browser: Devtools, port: int) -> Tab:
    """A tab that plays over a port, in front."""
    tab = browser.open(f"http://127.0.0.1:{port}/sdk/index.js")
    tab.evaluate(PROBE)
    wait_until(lambda: tab.evaluate("probe.boat !== null && probe.messages > 5"))
    return tab


def wait_until(condition: Callable[[], bool], deadline_s: float = DEADLINE_S) -> float:
    """Seconds until the condition held. Raises: AssertionError when it did not in time."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + deadline_s, "never"
        time.sleep(0.02)
    return time.monotonic() - began


def hide(tab: Tab) -> None:
    """Puts another tab in front."""
    tab.browser.open("about:blank").show()
    wait_until(lambda: tab.evaluate("document.hidden"))


def complaints(browser: Devtools) -> list[str]:
    """Errors that pages logged, but for the icon that a page of text has not."""
    entries = [event["params"]["entry"] for event in browser.events if event["method"] == "Log.entryAdded"]
    thrown = [event["method"] for event in browser.events if event["method"] == "Runtime.exceptionThrown"]
    return thrown + [e["text"] for e in entries if e["level"] == "error" and "favicon" not in e.get("url", "")]


def test_a_hidden_tab_plays_on_and_is_current_when_it_is_seen(chromium: Devtools, cove: Launched) -> None:
    """Traffic while hidden is taken in as it comes: nothing is left to catch up, no reconnect, the same boat."""
    tab = play(chromium, cove.port)
    session, boat = tab.evaluate("[probe.session, probe.boat.id]")
    hide(tab)
    before = tab.evaluate("probe.messages")
    time.sleep(20)
    assert tab.evaluate("probe.messages") > before + 100
    tab.show()
    wait_until(lambda: not tab.evaluate("document.hidden"))
    version = tab.evaluate("probe.version")
    assert wait_until(lambda: tab.evaluate("probe.version") > version, 2.0) < 2.0
    assert tab.evaluate("[probe.session, probe.boat.id]") == [session, boat]
    assert tab.evaluate("probe.statistics.reconnects") == 0
    assert complaints(chromium) == []


def test_a_frozen_tab_has_no_connection_and_nothing_to_replay(chromium: Devtools, cove: Launched) -> None:
    """Frozen for less than the grace period: at most a screenful comes when it thaws, and it is the same boat."""
    tab = play(chromium, cove.port)
    session, boat = tab.evaluate("[probe.session, probe.boat.id]")
    before = tab.evaluate("probe.messages")
    tab.freeze(True)
    time.sleep(10)
    tab.freeze(False)
    wait_until(lambda: tab.evaluate("probe.status") == "playing", 3.0)
    messages = tab.evaluate("probe.messages")
    assert messages - before < 30, "ten seconds of deltas would be a hundred"
    wait_until(lambda: tab.evaluate("probe.messages") > messages + 5, 2.0)
    assert tab.evaluate("[probe.session, probe.boat.id]") == [session, boat]
    assert tab.evaluate("probe.stroke(1)") == ""
    assert complaints(chromium) == []


def test_a_tab_frozen_for_longer_than_its_player_is_kept_has_one_new_boat(chromium: Devtools, cove: Launched) -> None:
    """The old boat left after the grace period, the tab has another: one avatar."""
    tab = play(chromium, cove.port)
    boats, session = tab.evaluate("[probe.boats, probe.session]")
    tab.freeze(True)
    time.sleep(20)
    tab.freeze(False)
    wait_until(lambda: tab.evaluate("probe.status === 'playing' && probe.boat !== null"), 3.0)
    assert tab.evaluate("probe.session") != session
    wait_until(lambda: tab.evaluate("probe.boats") <= boats)
    assert tab.evaluate("probe.stroke(1)") == ""
    assert complaints(chromium) == []


def test_a_connection_that_died_while_hidden_is_replaced_within_five_seconds_of_being_seen(
    chromium: Devtools, cove: Launched
) -> None:
    """Packets are dropped without a word for a while: few attempts while hidden, then one that counts."""
    with stalling_proxy(cove.port) as proxy:
        tab = play(chromium, proxy.port)
        hide(tab)
        proxy.deaf.set()
        before = proxy.accepted
        time.sleep(15)
        assert proxy.accepted - before <= 3
        assert tab.evaluate("probe.statistics.reconnects") <= 3
        proxy.deaf.clear()
        tab.show()
        wait_until(lambda: tab.evaluate("probe.status === 'playing' && !document.hidden"), 5.0)
        version = tab.evaluate("probe.version")
        wait_until(lambda: tab.evaluate("probe.version") > version, 2.0)
        assert tab.evaluate("probe.stroke(1)") == ""
    # A handshake that hung is answered when packets go again: too late, and the browser itself says so.
    assert [text for text in complaints(chromium) if "Unexpected response code: 408" not in text] == []
