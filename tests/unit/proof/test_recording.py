"""Recordings in a directory, and the report on one."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from client_bot.diary import Diary
from proof.judgement import SHOWN, report_on, with_findings
from proof.recording import LOG, Recording, UnreadableRecording, load, load_diary_alone
from proof.state import WorldState
from proof.verifier import Findings, Flaw, verify
from server.games.flotsam import game
from tests.unit.proof.played import honest


def test_what_was_saved_is_loaded_equal(tmp_path: Path) -> None:
    """Log, both states and the diary come back as they were; a diary alone is read too."""
    honest().save(tmp_path / "new" / "run")
    assert load(tmp_path / "new" / "run") == honest()
    assert load_diary_alone(tmp_path / "new" / "run") == honest().diary


def test_what_is_no_recording_is_told(tmp_path: Path) -> None:
    """A directory without one, and one that is damaged, are one line."""
    with pytest.raises(UnreadableRecording, match="holds no recording"):
        load(tmp_path)
    with pytest.raises(UnreadableRecording, match="holds no diary"):
        load_diary_alone(tmp_path)
    Recording(WorldState("w"), WorldState("w"), []).save(tmp_path)
    (tmp_path / LOG).write_bytes(b"\xc1")
    with pytest.raises(UnreadableRecording, match="damaged recording"):
        load(tmp_path)


def test_the_report_counts_what_bots_were_told() -> None:
    """Answers by kind, sessions by node, and the latency that they saw."""
    report = report_on(honest(), verify(honest(), game))
    commands = report.commands
    assert (report.verdict, report.reasons) == ("PASS", [])
    assert commands.sent == len(honest().diary.entries) == commands.acknowledged + commands.rejected + commands.busy
    assert report.bots_per_node == {"node1": 3, "node2": 3}
    assert report.replayed
    assert report.latency_ms.do_to_done.p50 is not None
    assert 5 < report.seconds < 12


def test_flaws_are_counted_and_the_first_are_told() -> None:
    """Lost and doubled commands and wrong views add to the report's counts; the reasons stay readable."""
    clean = report_on(attrs.evolve(honest(), diary=Diary()), Findings([]))
    flaws = [Flaw("lost", "one"), Flaw("doubled", "two"), Flaw("view", "three"), *[Flaw("fence", "more")] * SHOWN]
    report = with_findings(clean, Findings(flaws, invariants={"gold": 3}))
    assert (report.verdict, report.commands.lost, report.commands.doubled, report.divergences) == ("FAIL", 1, 1, 1)
    assert report.reasons[:2] == ["lost: one", "doubled: two"]
    assert report.reasons[-1] == f"{len(flaws)} flaws in all"
    assert report.invariants == {"gold": 3}
