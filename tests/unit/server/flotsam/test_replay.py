"""A recorded log of Flotsam, run again rule by rule, gives the same writes, events and world."""

from __future__ import annotations

import attrs
import msgspec
import pytest
import trio
from trio.testing import MockClock

from server.game import EntityId, Kind, Transaction
from server.games.flotsam import game
from server.games.flotsam.salvage import SALVAGE_S
from server.games.flotsam.world import Boat, Crate, Ledger, Lighthouse, Wreck
from server.session.cause import Cause, UnreadableCause, read_cause
from server.session.replay import rule_again
from shared_state.delta import Record, decode_delta
from shared_state.names import SessionId
from shared_state.replica import Replica
from tests.property.replay import Replay, Rule, rule_of_game, time_of
from tests.unit.server.quay import WORLD, Player, Quay, memory_server, open_quay
from tests.unit.server.session.test_resuming import come_back, resume_of
from tests.unit.shared_state.small_world import Bench

SETTING = b"setting"
GOLD, OIL = 50, 10


@attrs.frozen
class Setting:
    """Puts boats where something happens and fills their holds: the one rule of the log that is not the game's."""

    at_light: list[int]
    light: Lighthouse
    at_crate: int
    crate: Crate

    @property
    def wreck(self) -> Wreck:
        """Lies between them."""
        return Wreck(self.light.x, self.light.y, 7, 3, "Old")

    def rule(self, tx: Transaction) -> None:
        """Places them."""
        tx.cause = SETTING
        tx.create(self.wreck)
        for boat in map(EntityId, self.at_light):
            tx.patch(boat, x=self.light.x, y=self.light.y, gold=GOLD, oil=OIL)
        tx.patch(EntityId(self.at_crate), x=self.crate.x, y=self.crate.y)
        for ledger_id, ledger in tx.all_placeless(Ledger):
            gold, oil = GOLD * len(self.at_light) + 7, OIL * len(self.at_light) + 3
            tx.patch(ledger_id, gold=ledger.gold + gold, oil=ledger.oil + oil)


def first(quay: Quay, kind: type[Kind]) -> int:
    """The first entity of a kind, by id."""
    return min(id_ for id_, entity in quay.host.world.replica.entities.items() if isinstance(entity.value, kind))


def value(quay: Quay, entity: int) -> Kind:
    """An entity as a node has it."""
    found = quay.host.world.replica.read(EntityId(entity))[1]
    assert found is not None
    return found


async def play(one: Quay, two: Quay) -> Setting:
    """Everything that players do, on two nodes; in the end one leaves, one is reaped, and one comes back elsewhere."""
    ann, ben, cat = await one.join(), await two.join(), await one.join()
    light, crate = first(one, Lighthouse), first(one, Crate)
    light_value, crate_value = value(one, light), value(one, crate)
    assert isinstance(light_value, Lighthouse)
    assert isinstance(crate_value, Crate)
    setting = Setting([ann.bot.avatar, ben.bot.avatar], light_value, cat.bot.avatar, crate_value)
    await one.host.world.transact(setting.rule)
    await two.settle()
    cat.do(1, "grab", crate=crate)
    ann.do(1, "shout", text="ahoy")
    ann.do(2, "propose", boat=ben.bot.avatar, gives_gold=20, wants_oil=2)
    await two.settle()
    ben.do(1, "accept", offer=boat(two, ann).offer)
    ben.do(2, "pay", lighthouse=light, gold=3)
    ben.do(3, "kindle", lighthouse=light, oil=5)
    ben.do(4, "row", dx=30, dy=0)
    ben.do(5, "row", dx=-30, dy=0)
    ben.do(6, "ram", boat=ann.bot.avatar)
    wrecks = [id_ for id_, e in two.host.world.replica.entities.items() if e.value == setting.wreck]
    ben.do(7, "salvage", wreck=wrecks[0])
    await trio.sleep(SALVAGE_S + 8)
    assert set(codes(ann) + codes(ben) + codes(cat)) == {""}
    ann.do(3, "propose", boat=ben.bot.avatar, gives_gold=1)
    assert (boat(one, ann).node, boat(one, ben).node) == ("node1", "node2")
    ben.hang_up()
    await two.settle()
    await come_back(one, resume_of(ben))
    assert boat(two, ben).node == "node1"
    ann.leave()
    cat.hang_up()
    await trio.sleep(30)
    return setting


def codes(player: Player) -> list[str]:
    """What a player's commands were answered with."""
    return [ack.code for ack in player.answers().values()]


def boat(quay: Quay, player: Player) -> Boat:
    """A player's boat as a node has it."""
    found = value(quay, player.bot.avatar)
    assert isinstance(found, Boat)
    return found


async def test_a_recorded_log_replays(autojump_clock: MockClock) -> None:
    """Each rule, run again in log order with the time and tag that it had, does the same; all deeds are there."""
    server = memory_server()
    with trio.fail_after(300):
        async with (
            open_quay(game, server=server, live={"node1-1", "node2-1"}, grace_s=5) as one,
            open_quay(game, server=server, live={"node1-1", "node2-1"}, grace_s=5, node="node2") as two,
        ):
            two.players = 10
            await two.settle()
            setting = await play(one, two)
    stored = server.model.worlds[WORLD]
    log = [payload for _, payload in stored.log]
    assert deeds_in(log) >= {
        *(("do", command) for command in game.commands.keys() - {"withdraw"}),
        *(("every", rule) for rule in ("tide", "dues", "blow")),
        ("enter", ""), ("arrive", ""), ("leave", ""), ("finish", "salvage"),
    }  # fmt: skip

    by_game = rule_of_game(game)

    def rule_of(record: Record) -> Rule:
        return setting.rule if record.cause == SETTING else by_game(record)

    def now_ms(record: Record) -> int:
        return 0 if record.cause == SETTING else time_of(record)

    Replay(rule_of, now_ms, bench=Bench(world=WORLD, replica=Replica(game.schema()))).verify(log, stored)


def deeds_in(log: list[bytes]) -> set[tuple[str, str]]:
    """What a log's records are, and of which rule."""
    records = [record for payload in log for record in decode_delta(payload).records]
    causes = [read_cause(record.cause) for record in records if record.cause not in (b"", SETTING)]
    return {(cause.what, cause.rule) for cause in causes}


@pytest.mark.parametrize(
    "cause",
    [
        Cause("do", 0, "fly"),
        Cause("every", 0, "fly"),
        Cause("finish", 0, "row", args=[1, 2]),
        Cause("do", 0, "row", args=[1]),
        Cause("do", 0, "row", args=["far", 0]),
    ],
)
def test_a_cause_of_another_game_is_told_from_one_of_this(cause: Cause) -> None:
    """A rule that is not there, and arguments that are not the command's, are one clear error."""
    with pytest.raises(UnreadableCause):
        rule_again(game, SessionId("s"), cause)


@pytest.mark.parametrize("data", [b"", b"because", msgspec.msgpack.encode(["fly", 0]), msgspec.msgpack.encode(["do"])])
def test_bytes_that_are_no_cause_are_told(data: bytes) -> None:
    """Other writers may say what they like."""
    with pytest.raises(UnreadableCause):
        read_cause(data)
