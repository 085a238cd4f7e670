"""A real Chromium (Debian's) and a cluster started as a newcomer would start it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ARTIFACTS = Path(__file__).parents[2] / "artifacts"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STOP_DEADLINE_S = 20


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium; gone before other tests start, since Playwright keeps an event loop of its own running."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium on PATH (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page_url() -> Iterator[str]:
    """Address of the page of ``oarlock up``: two nodes behind HAProxy, a few bots."""
    command = [sys.executable, "-m", "server.cli", "up", "--port", "0", "--nodes", "2", "--bots", "8"]
    up = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert up.stdout is not None
    try:
        lines = (re.search(r"Oarlock is up: (\S+)", line) for line in up.stdout)
        yield next(found.group(1) for found in lines if found)
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(STOP_DEADLINE_S)
        up.stdout.close()


@pytest.fixture
def errors() -> list[str]:
    """What the pages complained about."""
    return []


def join(browser: Browser, url: str, name: str, errors: list[str]) -> Page:
    """A page whose player has joined."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{url}?name={name}")
    until(page, "window.oarlock && oarlock.connected && oarlock.boats[oarlock.avatar] !== undefined")
    return page


def until(page: Page, condition: str, timeout_s: float = 15.0) -> None:
    """Waits until a condition holds in the page. (The page's CSP forbids Playwright's own way, which uses eval.)"""
    for _ in range(int(timeout_s * 20)):
        if page.evaluate(f"!!({condition})"):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {condition}; state: {page.evaluate('JSON.stringify(window.oarlock)')[:500]}")
