"""The operators' page in a real browser: the door, the figures, and the demo's buttons."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ARTIFACTS, until
from tests.browser.launched import ADMIN_TOKEN

SLOW_MS = 30_000
NARROW = {"width": 360, "height": 740}


def page_of(browser: Browser, url: str, errors: list[str]) -> Page:
    """The page, at its door."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(SLOW_MS)
    # A refused token is a failed request, which Chromium reports by itself.
    page.on(
        "console", lambda note: errors.append(note.text) if note.type == "error" and "401" not in note.text else None
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{url}admin")
    return page


def enter(page: Page, token: str) -> None:
    """Shows a token at the door."""
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Enter").click()


def test_an_operator_sees_the_fleet_and_drains_a_node(browser: Browser, page_url: str, errors: list[str]) -> None:
    """A wrong token is refused; behind the right one are two nodes with figures, and one is drained by a click."""
    ARTIFACTS.mkdir(exist_ok=True)
    page = page_of(browser, page_url, errors)
    enter(page, "not-the-token-at-all")
    expect(page.get_by_role("alert")).to_have_text("That is not the token.", timeout=SLOW_MS)
    page.screenshot(path=ARTIFACTS / "admin-door.png")
    enter(page, ADMIN_TOKEN)
    cards = page.locator("#nodes article")
    expect(cards).to_have_count(2, timeout=SLOW_MS)
    expect(page.locator("#worlds")).to_contain_text("bay", timeout=SLOW_MS)
    until(page, "/^0 of [1-9]/.test(document.querySelector('#sums .right dd')?.textContent ?? '')", timeout_s=30)
    page.get_by_role("button", name="Players").click()
    expect(page.locator("#players tr")).to_have_count(8, timeout=SLOW_MS)
    page.screenshot(path=ARTIFACTS / "admin.png", full_page=True)
    page.get_by_role("button", name="Drain node1").click()
    card = page.get_by_role("article", name="node1")
    expect(card).to_have_attribute("data-state", "draining", timeout=SLOW_MS)
    page.screenshot(path=ARTIFACTS / "admin-drain.png", full_page=True)
    until(page, "['ended', 'starting', 'silent'].includes(document.querySelector('#nodes article').dataset.state)", 30)
    expect(card).to_have_attribute("data-state", "running", timeout=SLOW_MS)
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page.screenshot(path=ARTIFACTS / "admin-narrow.png", full_page=True)
    assert page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0
    assert ADMIN_TOKEN not in page.url
    assert errors == []
