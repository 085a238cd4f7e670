"""What runs come to: verdicts, medians, spreads, and the table. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs

from bench.arena.trial import Figures

COLLAPSED_MS = 1000.0
SEEN_AT_LEAST = 0.98


@attrs.frozen
class Run:
    """One run of one peer; ``failure`` says why there are no figures."""

    peer: str
    players: int
    figures: Figures
    failure: str = ""

    @property
    def verdict(self) -> str:
        """``holds``, or what went wrong."""
        return self.failure or verdict(self.figures)

    @property
    def others_cores(self) -> float:
        """Cores that processes outside the run used while it was measured."""
        used = self.figures["machine"]
        return float(
            (used["user"] + used["sys"] + used["irq"] - self.figures["server_cpu"] - self.figures["gen_cpu"])
            / self.figures["dur"]
        )


Reading = Callable[[Figures], float]

READINGS: dict[str, Reading] = {
    "cpu_ms_per_player_s": lambda f: f["cpu_per_player_s"] * 1000,
    "p50_ms": lambda f: f["lat_ms"]["p50"],
    "p99_ms": lambda f: f["lat_ms"]["p99"],
    "bytes_per_client_s": lambda f: f["bytes_per_client_s"],
    "frames_per_client_s": lambda f: f["frames_per_client_s"],
    "rss_kb_per_connection": lambda f: f["rss_per_conn_kb"],
    "moves_seen": lambda f: f["visible_ratio"],
    "cores": lambda f: f["server_cpu"] / f["dur"],
    "load_cores": lambda f: f["gen_cpu"] / f["dur"],
    "load_late_p99_ms": lambda f: f["gen_lag_ms"]["p99"],
}


def verdict(figures: Figures) -> str:
    """``holds``, or what collapsed first."""
    if figures["dead"]:
        return f"{figures['dead']} connections lost ({figures['why']})"
    if not figures["lat_ms"]["n"]:
        return "nothing became visible"
    if figures["lat_ms"]["p99"] > COLLAPSED_MS:
        return "p99 above 1 s"
    if figures["backlog"]["age_ms_mean"] > COLLAPSED_MS:
        return "backlog older than 1 s"
    if figures["visible_ratio"] < SEEN_AT_LEAST:
        return f"only {figures['visible_ratio']:.0%} of the moves became visible"
    return "holds"


def summary(runs: Sequence[Run]) -> dict[str, dict[str, dict[str, Any]]]:
    """By peer and number of players: medians, spreads (least, most) and verdicts."""
    groups: dict[tuple[str, int], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.peer, run.players), []).append(run)
    peers: dict[str, dict[str, dict[str, Any]]] = {}
    for (peer, players), group in groups.items():
        peers.setdefault(peer, {})[str(players)] = _entry(group)
    return peers


def _entry(runs: list[Run]) -> dict[str, Any]:
    measured = [run for run in runs if not run.failure]
    fallen = [run.verdict for run in runs if run.verdict != "holds"]
    entry: dict[str, Any] = {
        "verdict": f"fell in {len(fallen)} of {len(runs)}: {fallen[0]}" if fallen else "holds",
        "runs": len(runs),
    }
    if not measured:
        return entry
    values = {name: sorted(read(run.figures) for run in measured) for name, read in READINGS.items()}
    entry |= {name: round(statistics.median(found), 3) for name, found in values.items()}
    entry["others_cores"] = round(statistics.median(run.others_cores for run in measured), 2)
    entry["cpu_by_process"] = _by_process(measured)
    entry["spread"] = {name: [round(found[0], 3), round(found[-1], 3)] for name, found in values.items()}
    return entry


def _by_process(runs: list[Run]) -> dict[str, float]:
    """Cores that each process used."""
    names = runs[0].figures["procs"]
    return {
        name: round(statistics.median(run.figures["procs"][name]["cpu"] / run.figures["dur"] for run in runs), 3)
        for name in names
    }


_COLUMNS = ("peer", "N", "runs", "CPU, ms a player-second", "p50 / p99 ms", "bytes/s", "frames/s", "KB", "cores")


def table(peers: dict[str, dict[str, dict[str, Any]]]) -> str:
    """The summary as a Markdown table."""
    lines = ["| " + " | ".join([*_COLUMNS, "others", "verdict"]) + " |", "|---" * (len(_COLUMNS) + 2) + "|"]
    lines += [_row(peer, players, entry) for peer, sizes in peers.items() for players, entry in sizes.items()]
    return "\n".join(lines)


def line(run: Run) -> str:
    """One run, as it ends."""
    if run.failure:
        return f"{run.peer} N={run.players}: {run.failure}"
    read = {name: read(run.figures) for name, read in READINGS.items()}
    processes = " ".join(f"{name} {used:.2f}" for name, used in _by_process([run]).items())
    return (
        f"{run.peer} N={run.players}: {read['cpu_ms_per_player_s']:.3f} ms a player-second, "
        f"p50 {read['p50_ms']:.1f} p99 {read['p99_ms']:.1f} ms, {read['bytes_per_client_s']:.0f} bytes/s, "
        f"{read['frames_per_client_s']:.0f} frames/s, {read['rss_kb_per_connection']:.0f} KB, "
        f"seen {read['moves_seen']:.3f}; cores: {processes}, load {read['load_cores']:.2f}, "
        f"others {run.others_cores:.2f}; {run.verdict}"
    )


def _row(peer: str, players: str, entry: dict[str, Any]) -> str:
    if "cores" not in entry:
        return _joined([peer, players, entry["runs"], *[""] * 7, entry["verdict"]])
    low, high = entry["spread"]["cpu_ms_per_player_s"]
    cells = [peer, players, entry["runs"], f"{entry['cpu_ms_per_player_s']:.2f} ({low:.2f} to {high:.2f})"]
    cells += [f"{entry['p50_ms']:.1f} / {entry['p99_ms']:.0f}", f"{entry['bytes_per_client_s']:.0f}"]
    cells += [f"{entry['frames_per_client_s']:.0f}", f"{entry['rss_kb_per_connection']:.0f}"]
    processes = ", ".join(f"{name} {cores:.2f}" for name, cores in entry["cpu_by_process"].items())
    return _joined([*cells, processes, f"{entry['others_cores']:.2f}", entry["verdict"]])


def _joined(cells: Iterable[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"
