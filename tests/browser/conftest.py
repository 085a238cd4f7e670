"""A real Chromium (Debian's) and a cluster started as a newcomer would start it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.launched import launched

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
    with launched("--nodes", "2", "--bots", "8") as cluster:
        yield cluster.url


@pytest.fixture
def errors() -> list[str]:
    """What the pages complained about."""
    return []


def listen(page: Page, errors: list[str]) -> None:
    """Notes what the page complains about."""
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))


def until(page: Page, condition: str, timeout_s: float = 15.0) -> None:
    """Waits until a condition holds in the page. (The page's CSP forbids Playwright's own way, which uses eval.)"""
    for _ in range(int(timeout_s * 20)):
        if page.evaluate(f"!!({condition})"):
            return
        page.wait_for_timeout(50)
    state = page.evaluate("JSON.stringify(window.oarlock ?? window.probe?.statuses)")
    raise AssertionError(f"never: {condition}; state: {state[:500]}")
