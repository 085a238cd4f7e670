"""CPU to send one 200-byte frame to each of 500 clients: ``Connection.send`` against a loop of send() calls in C.

``python -m bench.net.broadcast [RUNS]``. Both write to the same kind of sink; runs are interleaved and the ratio is
taken within one run. Target: at most 1.5 times C.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

from bench.net.build import build_load, running
from server.net.frames import BINARY, encode_frame

CLIENTS, ROUNDS, PAUSE_S = 500, 100, 0.01
FRAME = encode_frame(BINARY, b"x" * 196)
TARGET = 1.5


def measure(load: Path, command: list[str]) -> float:
    """CPU microseconds per frame: ``command`` serves sinks, printing its port and then its CPU seconds."""
    with running(command) as server:
        port = server.readline().strip()
        with running([str(load), "sink", port, str(CLIENTS)]):
            return float(server.readline()) / (CLIENTS * ROUNDS) * 1e6


def main(runs: int) -> None:
    load = build_load()
    in_c = [str(load), "plain", str(CLIENTS), str(ROUNDS), str(int(PAUSE_S * 1e6)), FRAME.hex()]
    in_node = [sys.executable, "-m", "bench.net.broadcast_node", str(CLIENTS), str(ROUNDS), str(PAUSE_S), FRAME.hex()]
    pairs = [(measure(load, in_c), measure(load, in_node)) for _ in range(runs)]
    ratio = statistics.median(node / plain for plain, node in pairs)
    print(f"{len(FRAME)} bytes to {CLIENTS} clients, medians of {runs} interleaved runs")
    print(f"  send() in C      {statistics.median(plain for plain, _ in pairs):6.2f} us/frame")
    print(f"  Connection.send  {statistics.median(node for _, node in pairs):6.2f} us/frame   x {ratio:.2f}")
    print(json.dumps({"benchmark": "net.broadcast", "runs": runs, "target": TARGET, "ratio": round(ratio, 3)}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
