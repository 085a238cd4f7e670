"""A Chromium whose pages can be hidden and frozen, by its own protocol.

Playwright keeps every page in the foreground (focus emulation), which is right for its own tests and wrong for these.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from websockets.sync.client import ClientConnection, connect

START_DEADLINE_S = 30.0
ANSWER_DEADLINE_S = 30.0
STOP_DEADLINE_S = 10.0


@attrs.define(eq=False)
class Devtools:
    """A browser's protocol, one call at a time. ``events`` are those that came while an answer was awaited."""

    socket: ClientConnection
    events: list[dict[str, Any]] = attrs.field(factory=list)
    _numbers: Iterator[int] = attrs.field(factory=lambda: itertools.count(1))

    def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """What the browser answers. Raises: AssertionError when it refuses."""
        number = next(self._numbers)
        address = {"sessionId": session} if session else {}
        self.socket.send(json.dumps({"id": number, "method": method, "params": params} | address))
        answer = self._listen(lambda message: message.get("id") == number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def hear(self, method: str, session: str) -> None:
        """Waits for an event of a page."""
        self._listen(lambda message: (message.get("method"), message.get("sessionId")) == (method, session))

    def open(self, url: str) -> Tab:
        """A new tab, in front, whose page is loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, target, session)
        for domain in ("Page", "Runtime", "Log"):
            tab.call(f"{domain}.enable")
        tab.call("Page.navigate", url=url)
        self.hear("Page.loadEventFired", session)
        return tab

    def _listen(self, is_wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + ANSWER_DEADLINE_S
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv(deadline - time.monotonic()))
            if "method" in message:
                self.events.append(message)
            if is_wanted(message):
                return message


@attrs.frozen
class Tab:
    """One page."""

    browser: Devtools
    target: str
    session: str

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """As ``Devtools.call``, for this page."""
        return self.browser.call(method, self.session, **params)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression; a promise is awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def show(self) -> None:
        """Brings it to the front; the tab that was there is hidden."""
        self.browser.call("Target.activateTarget", targetId=self.target)

    def freeze(self, frozen: bool) -> None:
        """Freezes or thaws the page, which is hidden meanwhile."""
        self.call("Page.setWebLifecycleState", state="frozen" if frozen else "active")


@contextmanager
def running_chromium(program: str, flags: list[str]) -> Iterator[Devtools]:
    """A headless Chromium that ends with the context."""
    with tempfile.TemporaryDirectory(prefix="oarlock-chromium-", ignore_cleanup_errors=True) as profile:
        command = [
            program,
            "--headless",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            *flags,
            "about:blank",
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with connect(_address(Path(profile) / "DevToolsActivePort"), max_size=None, proxy=None) as socket:
                yield Devtools(socket)
        finally:
            process.terminate()
            process.wait(STOP_DEADLINE_S)


def _address(announcement: Path) -> str:
    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline:
        words = announcement.read_text().split() if announcement.exists() else []
        if len(words) == 2:
            return f"ws://127.0.0.1:{words[0]}{words[1]}"
        time.sleep(0.05)
    raise AssertionError("Chromium did not start")
