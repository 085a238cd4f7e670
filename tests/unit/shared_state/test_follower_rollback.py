"""The follower of a store that went back: one new epoch, whoever notices first, and no position of two histories."""

from __future__ import annotations

import copy

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from shared_state.errors import StoreError, StoreUnavailable
from shared_state.position import Position
from tests.unit.shared_state.flaky_store import Fault, lose
from tests.unit.shared_state.following import Scene, scene_with_a_boat
from tests.unit.shared_state.small_world import WORLD, put_boat

AWAY = StoreUnavailable("away")


@pytest.fixture
def scene() -> Scene:
    """A world with one boat."""
    return scene_with_a_boat()


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4])
async def test_a_rollback_resets(scene: Scene, autojump_clock: MockClock, after: int) -> None:
    """An older copy of the world, and whatever happens on it, replaces what the replica had."""
    async with scene.following(head_check_s=2.0):
        old = copy.deepcopy(scene.server.model.worlds[WORLD])
        scene.rival.run(*[put_boat(gold=1)] * 3)
        scene.server.model.worlds[WORLD] = old
        scene.rival.attach_again()
        scene.rival.run(*[put_boat(gold=2)] * after)
        await trio.sleep(5)
        scene.verify()
        assert scene.resets == ["rollback" if after < 3 else "fork"]
        assert scene.replica.epoch == "epoch-2"


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4])
async def test_no_position_means_two_histories(scene: Scene, autojump_clock: MockClock, after: int) -> None:
    """Two nodes that saw the lost history follow the new one into one new epoch, which nobody had seen."""
    other = Scene(scene.server)
    async with scene.following(head_check_s=2.0), other.following(head_check_s=2.0):
        old = copy.deepcopy(scene.server.model.worlds[WORLD])
        scene.rival.run(*[put_boat(gold=1)] * 3)
        seen = Position(old.epoch, old.version + 3)
        assert (scene.replica.position, other.replica.position) == (seen, seen)
        scene.server.model.worlds[WORLD] = old
        scene.rival.attach_again()
        scene.rival.run(*[put_boat(gold=2)] * after)
        await trio.sleep(5)
        for node in (scene, other):
            node.verify()
            assert node.replica.position == Position("epoch-2", 1 + after)
        scene.rival.attach_again()
        scene.rival.run(*[put_boat(gold=2)] * (3 - min(after, 3)))
        for node in (scene, other):
            node.verify()
            assert len(node.resets) == 1
            assert node.replica.version >= seen.version
            assert node.replica.position != seen


@pytest.mark.parametrize("error", [{"error_before": AWAY}, {"error_after": AWAY}])
async def test_a_new_epoch_is_asked_for_until_it_is_there(
    scene: Scene, autojump_clock: MockClock, error: dict[str, StoreError]
) -> None:
    """Whether the unanswered call took effect or not, there is one new epoch in the end."""
    async with scene.following(head_check_s=2.0):
        old = copy.deepcopy(scene.server.model.worlds[WORLD])
        scene.rival.run(put_boat())
        scene.store.plan("renew_epoch", Fault(**error))
        scene.server.model.worlds[WORLD] = old
        await trio.sleep(5)
        scene.verify()
        assert scene.replica.epoch == "epoch-2"
        assert len(scene.resets) == 1


async def test_a_world_that_moves_on_still_gets_its_new_epoch(scene: Scene, autojump_clock: MockClock) -> None:
    """Commits between the look at the head and the new epoch put it off; what was lost stays lost."""
    gate = trio.Event()
    async with scene.following():
        old = copy.deepcopy(scene.server.model.worlds[WORLD])
        scene.rival.run(put_boat(), put_boat())
        scene.store.plan("renew_epoch", Fault(gate_before=gate))
        scene.server.model.worlds[WORLD] = old
        scene.rival.attach_again()
        scene.store.subscribed_again()
        await wait_all_tasks_blocked()
        scene.rival.run(*[put_boat()] * 5)
        gate.set()
        await wait_all_tasks_blocked()
        scene.verify()
        assert scene.store.calls["renew_epoch"] == 2
        assert (scene.resets, scene.replica.epoch) == (["rollback"], "epoch-2")


async def test_a_store_that_goes_back_during_a_repair_is_noticed(scene: Scene, autojump_clock: MockClock) -> None:
    """A snapshot older than the replica, in the same epoch, is not taken for the repair that it was asked for."""
    gate = trio.Event()
    async with scene.following():
        old = copy.deepcopy(scene.server.model.worlds[WORLD])
        scene.rival.run(put_boat())
        scene.store.channel = lose
        scene.rival.run(*[put_boat()] * 3, log_length=1)
        scene.store.plan("snapshot", Fault(gate_before=gate))
        scene.store.subscribed_again()
        await wait_all_tasks_blocked()
        scene.server.model.worlds[WORLD] = old
        gate.set()
        await wait_all_tasks_blocked()
        scene.verify()
        assert (scene.resets, scene.replica.epoch) == (["rollback"], "epoch-2")


async def test_a_trimmed_log_makes_no_new_epoch(scene: Scene, autojump_clock: MockClock) -> None:
    """Only lost history does: a world that has merely moved on far keeps its epoch."""
    async with scene.following():
        scene.store.channel = lose
        scene.rival.run(*[put_boat()] * 5, log_length=2)
        scene.store.subscribed_again()
        await wait_all_tasks_blocked()
        scene.verify()
        assert (scene.replica.epoch, scene.store.calls["renew_epoch"]) == ("epoch-1", 0)
