"""Flotsam's page by itself: fingers, small screens, keys alone, rest for the eyes, hostile words, spectators."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import ARTIFACTS, listen, until
from tests.browser.launched import Launched, launched
from tests.browser.players import NARROW, QUAY, SLOW_MS, WIDE, part, sail

HOSTILE = ("<img src=x onerror=alert(1)>", "__proto__", "\u202egnp.exe", "constructor")
SHOUT = "<script>alert(2)</script> \u2066__proto__"
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
OUTSIDE = """[...document.querySelectorAll("button, input, #hud, #network, #corner")].filter((element) => {
    const { left, right, top, bottom, width } = element.getBoundingClientRect();
    return width > 0 && (left < 0 || right > innerWidth + 0.5 || top < 0 || bottom > innerHeight + 0.5);
}).map(({ id, textContent }) => id || textContent)"""


@pytest.fixture(scope="module")
def quay() -> Iterator[Launched]:
    """Two nodes that nobody harms."""
    ARTIFACTS.mkdir(exist_ok=True)
    with launched(*QUAY) as cluster:
        yield cluster


def test_names_and_shouts_are_text_and_nothing_runs(browser: Browser, quay: Launched, errors: list[str]) -> None:
    """Names and shouts of markup, prototypes and marks of direction are words on board and notices (CASES S29)."""
    dialogs: list[str] = []
    players = [sail(browser, quay.url, name, errors, "hostile") for name in HOSTILE]
    for player in players:
        player.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        expect(player.page.locator("#grab-button")).to_have_attribute("data-ready", "true", timeout=SLOW_MS)
        player.press("Space")
    watcher = players[0].page
    expect(watcher.locator("#scores li")).to_have_count(len(HOSTILE), timeout=SLOW_MS)
    names = set(watcher.locator("#scores bdi").all_inner_texts())
    assert names == {"<img src=x onerror=alert(1)>", "__proto__", "gnp.exe", "constructor"}
    players[1].page.evaluate(f"void oarlock.do('shout', {{text: {SHOUT!r}}})")
    players[0].until(f"oarlock.shouts[{players[1].id}]?.startsWith('<script>')")
    watcher.screenshot(path=ARTIFACTS / "hostile.png")
    assert watcher.locator("img, body script").count() == 0
    assert dialogs == []
    part(*players)
    assert errors == []


def test_a_finger_rows_and_a_tap_takes(browser: Browser, quay: Launched, errors: list[str]) -> None:
    """On a phone: a tap on the crate takes it; a finger held on the water rows there, and no further when it is up."""
    player = sail(browser, quay.url, "Ann", errors, "touch", viewport=NARROW, has_touch=True, is_mobile=True)
    page = player.page
    expect(page.locator("#grab-button")).to_have_attribute("data-ready", "true", timeout=SLOW_MS)
    page.touchscreen.tap(NARROW["width"] / 2, NARROW["height"] / 2)
    player.until("oarlock.boats[oarlock.avatar].gold === 8")
    there = player.boat()["x"]
    devtools = page.context.new_cdp_session(page)
    finger = [{"x": 40, "y": NARROW["height"] / 2}]
    devtools.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": finger})
    player.until(f"oarlock.boats[oarlock.avatar].x < {there - 150}")
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    player.until("oarlock.pending === 0")
    here = player.boat()["x"]
    page.wait_for_timeout(400)
    assert player.boat()["x"] == here
    page.screenshot(path=ARTIFACTS / "touch.png")
    part(player)
    assert errors == []


def test_everything_fits_on_a_narrow_screen(browser: Browser, quay: Launched, errors: list[str]) -> None:
    """At 360 pixels nothing is cut off, at the start or in play, with panels open or not."""
    page = browser.new_context(viewport=NARROW, has_touch=True, is_mobile=True).new_page()
    listen(page, errors)
    page.goto(quay.url)
    page.screenshot(path=ARTIFACTS / "start-narrow.png")
    assert page.evaluate(OUTSIDE) == []
    page.get_by_label("Your name").fill("Ann")
    page.get_by_role("button", name="Cast off").tap()
    until(page, "oarlock.connected && oarlock.boats[oarlock.avatar]", 30)
    page.screenshot(path=ARTIFACTS / "narrow.png")
    assert page.evaluate(OUTSIDE) == []
    page.locator("#network-button").tap()
    page.locator("#network-panel").wait_for()
    page.screenshot(path=ARTIFACTS / "network-narrow.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page.context.close()
    assert errors == []


def test_the_page_is_played_with_keys_alone(browser: Browser, quay: Launched, errors: list[str]) -> None:
    """From the name to the bay, through panels and back to the oars, without a mouse; one sees where one is."""
    page = browser.new_context(viewport=WIDE).new_page()
    listen(page, errors)
    page.goto(quay.url)
    focused = "document.activeElement.id"
    until(page, f"{focused} === 'name'")
    for expected in ("world", "join", "watch"):
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == expected
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("Dot")
    page.keyboard.press("Enter")
    until(page, "oarlock.connected && oarlock.boats[oarlock.avatar]", 30)
    page.keyboard.press("h")
    expect(page.locator("#help")).to_be_visible()
    page.screenshot(path=ARTIFACTS / "help.png")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("n")
    expect(page.locator("#network-panel")).to_be_visible()
    page.keyboard.press("n")
    page.locator("#help-button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    there = page.evaluate("oarlock.boats[oarlock.avatar].y")
    page.keyboard.press("ArrowDown", delay=60)
    until(page, f"oarlock.boats[oarlock.avatar].y > {there}")
    page.context.close()
    assert errors == []


def test_texts_are_readable_whatever_the_sea_behind_them_does(
    browser: Browser, quay: Launched, errors: list[str]
) -> None:
    """Contrast AA (4.5) for every text of the page, over foam as over the deep."""
    player = sail(browser, quay.url, "Ann", errors, "contrast")
    player.press("n")
    player.press("Space")
    expect(player.page.locator("#gold")).to_have_text("8", timeout=SLOW_MS)
    expect(player.page.locator("#scores li")).to_have_count(1, timeout=SLOW_MS)
    player.press("h")
    for water in ([255, 255, 255], [10, 40, 60]):
        texts = player.page.evaluate(CONTRAST, water)
        assert len(texts) > 40
        assert [text for text in texts if text["ratio"] < 4.5] == []
    player.press("Escape")
    part(player)
    assert errors == []


def test_who_wants_rest_for_the_eyes_has_it(browser: Browser, quay: Launched, errors: list[str]) -> None:
    """With reduced motion the water stands still: two pictures of the open sea are the same, and nothing pulses."""
    page = browser.new_context(viewport=WIDE, reduced_motion="reduce").new_page()
    listen(page, errors)
    page.goto(quay.url)
    until(page, "window.oarlock")
    page.wait_for_timeout(500)
    page.locator("#start").evaluate("(start) => { start.hidden = true; }")
    sea = "document.getElementById('bay').toDataURL()"
    first = page.evaluate(sea)
    page.wait_for_timeout(700)
    assert page.evaluate(sea) == first
    page.emulate_media(reduced_motion="no-preference")
    until(page, f"{sea} !== {first!r}")
    page.context.close()
    assert errors == []


def test_who_watches_has_no_boat_and_sees_those_of_others(browser: Browser, quay: Launched, errors: list[str]) -> None:
    """Just watch: no seat is taken, no command is offered; a boat that is tapped is followed."""
    player = sail(browser, quay.url, "Ann", errors, "watched")
    page = browser.new_context(viewport=WIDE).new_page()
    listen(page, errors)
    page.goto(f"{quay.url}?world=watched")
    page.get_by_role("button", name="Just watch").click()
    until(page, "oarlock.connected && oarlock.avatar === 0", 30)
    expect(page.locator("#actions")).to_be_hidden()
    expect(page.locator("#watching")).to_be_visible()
    for key in ("s", "a"):
        page.keyboard.down(key)
    until(page, f"oarlock.boats[{player.id}]")
    for key in ("s", "a"):
        page.keyboard.up(key)
    player.page.keyboard.press("ArrowLeft", delay=60)
    until(page, f"oarlock.boats[{player.id}].dx === -40")
    page.screenshot(path=ARTIFACTS / "watching.png")
    page.get_by_role("button", name="Take an oar").click()
    expect(page.locator("#start")).to_be_visible()
    page.context.close()
    part(player)
    assert errors == []


def test_the_start_lists_bays_and_opens_new_ones(browser: Browser, quay: Launched, errors: list[str]) -> None:
    """A bay that is open is on the list; a new name makes a new one, whose address names the bay but not the player."""
    player = sail(browser, quay.url, "Ann", errors, "busy-bay")
    page = browser.new_context(viewport=WIDE).new_page()
    listen(page, errors)
    page.goto(quay.url)
    expect(page.locator("#world-list")).to_contain_text("busy-bay", timeout=SLOW_MS)
    page.get_by_role("button", name="busy-bay").click()
    expect(page.get_by_label("Bay", exact=True)).to_have_value("busy-bay")
    page.get_by_label("Bay", exact=True).fill("quiet-cove")
    page.get_by_label("Your name").fill("Ben")
    page.get_by_role("button", name="Cast off").click()
    until(page, "window.oarlock?.connected && oarlock.boats[oarlock.avatar]", 30)
    assert page.url.endswith("?world=quiet-cove")
    assert page.evaluate("Object.keys(oarlock.boats).length") == 1
    page.context.close()
    part(player)
    assert errors == []
