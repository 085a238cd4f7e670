"""What players who do nothing cost one node: memory for each, and how fast all of them come in.

    python -m bench.net.idle [--players N] [--spectate]

They join Flotsam and say no more. Targets: 25 KB of the node's memory for each; 5,000 joined within 30 s on two cores,
which node, store and this load share. Memory is what the node's process takes up more than before, whatever for: the
world itself and its players' boats are in it. On a machine with other work ``waited_s`` says how long the node was
kept from running, which Linux counts: without that it would have been so much sooner.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import attrs
import click
import trio

from bench.net.idlers import Idlers, join_frame
from bench.processes import memory_kb, waited_s
from server.launch.inspection import cpu_s
from server.launch.ports import LOOPBACK, free_ports, get
from shared_state.embedded import EmbeddedStore, embedded_store
from shared_state.kept_process import KeptProcess, kept_process

TARGET_KB, TARGET_S = 25.0, 30.0
WARM = 50
"""Come and go first: what the node loads once is nobody's share."""

SETTLED_S = 5.0
UNLIMITED = ["--clients-per-address", "1000000", "--clients-requests-burst", "1000000"]


@attrs.frozen
class Outcome:
    """One run: how long it took until all had joined, memory for each, processor time meanwhile, and who was closed.

    ``waited_s``: how long the node was ready to run meanwhile, and the processors did something else.
    """

    seconds: float
    waited_s: float
    kb_each: float
    node_cpu_s: float
    store_cpu_s: float
    load_cpu_s: float
    lost: int


def sit(port: int, node: KeptProcess, store: EmbeddedStore, players: int, spectate: bool) -> Outcome:
    """Comes in, sits, and looks at what that took."""
    idlers = Idlers(port, "bay", lambda number: join_frame(f"idler {number}", spectate))
    idlers.come(WARM)
    idlers.stay(1.0)
    idlers.leave()
    time.sleep(1.0)
    before_kb, pids = memory_kb(node.pid), (node.pid, store.pid, os.getpid())
    before_s, waited_before_s = [cpu_s(pid) for pid in pids], waited_s(node.pid)
    seconds = idlers.come(players)
    waiting_s = waited_s(node.pid) - waited_before_s
    node_s, store_s, load_s = (cpu_s(pid) - before for pid, before in zip(pids, before_s, strict=True))
    idlers.stay(SETTLED_S)
    kb_each = (memory_kb(node.pid) - before_kb) / players
    idlers.leave()
    return Outcome(seconds, waiting_s, kb_each, node_s, store_s, load_s, idlers.lost)


async def measure(players: int, spectate: bool) -> Outcome:
    """One run on a node and a store of its own."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_store() as store:
            command = [sys.executable, "-m", "server.cli", "serve", "--bind", f"{LOOPBACK}:{port}"]
            command += ["--store", store.url, *UNLIMITED]
            async with kept_process(command, Path(folder) / "node.log") as node:
                while (await get(port, "/ready"))[0] != 200:  # noqa: ASYNC110  (it is another process)
                    await trio.sleep(0.05)
                return await trio.to_thread.run_sync(sit, port, node, store, players, spectate)


@click.command()
@click.option("--players", default=5000, show_default=True, help="How many come.")
@click.option("--spectate", is_flag=True, help="As spectators: without an avatar.")
def main(players: int, spectate: bool) -> None:
    """Prints a line and a JSON line."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    run = trio.run(partial(measure, players, spectate))
    print(f"{players} joined in {run.seconds:.1f} s, for {run.waited_s:.1f} of which the node had no processor")
    print(f"{run.lost} were closed; {run.kb_each:.1f} KB each")
    shares = (run.node_cpu_s, run.store_cpu_s, run.load_cpu_s)
    print(
        "processor time of node, store and load, each player: " + ", ".join(f"{s / players * 1e3:.2f}" for s in shares)
    )
    targets = {"kb_each": TARGET_KB, "seconds": TARGET_S}
    print(json.dumps({"benchmark": "net.idle", "players": players, "targets": targets} | attrs.asdict(run)))


if __name__ == "__main__":
    main()
