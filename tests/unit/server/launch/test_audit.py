"""The audit: every version of a world is checked, and a breach between two looks is found."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from server.game import EntityId
from server.games.flotsam import game
from server.games.flotsam.world import Crate
from server.launch.audit import Audit
from shared_state.memory_store import MemoryStore
from tests.unit.server.quay import WORLD, Quay, open_quay
from tests.unit.server.troupe import play


async def forge(quay: Quay) -> None:
    """A crate out of nothing, gone again two versions later."""
    made: list[EntityId] = []
    await quay.host.world.transact(lambda tx: made.append(tx.create(Crate(5, 5, 1))))
    await quay.host.world.transact(lambda tx: tx.emit_world("shout", {}))
    await quay.host.world.transact(lambda tx: tx.delete(made[0]))


async def test_every_version_is_checked_once(autojump_clock: MockClock) -> None:
    """From the first to the last, in several looks; all is well in a game that is played."""
    audit = Audit(WORLD, game)
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            store = MemoryStore(quay.server)
            for _ in range(3):
                await play(quay, ["hoarder", "brawler"], seconds=2)
                await audit.catch_up(store)
            version = quay.host.world.replica.version
            await audit.catch_up(store)
    assert (audit.versions, audit.missed, audit.reasons) == (version, 0, [])
    assert set(audit.violations) == {invariant.name for invariant in game.invariants}


async def test_a_breach_that_was_mended_is_found(autojump_clock: MockClock) -> None:
    """Gold that was there for two versions only; the reason says since when."""
    audit = Audit(WORLD, game)
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            await quay.settle()
            before = quay.host.world.replica.version
            await forge(quay)
            await audit.catch_up(MemoryStore(quay.server))
    assert {name: count for name, count in audit.violations.items() if count} == {"gold_conserved": 2}
    assert len(audit.reasons) == 1
    assert f"at version {before + 1}: minted" in audit.reasons[0]


async def test_what_the_log_has_not_any_more_is_counted_as_missed(autojump_clock: MockClock) -> None:
    """It goes on from a snapshot, and says how many versions it could not check."""
    audit = Audit(WORLD, game)
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            await quay.settle()
            await forge(quay)
            log = quay.server.model.worlds[WORLD].log
            version = quay.host.world.replica.version
            del log[: version - 1]
            await audit.catch_up(MemoryStore(quay.server))
    assert (audit.versions, audit.missed) == (1, version - 1)
    assert audit.reasons == []
