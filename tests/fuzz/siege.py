"""Plays hostile inputs at one real node, while an innocent player rows through all of it.

How it works: some connections at a time, each sends one input (or, of ``messages``, a few) and its own end, and reads
until the node ends. Whatever the node says has to be sound: HTTP, then whole frames, then the end, in time. At last the
process still runs, nothing was contained in its log, descriptors and memory are back, and the world's laws hold.
A finding names kind and number of its input: with the same seed it is the same again.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from pathlib import Path

import attrs
import trio

from server.games.flotsam import game
from server.launch.ports import LOOPBACK, free_ports, get
from server.wire import close_codes
from server.wire.errors import ProtocolError
from shared_state.embedded import EmbeddedStore, embedded_store
from shared_state.kept_process import KeptProcess, kept_process
from tests.e2e.stored_world import read_world
from tests.fuzz import inputs
from tests.integration.innocent import watched
from tests.integration.net_peer import LOST, NO_CODE, Peer, connect
from tests.integration.player import enter
from tests.unit.net import masked

AT_ONCE = 16
END_DEADLINE_S = 10.0
"""Until the node has ended a connection whose other side is closed: nothing that it waits for has more than 5 s."""
MORE_MEMORY_BYTES = 80_000_000
STATUSES = {200, 304, 400, 403, 404, 405, 413, 426, 429, 431, 501, 503}
CLOSES = {1000, 1001, 1002, 1003, NO_CODE, 1007, 1008, 1009, 4008, 4010, 4501, 4502, 4503, 4504, 4507, LOST}
SETTINGS = {
    "OARLOCK_LOG_JSON": "1",
    "OARLOCK_WORLD_GRACE_S": "0.2",
    "OARLOCK_DRAIN_LEAD_S": "0",
    "OARLOCK_DRAIN_LIMIT_S": "0.5",
}


@attrs.define(eq=False)
class Siege:
    """What was played, and what was found. ``shares``: how many inputs of each kind."""

    seed: int
    shares: dict[str, int]
    played: Counter[str] = attrs.field(factory=Counter)
    answers: Counter[str] = attrs.field(factory=Counter)
    findings: list[str] = attrs.field(factory=list)

    def chance(self, kind: str, number: int) -> random.Random:
        """What decides an input."""
        return random.Random(f"{self.seed} {kind} {number}")

    def find(self, kind: str, number: int, text: str) -> None:
        """Keeps a finding."""
        self.findings.append(f"{kind} {number} of seed {self.seed}: {text}")

    async def lay(self) -> None:
        """Plays all inputs."""
        self.decode_all(self.shares.get("codec", 0))
        async with embedded_store() as store:
            await self._besiege(store)

    def decode_all(self, count: int) -> None:
        """Both decoders, both sides: a message, or a ProtocolError, and nothing else."""
        for number in range(count):
            codec, payload = inputs.codec_payload(self.chance("codec", number))
            for decode in (codec.decode_to_server, codec.decode_to_client):
                try:
                    decode(payload)
                except ProtocolError as error:
                    self.answers[error.code] += 1
                except (RecursionError, ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
                    self.find("codec", number, repr(error))
            self.played["codec"] += 1

    async def _besiege(self, store: EmbeddedStore) -> None:
        port = free_ports(1)[0]
        log = Path(store.url.removeprefix("unix://")).parent / "node.log"
        command = [sys.executable, "-m", "server.cli", "serve", "--bind", f"{LOOPBACK}:{port}", "--store", store.url]
        async with kept_process(command, log, stop_deadline_s=5.0, env=SETTINGS) as node:
            await _until_ready(node, port)
            before = _Size.of(node.pid)
            try:
                async with watched(port):
                    await self._attack(port)
            except* AssertionError as errors:
                self.findings.append(f"the innocent player: {errors.exceptions[0]!r}")
            await _until_calm(node.pid, before)
            self._judge(node, before)
            newcomer = await enter(port)
            assert (await newcomer.do("row", dx=1, dy=1)).code == ""
            self.findings += (await read_world(store.url, game)).wrong(game)

    async def _attack(self, port: int) -> None:
        jobs = [(kind, number) for kind in ("handshake", "frames") for number in range(self.shares.get(kind, 0))]
        several = inputs.MESSAGES_A_CONNECTION
        jobs += [("messages", number) for number in range(0, self.shares.get("messages", 0), several)]
        random.Random(self.seed).shuffle(jobs)
        waiting = iter(jobs)

        async def work() -> None:
            for kind, number in waiting:
                await self._play(port, kind, number)

        async with trio.open_nursery() as nursery:
            for _ in range(AT_ONCE):
                nursery.start_soon(work)

    async def _play(self, port: int, kind: str, number: int) -> None:
        chance = self.chance(kind, number)
        data = inputs.messages(chance) if kind == "messages" else [inputs.CONNECTIONS[kind](chance)]
        self.played[kind] += max(1, len(data) - 1)
        peer = await connect(port)
        try:
            with trio.fail_after(END_DEADLINE_S):
                await self._converse(peer, b"".join(data) + (masked.close(1000) if kind == "messages" else b""))
        except* trio.TooSlowError:
            self.find(kind, number, "the node did not end the connection")
        except* AssertionError as errors:
            self.find(kind, number, f"the node said {errors.exceptions[0]!r}")
        finally:
            peer.reset()

    async def _converse(self, peer: Peer, data: bytes) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_say, peer, data)
            await self._listen(peer)
            nursery.cancel_scope.cancel()

    async def _listen(self, peer: Peer) -> None:
        while (status := await _next_status(peer)) not in (0, 101):
            self.answers[str(status)] += 1
            assert status in STATUSES, status
        if status == 101:
            code = await peer.read_close()
            self.answers[str(code)] += 1
            assert code in CLOSES or _is_echo(code), code

    def _judge(self, node: KeptProcess, before: _Size) -> None:
        if not node.running:
            self.findings.append(f"the node is gone: {node.log_end()}")
            return
        after = _Size.of(node.pid)
        if after.descriptors > before.descriptors + 2:
            self.findings.append(f"{after.descriptors - before.descriptors} descriptors are still open")
        if after.resident_bytes > before.resident_bytes + MORE_MEMORY_BYTES:
            self.findings.append(f"{after.resident_bytes - before.resident_bytes} bytes of memory more than before")
        contained = [line for line in node.log_path.read_text().splitlines() if "contained failure" in line]
        self.findings += contained[:5]


def _is_echo(code: int) -> bool:
    """Whether a code can only be the client's own, which a Close is answered with: no node says it."""
    return 3000 <= code < 5000 and code not in vars(close_codes).values()


@attrs.frozen
class _Size:
    descriptors: int
    resident_bytes: int

    @classmethod
    def of(cls, pid: int) -> _Size:
        resident_kb = int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0])
        return cls(len(list(Path(f"/proc/{pid}/fd").iterdir())), resident_kb * 1024)


async def _say(peer: Peer, data: bytes) -> None:
    try:
        await peer.send(data)
        await peer.stream.send_eof()
    except trio.BrokenResourceError:
        return


async def _next_status(peer: Peer) -> int:
    """The status of the next response, whose body is skipped; 0 at the end."""
    while b"\r\n\r\n" not in peer.received:
        size = len(peer.received)
        await trio.lowlevel.checkpoint()
        if not await peer.read_more():
            assert not peer.received, bytes(peer.received[:80])
            return 0
        assert len(peer.received) > size
    head = await peer.read_head()
    line = re.fullmatch(rb"HTTP/1\.1 (\d{3}) [^\r\n]*(?:\r\n.*)?", head, re.DOTALL)
    assert line is not None, head
    status = int(line[1])
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    if status != 101 and length is not None:
        await peer.skip_body(int(length[1]))
    return status


async def _until_ready(node: KeptProcess, port: int) -> None:
    with trio.fail_after(20):
        while (await get(port, "/ready"))[0] != 200:
            assert node.running, node.log_end()
            await trio.sleep(0.05)


async def _until_calm(pid: int, before: _Size) -> None:
    """Waits a little for sockets to be closed; what stays open then is a finding."""
    with trio.move_on_after(END_DEADLINE_S):
        while _Size.of(pid).descriptors > before.descriptors + 2:  # noqa: ASYNC110  (see above)
            await trio.sleep(0.1)


def shares_of(total: int, codec: int) -> dict[str, int]:
    """How many inputs of each kind: at the node ``total``, half of them messages; in this process ``codec``."""
    return {"handshake": total // 4, "frames": total // 4, "messages": total - 2 * (total // 4), "codec": codec}
