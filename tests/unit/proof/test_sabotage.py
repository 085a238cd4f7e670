"""Guards are taken out of the code as it is now, and out of nothing else."""

from __future__ import annotations

import hashlib

import pytest

from proof.sabotage import GUARDS, SHOWN_BY, ignore_gaps, mint_gold
from server.games.flotsam import game
from shared_state.delta import Delta
from shared_state.position import NO_STAMP
from shared_state.redis import scripts
from shared_state.replica import Fit, Replica


@pytest.fixture(autouse=True)
def whole_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a guard changes is put back after each test."""
    monkeypatch.setattr(scripts, "COMMIT_EACH", scripts.COMMIT_EACH)
    monkeypatch.setattr(scripts, "COMMIT_WHOLE", scripts.COMMIT_WHOLE)
    monkeypatch.setattr(Replica, "fit", Replica.fit)
    monkeypatch.setitem(game.commands, "grab", game.commands["grab"])


@pytest.mark.parametrize("guard", ["tag-check", "sequence", "fence"])
def test_a_script_loses_one_check(guard: str) -> None:
    """The changed scripts are other scripts, under their own digests, and every batch is judged by the one."""
    before = scripts.COMMIT_EACH
    GUARDS[guard]()
    assert scripts.COMMIT_EACH.text != before.text
    assert scripts.COMMIT_EACH.digest == hashlib.sha1(scripts.COMMIT_EACH.text).hexdigest()
    assert b"if true then return {'DOUBT'}" in scripts.COMMIT_WHOLE.text


def test_a_guard_that_is_not_where_it_was_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node with all of its guards must not pass for one without."""
    monkeypatch.setattr(scripts, "COMMIT_EACH", scripts.Script(b"return 1", ""))
    with pytest.raises(ValueError, match="stands 0 times"):
        GUARDS["tag-check"]()


def test_a_replica_loses_its_sense_of_gaps() -> None:
    """What is too far ahead passes for next; what is old does not."""
    ignore_gaps()
    replica = Replica(game.schema(), epoch="e", version=5)
    assert replica.fit(Delta("e", 9, NO_STAMP, NO_STAMP, [])) is Fit.NEXT
    assert replica.fit(Delta("e", 5, NO_STAMP, NO_STAMP, [])) is Fit.DUPLICATE


def test_a_rule_mints() -> None:
    """The rule of ``grab`` is another one."""
    before = game.commands["grab"].rule
    mint_gold()
    assert game.commands["grab"].rule is not before


def test_every_guard_has_its_faults() -> None:
    """Each names what has to happen for it to be missed."""
    assert SHOWN_BY.keys() == GUARDS.keys()
