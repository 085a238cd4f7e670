"""``oarlock verify`` as a user runs it: on a recorded run, on a world in a store, and on nothing at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
import trio

from proof.recording import LOG
from shared_state.embedded import embedded_store
from tests.integration.families import OARLOCK, Family, running

pytestmark = pytest.mark.integration


async def verified(*arguments: str) -> tuple[int, str]:
    """Runs the command. Returns: its exit code, and what it printed."""
    done = await trio.run_process(
        [*OARLOCK, "verify", *arguments], capture_stdout=True, capture_stderr=True, check=False, env=Family().env
    )
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def damage(directory: Path) -> None:
    """Takes a version out of the middle of a recorded log."""
    log = msgspec.msgpack.decode((directory / LOG).read_bytes(), type=list[bytes])
    (directory / LOG).write_bytes(msgspec.msgpack.encode(log[:10] + log[11:]))


async def test_a_run_is_recorded_and_verified(tmp_path: Path) -> None:
    """The recording passes, so does the log that is still in the store, alone and against the diary; a hole fails."""
    record = tmp_path / "record"
    with trio.fail_after(90):
        async with embedded_store() as store:
            play = ["up", "--port", "0", "--store", store.url, "--bots", "8", "--for", "2", "--record", str(record)]
            async with running(Family(), play, tmp_path / "output") as process:
                assert await process.wait() == 0, (tmp_path / "output").read_text()
            code, text = await verified("--store", store.url, "--for", "0")
            assert (code, text.splitlines()[-1]) == (0, "PASS"), text
            code, text = await verified(str(record), "--store", store.url, "--for", "0")
            assert code == 0, text
        code, text = await verified(str(record), "--json")
        report = msgspec.json.decode(text)
        assert (code, report["verdict"], report["bots"]) == (0, "PASS", 8)
        assert report["replayed"] > report["commands"]["acknowledged"] > 0
        damage(record)
        code, text = await verified(str(record))
    assert (code, text.splitlines()[-1]) == (1, "FAIL")
    assert "! broken log: version 12 follows 10" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "nothing to verify"),
        (["no-such-directory"], "holds no recording"),
        (["--store", "redis://127.0.0.1:1"], "no connection to 127.0.0.1:1"),
        (["no-such-directory", "--store", "redis://127.0.0.1:1"], "holds no diary"),
        (["--store", "redis://127.0.0.1:1", "--game", "no_such_game"], "no_such_game"),
    ],
)
async def test_what_cannot_be_verified_is_one_line(arguments: Sequence[str], says: str) -> None:
    """Exit code 2, and the reason."""
    with trio.fail_after(30):
        code, text = await verified(*arguments)
    assert code == 2, text
    assert says in text
    assert "Traceback" not in text
