"""The follower: whatever the stream loses, doubles or mixes up, the replica comes to equal the store."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from shared_state import follower as follower_module
from shared_state.delta import Delta, Record, Write, decode_delta, encode_delta
from shared_state.errors import StoreError, StoreUnavailable, UndecodableDelta
from tests.unit.shared_state.flaky_store import Fault, Reordering, lose, passing
from tests.unit.shared_state.following import Scene, scene_with_a_boat
from tests.unit.shared_state.small_world import WORLD, put_boat


@pytest.fixture
def scene() -> Scene:
    """A world with one boat."""
    return scene_with_a_boat()


async def test_deltas_are_followed_as_they_come(scene: Scene, autojump_clock: MockClock) -> None:
    """Each delta moves the replica on once, without any question to the store."""
    async with scene.following() as follower:
        asked = scene.store.calls.copy()
        scene.rival.run(put_boat(), put_boat())
        scene.verify()
        assert scene.advances == [2, 3]
        assert (scene.resets, follower.counts.gaps, scene.store.calls) == ([], 0, asked)


async def test_doubled_deltas_change_nothing(scene: Scene, autojump_clock: MockClock) -> None:
    """A delta that comes twice, or again later, is counted and dropped."""
    seen: list[bytes] = []
    scene.store.channel = lambda payload: seen.append(payload) or (payload, payload)  # type: ignore[func-returns-value]
    async with scene.following() as follower:
        scene.rival.run(put_boat(), put_boat())
        scene.store.push(seen[0])
        scene.verify()
        assert follower.counts.duplicates == 3
        assert scene.advances == [2, 3]


async def test_a_gap_is_read_from_the_log(scene: Scene, autojump_clock: MockClock) -> None:
    """The delta after a lost one raises the alarm; the log fills the gap; no snapshot, no reset."""
    async with scene.following() as follower:
        scene.store.channel = lose
        scene.rival.run(put_boat(), put_boat())
        scene.store.channel = passing
        scene.rival.run(put_boat())
        await wait_all_tasks_blocked()
        scene.verify()
        assert (follower.counts.gaps, follower.counts.log_reads, follower.counts.snapshots) == (1, 1, 1)
        assert scene.advances == [2, 3, 4]
        assert scene.resets == []


async def test_a_gap_longer_than_a_page_is_read_page_by_page(
    scene: Scene, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All missing versions are read, however many pages they take."""
    monkeypatch.setattr(follower_module, "LOG_PAGE", 2)
    async with scene.following():
        scene.store.channel = lose
        scene.rival.run(*[put_boat()] * 6)
        scene.store.channel = passing
        scene.rival.run(put_boat())
        await wait_all_tasks_blocked()
        scene.verify()
        assert scene.store.calls["log_after"] == 3, "the one that waited is not read again"
        assert scene.resets == []


async def test_a_gap_that_the_log_no_longer_has_takes_a_snapshot(scene: Scene, autojump_clock: MockClock) -> None:
    """A trimmed log leads to a new snapshot, and those who watch are told."""
    async with scene.following() as follower:
        scene.store.channel = lose
        scene.rival.run(*[put_boat()] * 5, log_length=2)
        scene.store.channel = passing
        scene.rival.run(put_boat(), log_length=2)
        await wait_all_tasks_blocked()
        scene.verify()
        assert follower.counts.snapshots == 2
        assert scene.resets == ["log too short"]


async def test_reordered_deltas_are_put_in_order(scene: Scene, autojump_clock: MockClock) -> None:
    """Deltas that come in reverse are applied in order, with the help of the log."""
    async with scene.following():
        scene.store.channel = Reordering(4)
        scene.rival.run(*[put_boat()] * 8)
        await wait_all_tasks_blocked()
        scene.verify()
        assert scene.advances == [2, 3, 4, 5, 6, 7, 8, 9]
        assert scene.resets == []


async def test_a_lost_last_delta_is_found_by_the_next_head_check(scene: Scene, autojump_clock: MockClock) -> None:
    """No later delta reveals it: the periodic comparison does, within its period."""
    async with scene.following(head_check_s=2.0):
        scene.store.channel = lose
        scene.rival.run(put_boat())
        assert scene.replica.version == 1
        await trio.sleep(2.5)
        scene.verify()


async def test_a_resubscription_compares_heads_at_once(scene: Scene, autojump_clock: MockClock) -> None:
    """Deltas lost while the link was down are found when it is back, though nothing more is ever published."""
    async with scene.following() as follower:
        scene.store.channel = lose
        scene.rival.run(*[put_boat()] * 20)
        scene.store.channel = passing
        scene.store.subscribed_again()
        await wait_all_tasks_blocked()
        scene.verify()
        assert follower.counts.subscriptions == 2


# ---- snapshot and subscription --------------------------------------------------------------------------------------


@pytest.mark.parametrize("delay", ["gate_before", "gate_after"])
@pytest.mark.parametrize("count", [1, 3])
async def test_commits_that_race_with_the_snapshot_are_not_lost(
    scene: Scene, autojump_clock: MockClock, delay: str, count: int
) -> None:
    """Whether the snapshot is taken before or after the last commit, the replica has it from the first moment."""
    gate = trio.Event()
    scene.store.plan("snapshot", Fault(gate_before=gate) if delay == "gate_before" else Fault(gate_after=gate))
    follower = scene.follower()
    with trio.fail_after(1000):
        async with trio.open_nursery() as nursery:
            started = trio.Event()

            async def start() -> None:
                await nursery.start(follower.run)
                scene.verify()
                started.set()

            nursery.start_soon(start)
            await wait_all_tasks_blocked()
            assert scene.store.calls["snapshot"] == 1
            scene.rival.run(*[put_boat()] * count)
            gate.set()
            await started.wait()
            assert scene.advances == ([] if delay == "gate_before" else list(range(2, 2 + count)))
            nursery.cancel_scope.cancel()


async def test_deltas_that_come_mixed_up_during_a_repair_wait_for_their_turn(
    scene: Scene, autojump_clock: MockClock
) -> None:
    """What is ahead of the log page in the wrong order is applied in the right one, with no later check to help."""
    gate = trio.Event()
    async with scene.following() as follower:
        scene.store.channel = lose
        scene.rival.run(put_boat())
        scene.store.channel = passing
        scene.store.plan("log_after", Fault(gate_after=gate))
        scene.rival.run(put_boat())
        await wait_all_tasks_blocked()
        scene.store.channel = Reordering(2)
        scene.rival.run(put_boat(), put_boat())
        gate.set()
        await wait_all_tasks_blocked()
        scene.verify()
        assert follower.counts.snapshots == 1


async def test_a_hole_among_waiting_deltas_is_looked_up(scene: Scene, autojump_clock: MockClock) -> None:
    """When a delta beyond the log page waits and its predecessor was lost, the log is asked again at once."""
    gate = trio.Event()
    async with scene.following():
        scene.store.channel = lose
        scene.rival.run(put_boat())
        scene.store.channel = passing
        scene.store.plan("log_after", Fault(gate_after=gate))
        scene.rival.run(put_boat())
        await wait_all_tasks_blocked()
        scene.store.channel = lose
        scene.rival.run(put_boat())
        scene.store.channel = passing
        scene.rival.run(put_boat())
        gate.set()
        await wait_all_tasks_blocked()
        scene.verify()


async def test_more_deltas_than_the_buffer_holds_are_read_again(
    scene: Scene, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The buffer has a bound; what it does not take is found by the next comparison."""
    monkeypatch.setattr(follower_module, "MAX_BUFFERED", 2)
    gate = trio.Event()
    async with scene.following(head_check_s=2.0) as follower:
        scene.store.plan("head", Fault(gate_after=gate))
        follower._repairing = True
        follower.alarm()
        await wait_all_tasks_blocked()
        scene.rival.run(*[put_boat()] * 6)
        assert len(follower._buffer) == 2
        gate.set()
        await trio.sleep(3)
        scene.verify()


# ---- what cannot be read --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("garbage", [b"", b"\xc1", b"\x95\xa1e\x02\xc4\x00\xc4\x00\x91" + b"\x91" * 10_000])
async def test_an_undecodable_delta_on_the_channel_heals(
    scene: Scene, autojump_clock: MockClock, garbage: bytes
) -> None:
    """Bytes that are no delta count as a loss: the log has the real one."""
    async with scene.following() as follower:
        scene.store.channel = lambda _: (garbage,)
        scene.rival.run(put_boat())
        await wait_all_tasks_blocked()
        scene.verify()
        assert (follower.counts.undecodable, follower.counts.snapshots) == (1, 1)


def spoiled(payload: bytes) -> bytes:
    """The same delta, writing an entity of a kind that does not exist."""
    delta = decode_delta(payload)
    record = Record(b"tagtagta", "", 0, b"", [Write(1, b"\xffrubbish")], [])
    return encode_delta(Delta(delta.epoch, delta.version, delta.previous, delta.stamp, [record]))


async def test_an_undecodable_entity_takes_a_snapshot(scene: Scene, autojump_clock: MockClock) -> None:
    """A delta that was half applied leaves no mixture: the replica is loaded anew."""
    async with scene.following():
        scene.store.channel = lambda payload: (spoiled(payload),)
        scene.rival.run(put_boat())
        assert scene.replica.epoch == "", "nothing may run on a mixture"
        await wait_all_tasks_blocked()
        scene.verify()
        assert scene.resets == ["epoch"]


@pytest.mark.parametrize("spoil", [spoiled, lambda _: b"\xc1"])
async def test_an_undecodable_log_takes_a_snapshot(
    scene: Scene, autojump_clock: MockClock, spoil: Callable[[bytes], bytes]
) -> None:
    """When the log itself cannot be read, the state can."""
    async with scene.following():
        scene.store.channel = lose
        scene.rival.run(put_boat(), put_boat())
        log = scene.server.model.worlds[WORLD].log
        log[-2] = (log[-2][0], spoil(log[-2][1]))
        scene.store.subscribed_again()
        await wait_all_tasks_blocked()
        scene.verify()
        assert len(scene.resets) >= 1


async def test_unreadable_state_is_told_to_the_caller(scene: Scene, autojump_clock: MockClock) -> None:
    """A stored entity of an unknown kind cannot be healed: the follower says so."""
    scene.server.model.worlds[WORLD].state["77"] = bytes(8) + b"\xff"
    with trio.fail_after(10), pytest.raises(UndecodableDelta):
        await scene.follower().run()


# ---- other histories ------------------------------------------------------------------------------------------------


async def test_a_new_epoch_resets(scene: Scene, autojump_clock: MockClock) -> None:
    """A world deleted and made anew is another history, noticed by the next check or delta."""
    async with scene.following(head_check_s=2.0):
        del scene.server.model.worlds[WORLD]
        scene.rival.attach_again()
        await trio.sleep(2.5)
        scene.verify()
        scene.rival.run(put_boat())
        scene.verify()
        assert scene.resets == ["epoch"]


async def test_a_delta_of_a_new_epoch_resets_at_once(scene: Scene, autojump_clock: MockClock) -> None:
    """No head check is needed when the new history shows itself."""
    async with scene.following():
        del scene.server.model.worlds[WORLD]
        scene.rival.attach_again()
        scene.rival.run(put_boat(), put_boat())
        await wait_all_tasks_blocked()
        scene.verify()
        assert scene.resets == ["epoch"]


# ---- the store is away ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [StoreUnavailable("away"), StoreError("refused")])
@pytest.mark.parametrize("method", ["head", "log_after", "snapshot"])
async def test_a_repair_goes_on_when_the_store_is_back(
    scene: Scene, autojump_clock: MockClock, error: StoreError, method: str
) -> None:
    """A question that fails is asked again; the deltas that come meanwhile are not lost."""
    async with scene.following():
        scene.store.channel = lose
        scene.rival.run(*[put_boat()] * 3, log_length=1 if method == "snapshot" else 100)
        scene.store.channel = passing
        scene.store.plan(method, *[Fault(error_before=error)] * 3)
        scene.rival.run(put_boat(), log_length=1 if method == "snapshot" else 100)
        scene.rival.run(put_boat())
        await trio.sleep(1)
        scene.verify()


# ---- reached --------------------------------------------------------------------------------------------------------


async def test_reached_returns_at_once_for_the_past_and_waits_for_the_future(
    scene: Scene, autojump_clock: MockClock
) -> None:
    """It waits exactly until the delta is applied."""
    async with scene.following() as follower:
        assert await follower.reached(1, 0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(follower.reached, 2, 0)
            await wait_all_tasks_blocked()
            assert nursery.child_tasks
            scene.rival.run(put_boat())
        assert scene.replica.version == 2


async def test_reached_raises_the_alarm_when_the_delta_does_not_come(scene: Scene, autojump_clock: MockClock) -> None:
    """A lost delta that somebody waits for is looked up soon, long before a head check."""
    async with scene.following() as follower:
        scene.store.channel = lose
        scene.rival.run(put_boat())
        before_s = trio.current_time()
        assert await follower.reached(2, 0)
        assert trio.current_time() - before_s < 1
        scene.verify()


async def test_reached_is_not_fooled_by_a_snapshot_on_its_way(scene: Scene, autojump_clock: MockClock) -> None:
    """While a slow snapshot is being loaded, the version has not been reached."""
    gate = trio.Event()
    async with scene.following() as follower:
        scene.store.channel = lose
        scene.rival.run(*[put_boat()] * 3, log_length=1)
        scene.store.plan("snapshot", Fault(gate_after=gate))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(follower.reached, 4, 0)
            await trio.sleep(5)
            assert nursery.child_tasks
            gate.set()
        assert scene.replica.version == 4


@pytest.mark.parametrize("new_epoch", [False, True])
async def test_reached_gives_up_when_the_store_lost_the_version(
    scene: Scene, autojump_clock: MockClock, new_epoch: bool
) -> None:
    """An answer whose version never reached the replica and is gone from the store holds nobody up for ever."""
    async with scene.following() as follower:
        old = copy.deepcopy(scene.server.model.worlds[WORLD])
        scene.store.channel = lose
        scene.rival.run(put_boat())
        scene.server.model.worlds[WORLD] = old
        if new_epoch:
            old.epoch = "epoch-new"
            scene.store.subscribed_again()
            await wait_all_tasks_blocked()
        assert not await follower.reached(2, 0)
        scene.verify()
        assert scene.resets == ["epoch" if new_epoch else "rollback"]
        scene.store.channel = passing
        scene.rival.attach_again()
        scene.rival.run(put_boat(), put_boat())
        assert not await follower.reached(2, 0), "a version of that number in another history is another version"
        assert await follower.reached(2, follower.history)


async def test_the_first_snapshot_is_no_reset(scene: Scene, autojump_clock: MockClock) -> None:
    """Those who watch are told only of later ones."""
    async with scene.following() as follower:
        assert scene.resets == []
        assert follower.counts.snapshots == 1
        scene.verify()


def twice(payload: bytes) -> Iterable[bytes]:
    """A channel that doubles."""
    return (payload, payload)


async def test_many_followers_on_bad_channels_agree(scene: Scene, autojump_clock: MockClock) -> None:
    """One channel loses, one doubles, one reorders: in the end all equal the store."""
    others = [Scene(scene.server) for _ in range(3)]
    for other, channel in zip(others, (lose, twice, Reordering(3)), strict=True):
        other.store.channel = channel
    async with others[0].following(2.0), others[1].following(2.0), others[2].following(2.0):
        scene.rival.run(*[put_boat()] * 10)
        await trio.sleep(5)
        for other in others:
            other.verify()
