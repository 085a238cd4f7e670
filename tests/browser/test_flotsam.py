"""Flotsam between two pages on two nodes: what one does the other sees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import ARTIFACTS
from tests.browser.launched import Launched, launched
from tests.browser.players import QUAY, SLOW_MS, Player, part, two

MOST_STROKES = 20


@pytest.fixture(scope="module")
def quay() -> Iterator[Launched]:
    """Two nodes that nobody harms."""
    ARTIFACTS.mkdir(exist_ok=True)
    with launched(*QUAY) as cluster:
        yield cluster


def ready(player: Player, button: str) -> None:
    """Waits until a button is lit."""
    expect(player.page.locator(f"#{button}-button")).to_have_attribute("data-ready", "true", timeout=SLOW_MS)


def ram(player: Player, victim: Player) -> None:
    """Rows at the other and rams until it is felt: there is way on for half a second after a stroke, and no longer."""
    lit = "document.getElementById('ram-button').dataset.ready === 'true'"
    for _ in range(MOST_STROKES):
        player.press("ArrowRight" if player.boat()["x"] < player.boat(victim)["x"] else "ArrowLeft")
        for _ in range(12):
            if player.page.evaluate(lit):
                player.press("r", ms=0)
            player.page.wait_for_timeout(50)
            if victim.boat()["hull"] < 100:
                return
    raise AssertionError(f"{MOST_STROKES} strokes, and never near enough")


def test_each_sees_the_other_row(browser: Browser, quay: Launched, errors: list[str]) -> None:
    """Ann rows away for a second: Ben sees her where she is; her own page had nothing to correct."""
    ann, ben = two(browser, quay.url, "rowing", errors)
    there = ann.boat()["x"]
    ann.page.keyboard.down("ArrowLeft")
    ann.until(f"oarlock.boats[oarlock.avatar].x < {there - 200}")
    ann.page.keyboard.up("ArrowLeft")
    ann.until("oarlock.pending === 0")
    here = ann.boat()["x"]
    ben.until(f"oarlock.boats[{ann.id}].x === {here}")
    ben.until(f"oarlock.shown.find(({{id}}) => id === {ann.id}).x === {here}")
    ben.press("ArrowRight")
    ann.until(f"oarlock.boats[{ben.id}].dx === 40")
    assert ann.told("corrections") == ben.told("corrections") == 0
    assert ann.told("divergences") == ben.told("divergences") == 0
    part(ann, ben)
    assert errors == []


def test_a_crate_that_one_picks_up_vanishes_for_the_other(browser: Browser, quay: Launched, errors: list[str]) -> None:
    """Space takes the crate beside Ann; Ben's page loses it, and shows what she got on the board."""
    ann, ben = two(browser, quay.url, "crates", errors)
    ready(ann, "grab")
    before = set(ben.told("crates"))
    ann.press("Space")
    expect(ann.page.locator("#gold")).to_have_text("8", timeout=SLOW_MS)
    ben.until(f"Object.keys(oarlock.crates).length === {len(before) - 1}")
    expect(ben.page.locator("#scores")).to_contain_text("Ann", timeout=SLOW_MS)
    assert ben.boat(ann)["gold"] == 8
    part(ann, ben)
    assert errors == []


def test_a_ram_is_felt_on_the_other_page(browser: Browser, quay: Launched, errors: list[str]) -> None:
    """Ben has cargo; Ann runs into him and has a quarter of it; he is told, and his hull shows it."""
    ann, ben = two(browser, quay.url, "rams", errors)
    ready(ben, "grab")
    ben.press("Space")
    ben.until("oarlock.boats[oarlock.avatar].gold === 8")
    ram(ann, ben)
    expect(ben.page.locator("#notices")).to_contain_text("Ann rammed you and took 2 gold", timeout=SLOW_MS)
    expect(ann.page.locator("#notices")).to_contain_text("You rammed Ben", timeout=SLOW_MS)
    ben.page.screenshot(path=ARTIFACTS / "rammed.png")
    assert (ann.boat()["gold"], ann.boat(ben)["gold"]) == (2, 6)
    part(ann, ben)
    assert errors == []


def test_a_trade_is_offered_on_one_page_and_taken_on_the_other(
    browser: Browser, quay: Launched, errors: list[str]
) -> None:
    """Ben offers two oil for three gold by the window; Ann sees his offer and takes it with a key."""
    ann, ben = two(browser, quay.url, "trades", errors)
    for player in (ann, ben):
        ready(player, "grab")
        player.press("Space")
        player.until("oarlock.boats[oarlock.avatar].gold === 8")
    ready(ben, "trade")
    ben.press("t")
    expect(ben.page.locator("#partner")).to_have_text("Ann")
    ben.page.locator("#gives-oil").fill("2")
    ben.page.locator("#wants-gold").fill("3")
    ben.page.screenshot(path=ARTIFACTS / "trade.png")
    ben.page.get_by_role("button", name="Offer", exact=True).click()
    expect(ben.page.locator("#trade")).to_be_hidden(timeout=SLOW_MS)
    offer = ann.page.get_by_role("article", name="An offer")
    expect(offer).to_contain_text("Ben offers 2 oil for 3 gold", timeout=SLOW_MS)
    ann.page.screenshot(path=ARTIFACTS / "offer.png")
    ann.press("y")
    expect(ben.page.locator("#gold")).to_have_text("11", timeout=SLOW_MS)
    expect(ann.page.locator("#oil")).to_have_text("6", timeout=SLOW_MS)
    expect(ann.page.locator("#offers article")).to_have_count(0, timeout=SLOW_MS)
    assert (ann.boat()["gold"], ann.boat(ben)["oil"]) == (5, 2)
    part(ann, ben)
    assert errors == []


def test_a_wreck_takes_three_seconds_and_a_lighthouse_takes_oil(
    browser: Browser, quay: Launched, errors: list[str]
) -> None:
    """Ann salvages the wreck at her stern while Ben looks on, then keeps the light with its oil."""
    ann, ben = two(browser, quay.url, "wrecks", errors)
    ready(ann, "grab")
    # Other crates may drift by.
    while "Salvage" not in ann.page.locator("#grab-button").inner_text():
        ann.press("Space")
        ann.page.wait_for_timeout(300)
    before = ann.boat()["gold"]
    ann.press("Space")
    ben.until(f"oarlock.boats[{ann.id}].salvages !== 0")
    ben.page.screenshot(path=ARTIFACTS / "salvage.png")
    ann.until(f"oarlock.boats[oarlock.avatar].gold === {before + 8}")
    ready(ann, "light")
    ann.press("l")
    ann.page.screenshot(path=ARTIFACTS / "lighthouse.png")
    ann.page.locator("#kindle-oil").fill("5")
    ann.page.get_by_role("button", name="Keep the light").click()
    expect(ann.page.locator("#light-state")).to_have_text("You keep it, with 5 oil pledged.", timeout=SLOW_MS)
    expect(ben.page.locator("#notices")).to_contain_text("Ann keeps The Needle now.", timeout=SLOW_MS)
    ann.press("Escape")
    expect(ann.page.locator("#light")).to_be_hidden()
    part(ann, ben)
    assert errors == []


def test_a_shout_is_seen_by_the_other(browser: Browser, quay: Launched, errors: list[str]) -> None:
    """Enter, words, Enter: a bubble over Ann's boat on Ben's page. Typing does not row."""
    ann, ben = two(browser, quay.url, "shouts", errors)
    there = ann.boat()["x"]
    ann.press("Enter")
    ann.page.keyboard.type("ahead, wad, dad!")
    ann.press("Enter")
    ben.until(f"oarlock.shouts[{ann.id}] === 'ahead, wad, dad!'")
    ben.page.screenshot(path=ARTIFACTS / "shout.png")
    expect(ann.page.locator("#shout-form")).to_be_hidden()
    assert ann.boat()["x"] == there
    part(ann, ben)
    assert errors == []
