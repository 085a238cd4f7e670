"""The least CPU that the arena's workload can cost on this machine: ``python -m bench.limit [--n 50,200,800]``.

Three parts, each measured without our code in the path: what players send, taken by a C loop of ``epoll_wait`` and
``recv``; what they are shown, sent by a C loop of ``send``, a frame a tick and player; what has to be stored, committed
by the script in one batch a tick, by the store's own clock. Nothing is decoded, decided, packed or routed: so no server
with a store can be below the sum, and one that keeps its state in memory cannot be below the first two.
``--beside FILE`` sets results of ``bench.arena`` (its ``--out``) against it.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator
from pathlib import Path

import attrs
import trio

from bench.net.build import build_load, running
from bench.net.receive import message_frame
from bench.store.script import batch_cost_s, busy_world
from server.net.frames import BINARY, encode_frame
from server.wire.messages import SUBPROTOCOL_MSGPACK
from shared_state.embedded import find_binary

MOVES_HZ, GRABS_HZ, TICKS_HZ = 10, 1, 20
ACTIONS_HZ = MOVES_HZ + GRABS_HZ
ROW_BYTES = 11
"""A changed player in a frame: its id and two integers."""
MOST_IN_BATCH = 256
SECONDS = 2


@attrs.frozen
class Floor:
    """CPU in microseconds: of a message taken, a frame sent, a transaction stored."""

    players: int
    taken_us: float
    sent_us: float
    stored_us: float

    @property
    def in_memory_ms(self) -> float:
        """CPU milliseconds a player-second without a store."""
        return (ACTIONS_HZ * self.taken_us + TICKS_HZ * self.sent_us) / 1000

    @property
    def ms(self) -> float:
        """CPU milliseconds a player-second."""
        return self.in_memory_ms + ACTIONS_HZ * self.stored_us / 1000


def measure(load: Path, players: int, rounds: int) -> Floor:
    """The floor for so many players in one world: medians."""
    taken = statistics.median(_taken_us(load, players) for _ in range(rounds))
    sent = statistics.median(_sent_us(load, players) for _ in range(rounds))
    return Floor(players, taken, sent, trio.run(_stored_us, players, rounds))


def _taken_us(load: Path, players: int) -> float:
    rate_hz = players * ACTIONS_HZ
    reads = rate_hz * SECONDS
    frame = message_frame(SUBPROTOCOL_MSGPACK).hex()
    with running([str(load), "take", str(players), str(reads)]) as server:
        port = server.readline().strip()
        with running([str(load), "send", port, str(players), str(rate_hz), str(SECONDS + 2), frame]):
            return float(server.readline()) / reads * 1e6


def _sent_us(load: Path, players: int) -> float:
    rounds, pause_us = SECONDS * TICKS_HZ, 1_000_000 // TICKS_HZ
    rows = players * MOVES_HZ // TICKS_HZ
    frame = encode_frame(BINARY, bytes(rows * ROW_BYTES)).hex()
    with running([str(load), "plain", str(players), str(rounds), str(pause_us), frame]) as server:
        port = server.readline().strip()
        with running([str(load), "sink", port, str(players)]):
            return float(server.readline()) / (players * rounds) * 1e6


async def _stored_us(players: int, rounds: int) -> float:
    size = min(players * ACTIONS_HZ // TICKS_HZ, MOST_IN_BATCH)
    async with busy_world(find_binary(), seed=1) as (store, work):
        return statistics.median([await batch_cost_s(store, work, size) / size * 1e6 for _ in range(rounds)])


def beside(floors: list[Floor], arena: dict[str, dict[str, dict[str, float]]]) -> Iterator[str]:
    """Lines that set results of the arena against the floor."""
    for peer, sizes in arena.items():
        for floor in floors:
            cost_ms = sizes.get(str(floor.players), {}).get("cpu_ms_per_player_s")
            if cost_ms is not None:
                yield f"  {peer:<24} N={floor.players:<5} {cost_ms:6.2f} ms   {cost_ms / floor.ms:5.1f} x the floor"


def main() -> None:
    """Prints a table, the arena's results beside it, and one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.limit", description=__doc__)
    parser.add_argument("--n", default="50,200,800", help="numbers of players, with commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beside", type=Path, help="results of bench.arena")
    options = parser.parse_args()
    load = build_load()
    floors = [measure(load, int(players), options.rounds) for players in options.n.split(",")]
    print(f"{'players':>8}{'taken':>9}{'sent':>9}{'stored us':>11}{'no store':>12}{'floor, ms/player-second':>26}")
    for floor in floors:
        each = f"{floor.taken_us:>9.1f}{floor.sent_us:>9.1f}{floor.stored_us:>11.1f}"
        print(f"{floor.players:>8}{each}{floor.in_memory_ms:>12.3f}{floor.ms:>26.3f}")
    if options.beside:
        print("\n".join(beside(floors, json.loads(options.beside.read_text()))))
    print(json.dumps({"benchmark": "limit", "floors": [attrs.asdict(floor) | {"ms": floor.ms} for floor in floors]}))


if __name__ == "__main__":
    main()
