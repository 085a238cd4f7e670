"""A file of keys that is read again when it has changed, so that keys are renewed without a restart.

Invariant: once the node runs, a file that cannot be used changes nothing: the keys before stay, and a log line tells.
"""

from __future__ import annotations

from pathlib import Path

import attrs
import structlog
import trio

from server.errors import UsageError
from server.identity.keys import BadKeys, Key, read_keys

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
MAX_FILE_BYTES = 1 << 20


@attrs.define(eq=False)
class KeyFile:
    """The keys of a file; ``keys`` are those of its last good content."""

    path: Path
    keys: tuple[Key, ...] = ()
    _content: bytes = b""

    async def load(self) -> None:
        """Reads the file. Raises: UsageError, when it cannot be used."""
        try:
            await self._read()
        except (OSError, BadKeys) as error:
            raise UsageError(f"keys in {self.path}: {_explain(error)}") from None

    async def follow_forever(self) -> None:
        """Reads it again, time after time."""
        fault = ""
        while True:
            await trio.sleep(LOOK_EVERY_S)
            fault_before, fault = fault, await self.look_again()
            if fault and fault != fault_before:
                log.warning("keys not renewed", path=str(self.path), error=fault)

    async def look_again(self) -> str:
        """Reads it, if it has changed. Returns: why it cannot be used; empty: it can."""
        try:
            await self._read()
        except (OSError, BadKeys) as error:
            return _explain(error)
        return ""

    async def _read(self) -> None:
        # By content: a file that was replaced or mounted anew may have the time and size of the one before.
        content = await trio.to_thread.run_sync(_read_some, self.path)
        if content == self._content:
            return
        if len(content) > MAX_FILE_BYTES:
            raise BadKeys("it is too large")
        self.keys = read_keys(content)
        if self._content:
            log.info("keys renewed", path=str(self.path), keys=len(self.keys))
        self._content = content


def _read_some(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def _explain(error: OSError | BadKeys) -> str:
    return error.strerror or "cannot be read" if isinstance(error, OSError) else str(error)
