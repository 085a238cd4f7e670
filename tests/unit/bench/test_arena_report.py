"""What the runs of the arena come to."""

from __future__ import annotations

from typing import Any

from bench.arena.report import Run, summary, table, verdict


def figures(cpu_ms: float = 1.0, **changes: Any) -> dict[str, Any]:
    """What the load prints of a run in which all went well."""
    machine = {"user": 4.0, "sys": 3.0, "irq": 0.0, "steal": 0.0, "idle": 9.0}
    usual = {
        "dur": 8.0,
        "dead": 0,
        "why": "",
        "procs": {"server1": {"cpu": cpu_ms}},
        "server_cpu": 4.0,
        "gen_cpu": 1.0,
        "cpu_per_player_s": cpu_ms / 1000,
        "machine": machine,
        "rss_per_conn_kb": 20.0,
        "visible_ratio": 1.0,
        "frames_per_client_s": 20.0,
        "bytes_per_client_s": 900.0,
        "lat_ms": {"n": 100, "p50": 25.0, "p99": 50.0},
        "gen_lag_ms": {"p99": 0.2},
        "backlog": {"age_ms_mean": 20.0},
    }
    return usual | changes


def test_medians_and_spreads() -> None:
    """The summary gives the median, the least and the most of a peer's runs at one number of players."""
    runs = [Run("oarlock", 50, figures(cpu)) for cpu in (3.0, 1.0, 2.0)]
    entry = summary(runs)["oarlock"]["50"]
    assert entry["cpu_ms_per_player_s"] == 2.0
    assert entry["spread"]["cpu_ms_per_player_s"] == [1.0, 3.0]
    assert (entry["runs"], entry["verdict"], entry["others_cores"]) == (3, "holds", 0.25)


def test_what_counts_as_fallen() -> None:
    """Lost connections, nothing or too little seen, and latency or backlog above a second are no success."""
    assert verdict(figures()) == "holds"
    assert "lost" in verdict(figures(dead=2, why="EOF"))
    assert "visible" in verdict(figures(lat_ms={"n": 0, "p50": -1, "p99": -1}))
    assert "p99" in verdict(figures(lat_ms={"n": 9, "p50": 30, "p99": 1200}))
    assert "backlog" in verdict(figures(backlog={"age_ms_mean": 2000}))
    assert "50%" in verdict(figures(visible_ratio=0.5))


def test_a_peer_that_never_ran_is_in_the_table() -> None:
    """A run without figures is told as such, not left out."""
    runs = [Run("oarlock", 50, figures()), Run("relay", 50, {}, "server1 did not start")]
    peers = summary(runs)
    assert peers["relay"]["50"]["verdict"] == "fell in 1 of 1: server1 did not start"
    assert "| relay | 50 |" in table(peers)
