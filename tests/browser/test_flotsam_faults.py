"""Flotsam's page when something breaks: the line is cut, its node is drained or killed, the store restarts."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest
from playwright.sync_api import Browser, expect

from server.launch.ports import LOOPBACK, free_ports
from shared_state.embedded import find_binary
from tests.browser.conftest import ARTIFACTS
from tests.browser.launched import Launched, launched
from tests.browser.players import QUAY, SLOW_MS, Player, part, sail

START_DEADLINE_S = 20.0
DOWN_S = 2.0


@attrs.define(eq=False)
class DiskStore:
    """A store that keeps every commit on disk, and can be killed and started again."""

    port: int
    directory: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Starts it, with what it has on disk."""
        command = [str(find_binary()), "--port", str(self.port), "--bind", LOOPBACK, "--dir", str(self.directory)]
        command += ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        """Ends it without a word."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(START_DEADLINE_S)


@contextmanager
def disk_store() -> Iterator[DiskStore]:
    """A store of its own."""
    with tempfile.TemporaryDirectory(prefix="oarlock-store-", ignore_cleanup_errors=True) as directory:
        store = DiskStore(free_ports(1)[0], Path(directory))
        store.start()
        try:
            yield store
        finally:
            store.kill()


@pytest.fixture(scope="module")
def store() -> Iterator[DiskStore]:
    """The store of all tests here."""
    ARTIFACTS.mkdir(exist_ok=True)
    with disk_store() as started:
        yield started


@pytest.fixture(scope="module")
def quay(store: DiskStore) -> Iterator[Launched]:
    """Two nodes; those that end are started anew by the launcher."""
    with launched(*QUAY, "--store", store.url) as cluster:
        yield cluster


def loaded(browser: Browser, quay: Launched, world: str, errors: list[str]) -> Player:
    """Ann, with eight pieces of gold and the network panel open."""
    ann = sail(browser, quay.url, "Ann", errors, world)
    expect(ann.page.locator("#grab-button")).to_have_attribute("data-ready", "true", timeout=SLOW_MS)
    ann.press("Space")
    ann.until("oarlock.boats[oarlock.avatar].gold === 8")
    ann.press("n")
    return ann


def goes_on(ann: Player, before: dict[str, object], session: str) -> None:
    """She is who she was, has what she had, and rows on."""
    assert ann.told("session") == session
    after = ann.boat()
    assert (after["gold"], after["name"]) == (before["gold"], before["name"])
    x = after["x"]
    ann.press("ArrowLeft")
    ann.until(f"oarlock.boats[oarlock.avatar].x < {x}")
    assert ann.told("divergences") == 0


def test_a_line_that_is_dropped_is_a_calm_word_and_a_short_pause(
    browser: Browser, quay: Launched, errors: list[str]
) -> None:
    """The panel's button cuts the line; offline, a banner says so; back, it is gone and the boat is the same."""
    ann = loaded(browser, quay, "cut", errors)
    before, session = ann.boat(), ann.told("session")
    ann.page.get_by_role("button", name="Drop the connection").click()
    ann.until("oarlock.reconnects === 1 && oarlock.connected")
    ann.page.context.set_offline(True)
    ann.told("cut()")
    expect(ann.page.locator("#banner")).to_contain_text("The line is lost", timeout=SLOW_MS)
    ann.page.screenshot(path=ARTIFACTS / "banner.png")
    ann.page.context.set_offline(False)
    expect(ann.page.locator("#banner")).to_be_hidden(timeout=SLOW_MS)
    goes_on(ann, before, session)
    part(ann)
    assert without_network_noise(errors) == []


@pytest.mark.parametrize("action", ["Drain", "Kill"])
def test_a_node_that_ends_hands_its_players_over(
    browser: Browser, quay: Launched, errors: list[str], action: str
) -> None:
    """Drained or killed from the page itself: the boat changes its colour, not its crew; the node comes back."""
    ann = loaded(browser, quay, f"{action.lower()}-bay", errors)
    before, session, node = ann.boat(), ann.told("session"), ann.told("node").rpartition("-")[0] or ann.told("node")
    expect(ann.page.locator("#invariants")).to_contain_text("0 violated", timeout=SLOW_MS)
    button = ann.page.get_by_role("button", name=f"{action} {node}")
    button.click(timeout=SLOW_MS)
    ann.until(f"oarlock.connected && !oarlock.node.startsWith({node!r})", 30)
    ann.until(f"!oarlock.boats[oarlock.avatar].node.startsWith({node!r})", 30)
    ann.page.screenshot(path=ARTIFACTS / f"{action.lower()}.png")
    goes_on(ann, before, session)
    expect(button).to_be_visible(timeout=SLOW_MS)
    part(ann)
    assert without_network_noise(errors) == []


def test_a_store_that_restarts_is_a_pause(
    browser: Browser, store: DiskStore, quay: Launched, errors: list[str]
) -> None:
    """kill -9 of the store, and back two seconds later: the boat and its gold are there, and it rows on."""
    ann = loaded(browser, quay, "store-bay", errors)
    before, version = ann.boat(), ann.told("version")
    store.kill()
    time.sleep(DOWN_S)
    ann.page.screenshot(path=ARTIFACTS / "store-away.png")
    store.start()
    ann.until(f"oarlock.connected && oarlock.version > {version} && oarlock.boats[oarlock.avatar]", 30)
    session = ann.told("session")
    ann.until("oarlock.pending === 0", 30)
    goes_on(ann, before, session)
    part(ann)
    assert without_network_noise(errors) == []


def without_network_noise(errors: list[str]) -> list[str]:
    """What pages complained about, but for what Chromium itself says of a connection that was refused or cut."""
    return [text for text in errors if "WebSocket connection to" not in text and "Failed to load resource" not in text]
