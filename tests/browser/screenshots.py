"""Pictures for the docs, from the game as it is: ``python -m tests.browser.screenshots [DIRECTORY]``.

Players begin at the quay and bots around it (quay.py), so there is something to see. Chance decides what: look at them.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, until
from tests.browser.launched import ROOT, Launched, launched
from tests.browser.players import QUAY

IMAGES = Path(__file__).parents[2] / "docs" / "images"
CROWD = ("--bots", "30", "--seed", "7", "--rate", "3", "--for", "3m")
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 780}
SPREAD_MS = 1500
MOST_MS = 30_000
STOP_DEADLINE_S = 20.0
SLOW_MS = 120_000


def picture(page: Page, path: Path) -> None:
    """Takes one, however long this machine paints."""
    page.screenshot(path=path, type="jpeg", quality=84, timeout=SLOW_MS)
    click.echo(path)


def sail(browser: Browser, cluster: Launched, name: str, **context: object) -> Page:
    """A page whose boat lies at the quay."""
    page = browser.new_context(**context).new_page()  # type: ignore[arg-type]
    page.goto(f"{cluster.url}?name={name}")
    until(page, "window.oarlock?.connected && oarlock.boats[oarlock.avatar]", 60)
    return page


@contextmanager
def crowd(cluster: Launched) -> Iterator[None]:
    """Bots that come to the quay while the context is open."""
    url = f"ws{cluster.url.removeprefix('http')}ws/bay"
    command = [sys.executable, "-m", "server.cli", "bots", "--url", url, *CROWD]
    bots = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        yield
    finally:
        bots.send_signal(signal.SIGINT)
        bots.wait(STOP_DEADLINE_S)


def take(browser: Browser, cluster: Launched, directory: Path) -> None:
    """The game, the same with the network panel open, the start, and a phone."""
    page = sail(browser, cluster, "Ann", viewport=WIDE)
    page.keyboard.press("Space", delay=60)
    with crowd(cluster):
        until(page, "Object.keys(oarlock.boats).length > 9", MOST_MS / 1000)
        page.wait_for_timeout(SPREAD_MS)
        page.evaluate("void oarlock.do('shout', {text: 'Which node are you on?'})")
        page.wait_for_timeout(700)
        picture(page, directory / "flotsam.jpg")
        page.keyboard.press("n")
        until(page, "!document.getElementById('fleet').hidden", MOST_MS / 1000)
        page.wait_for_timeout(SPREAD_MS)
        picture(page, directory / "flotsam-network.jpg")
        page.close()
        page = browser.new_page(viewport=WIDE)
        page.goto(cluster.url)
        until(page, "document.querySelectorAll('#world-list button').length > 0", MOST_MS / 1000)
        picture(page, directory / "flotsam-start.jpg")
        page.close()
        page = sail(browser, cluster, "Ben", viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
        page.wait_for_timeout(SPREAD_MS)
        picture(page, directory / "flotsam-phone.jpg")
        page.close()


def main(directory: Path) -> None:
    """Takes them all."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("no chromium on PATH (Debian: apt-get install chromium)")
    directory.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, launched(*QUAY) as cluster:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        take(browser, cluster, directory)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
