"""Two people, two browsers, two nodes, one bay."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.browser.conftest import ARTIFACTS, join, until

MOST_PAGES = 6


def join_on_another_node(browser: Browser, url: str, node: str, errors: list[str]) -> Page:
    """A page that HAProxy put on another node than ``node``."""
    for number in range(MOST_PAGES):
        page = join(browser, url, f"Ben{number}", errors)
        if page.evaluate("oarlock.node") != node:
            return page
    raise AssertionError(f"{MOST_PAGES} pages were all put on {node}")


def test_a_boat_rowed_in_one_browser_moves_in_another_on_another_node(
    browser: Browser, page_url: str, errors: list[str]
) -> None:
    """Ann rows towards Ben, who is on another node, until he sees her; then he sees each of her strokes."""
    ann = join(browser, page_url, "Ann", errors)
    ben = join_on_another_node(browser, page_url, ann.evaluate("oarlock.node"), errors)
    avatar, target = ann.evaluate("oarlock.avatar"), ben.evaluate("oarlock.avatar")
    there = ben.evaluate(f"(({{x, y}}) => ({{x, y}}))(oarlock.boats[{target}])")
    row_to(ann, there["x"], there["y"])
    until(ben, f"oarlock.boats[{avatar}]")
    before = ben.evaluate(f"oarlock.boats[{avatar}].x")
    key = "ArrowLeft" if before > 2000 else "ArrowRight"
    ann.keyboard.down(key)
    until(ben, f"Math.abs(oarlock.boats[{avatar}].x - {before}) > 100")
    ann.keyboard.up(key)
    ARTIFACTS.mkdir(exist_ok=True)
    ben.screenshot(path=ARTIFACTS / "two-pages.png")
    assert ann.evaluate("oarlock.divergences") == ben.evaluate("oarlock.divergences") == 0
    assert errors == []


def row_to(page: Page, x: int, y: int) -> None:
    """Rows with the keyboard until the boat is near a point."""
    for axis, goal, keys in (("x", x, ("ArrowLeft", "ArrowRight")), ("y", y, ("ArrowUp", "ArrowDown"))):
        here = f"oarlock.boats[oarlock.avatar].{axis}"
        far = page.evaluate(here) - goal
        if abs(far) <= 100:
            continue
        key = keys[0] if far > 0 else keys[1]
        page.keyboard.down(key)
        until(page, f"Math.abs({here} - {goal}) <= 100", timeout_s=30)
        page.keyboard.up(key)


def test_names_and_shouts_are_text_and_nothing_runs(browser: Browser, page_url: str, errors: list[str]) -> None:
    """A name and a shout full of markup are shown as they are (CASES S29)."""
    page = join(browser, page_url, "%3Cimg src=x onerror=alert(1)%3E", errors)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    assert page.evaluate("oarlock.boats[oarlock.avatar].name") == "<img src=x onerror=alert(1)>"
    page.evaluate("oarlock.do('shout', {text: '<script>alert(2)</script>'})")
    page.wait_for_timeout(500)
    assert page.locator("img[src=x]").count() == 0
    assert dialogs == []
    assert errors == []
