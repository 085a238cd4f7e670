"""What a frame of Flotsam's page costs with a crowd in view: ``python -m bench.page [--boats 300] [--seconds 10]``.

A node whose boats row in circles within one window of the page, and a headless Chromium without a GPU, both on this
machine: frames per second say what painting without a GPU takes, the script time per frame is the page's own. Measured
by the browser's trace; the heap before and after, each time after a collection.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import attrs
import click
import trio
from playwright.sync_api import Page, ViewportSize, sync_playwright

from bench.page.trace import PageCost, cost_of
from server.launch.cluster import ClusterPlan, open_cluster

FLAGS = ["--no-sandbox", "--disable-gpu", "--js-flags=--expose-gc"]
WINDOW: ViewportSize = {"width": 1280, "height": 800}
PAINT_ALWAYS = "void (oarlock.pace.isDue = () => true)"
"""The page paints every other frame where painting is slow; here each frame is to be a whole one."""
WARM_S = 6.0
CROWD_DEADLINE_S = 30.0
MOST_SCRIPT_MS = 4.0


def measure(url: str, program: str, boats: int, seconds: float) -> tuple[PageCost, float, float]:
    """The page's cost, and how many MB its heap had before and after."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as directory:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page(viewport=WINDOW)
        page.goto(f"{url}?world=basin&name={boats}")
        await_crowd(page, boats)
        page.evaluate(PAINT_ALWAYS)
        page.wait_for_timeout(WARM_S * 1000)
        before_mb = heap_mb(page)
        path = Path(directory) / "trace.json"
        browser.start_tracing(page=page, path=path, categories=["devtools.timeline", "v8"])
        page.wait_for_timeout(seconds * 1000)
        browser.stop_tracing()
        after_mb = heap_mb(page)
        browser.close()
        return cost_of(json.loads(path.read_text())["traceEvents"]), before_mb, after_mb


def await_crowd(page: Page, boats: int) -> None:
    """Waits until all boats are in view."""
    for _ in range(int(CROWD_DEADLINE_S * 2)):
        if page.evaluate("window.oarlock ? Object.keys(oarlock.boats).length : 0") >= boats:
            return
        page.wait_for_timeout(500)
    sys.exit("the crowd did not come into view")


def heap_mb(page: Page) -> float:
    """What the page's objects take, after a collection."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    used = float(devtools.send("Runtime.getHeapUsage")["usedSize"])
    devtools.detach()
    return round(used / 2**20, 2)


async def run(program: str, boats: int, seconds: float) -> tuple[PageCost, float, float]:
    """Starts the parade, and measures."""
    async with open_cluster(ClusterPlan(nodes=1, port=0, game="bench.page.basin:game")) as cluster:
        return await trio.to_thread.run_sync(measure, cluster.page, program, boats, seconds)


@click.command()
@click.option("--boats", default=300, show_default=True, help="Boats in view.")
@click.option("--seconds", default=10.0, show_default=True, help="How long the trace is.")
def main(boats: int, seconds: float) -> None:
    """Measures, prints a table and one JSON object; exits with 1 when scripts take more than 4 ms a frame."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("no chromium on PATH (Debian: apt-get install chromium)")
    cost, before_mb, after_mb = trio.run(run, program, boats, seconds)
    figures = {"boats": boats, **attrs.asdict(cost), "heap_before_mb": before_mb, "heap_after_mb": after_mb}
    for name, value in figures.items():
        print(f"{name:>24}  {value}")
    print(json.dumps(figures))
    sys.exit(cost.script_per_frame_ms > MOST_SCRIPT_MS)


main()
