"""CPU to receive a 48-byte ``do`` message (rule excluded) from one of 500 clients: this node against Node.js with ws.

``python -m bench.net.receive [RUNS]``. One C process sends at a fixed rate: all can batch alike. The runs of the
contestants are interleaved, and ratios are taken within one run. Target: at most 1.3 times Node.js.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from bench.net.build import build_load, install_ws, running
from server.net.frames import BINARY, FINAL, TEXT
from server.wire.codec import CODECS
from server.wire.messages import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK

CLIENTS = 500
MESSAGE_BYTES = 48
RATES_HZ = (5_000, 10_000)
SKIPPED_S, MEASURED_S = 0.5, 2.5
TARGET = 1.3
MASK = b"\x37\xfa\x21\x3d"


@attrs.frozen
class Contestant:
    """A server under test: its command (``{skip}`` and ``{measure}`` to be filled in) and the encoding it is sent."""

    name: str
    command: Sequence[str]
    subprotocol: str


def contestants(ws_server: Path) -> list[Contestant]:
    """All that are compared; the first is the yardstick."""
    node = [sys.executable, "-m", "bench.net.receive_node"]
    return [
        Contestant("Node.js ws, JSON", ["node", str(ws_server)], SUBPROTOCOL_JSON),
        Contestant("oarlock, msgpack", [*node, SUBPROTOCOL_MSGPACK, "0"], SUBPROTOCOL_MSGPACK),
        Contestant("oarlock, msgpack, 4 ms", [*node, SUBPROTOCOL_MSGPACK, "0.004"], SUBPROTOCOL_MSGPACK),
        Contestant("oarlock, JSON", [*node, SUBPROTOCOL_JSON, "0"], SUBPROTOCOL_JSON),
        Contestant("oarlock, JSON, 4 ms", [*node, SUBPROTOCOL_JSON, "0.004"], SUBPROTOCOL_JSON),
    ]


def message_frame(subprotocol: str) -> bytes:
    """A masked frame with a ``do`` message of 48 bytes."""
    codec = CODECS[subprotocol]
    for filler in range(MESSAGE_BYTES):
        fields = {"type": "do", "seq": 7, "command": "m" * filler, "args": 7}
        payload = codec.encode_value(fields)
        if len(payload) == MESSAGE_BYTES:
            masked = bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))
            return bytes((FINAL | (TEXT if codec.is_text else BINARY), 0x80 | MESSAGE_BYTES)) + MASK + masked
    raise AssertionError("no filler fits")


def measure(load: Path, contestant: Contestant, rate_hz: int) -> float:
    """CPU microseconds per message of one run."""
    skip, count = int(rate_hz * SKIPPED_S), int(rate_hz * MEASURED_S)
    frame = message_frame(contestant.subprotocol).hex()
    sending_s = str(SKIPPED_S + MEASURED_S + 0.5)
    with running([*contestant.command, str(skip), str(count)]) as server:
        port = server.readline().strip()
        with running([str(load), "send", port, str(CLIENTS), str(rate_hz), sending_s, frame]):
            return float(server.readline()) / count * 1e6


def show(rate_hz: int, results: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Prints a table and gives the median ratios to the first contestant."""
    yardstick, *_ = results.values()
    ratios = {}
    print(f"\n{rate_hz} messages/s of {MESSAGE_BYTES} bytes from {CLIENTS} clients")
    for name, costs in results.items():
        ratio = statistics.median(cost / base for cost, base in zip(costs, yardstick, strict=True))
        ratios[name] = round(ratio, 3)
        print(f"  {name:22} {statistics.median(costs):6.1f} us/message   x {ratio:.2f}")
    return ratios


def main(runs: int) -> None:
    load, rivals = build_load(), contestants(install_ws())
    report: dict[str, object] = {"benchmark": "net.receive", "runs": runs, "target": TARGET}
    for rate_hz in RATES_HZ:
        results: dict[str, list[float]] = {rival.name: [] for rival in rivals}
        for _ in range(runs):
            for rival in rivals:
                results[rival.name].append(measure(load, rival, rate_hz))
        report[f"ratios_at_{rate_hz}_hz"] = show(rate_hz, results)
    print(json.dumps(report))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
