"""The behaviours: what each decides from a sight, and that it is a right command of the game."""

from __future__ import annotations

import math
import random

import attrs
import pytest

from client_bot.brains import BRAINS
from client_bot.brains.chase import LOOK_AGAIN_S
from client_bot.brains.fuzzer import Fuzzer
from client_bot.brains.hoarder import Hoarder
from client_bot.brains.oars import heading_inland, row_towards
from client_bot.brains.sight import Sight
from client_bot.lexicon import Lexicon
from client_bot.mirror import Mirror
from server.wire import messages as wire
from tests.unit.client_bot import bay

AVATAR = 1


def sight(state: bay.State, now_s: float = 0.0, schema: wire.Schema = bay.SCHEMA) -> Sight:
    """A sight of one cell with the given entities; the avatar is entity 1."""
    mirror = Mirror(Lexicon(schema), "e1", 0)
    mirror.apply_cells(bay.content(state, [10], 1))
    return Sight(mirror, AVATAR, random.Random(7), now_s)


def boat(x: float, y: float) -> bay.Row:
    """A boat at a place."""
    return (10, bay.BOAT, (x, y, "Ada"))


def crate(x: float, y: float) -> bay.Row:
    """A crate at a place."""
    return (10, bay.CRATE, (x, y, 5))


@pytest.mark.parametrize("name", BRAINS.keys() - {"griefer"})
def test_every_command_fits_its_fields(name: str) -> None:
    """Whatever a behaviour decides, the command exists and its arguments have the right types and bounds."""
    brain = BRAINS[name]()
    where = sight({1: boat(500, 500), 2: crate(520, 500), 3: crate(90, 90)})
    for beat in range(200):
        for command, args in brain.decide(attrs.evolve(where, now_s=beat * 0.1)):
            info = where.mirror.lexicon.commands[command]
            assert set(args) == {field.name for field in info.fields}
            for field in info.fields:
                assert fits(field, args[field.name])


def fits(field: wire.FieldInfo, value: object) -> bool:
    """A value has the type of a field and lies within its bounds."""
    if field.type == "str":
        return isinstance(value, str) and (field.low or 0) <= len(value) <= (field.high or math.inf)
    low, high = field.low, field.high
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return is_number and (low is None or value >= low) and (high is None or value <= high)  # type: ignore[operator]


@pytest.mark.parametrize("name", BRAINS)
def test_no_behaviour_minds_another_game(name: str) -> None:
    """In a game without boats, crates or commands a behaviour gives no command, and does not raise."""
    schema = wire.Schema(
        "chess", [wire.KindInfo("Piece", [wire.FieldInfo("square", "str")])], [], [], 1.0, (0, 0, 8, 8)
    )
    where = sight({1: (10, 0, ("e4",))}, schema=schema)
    brain = BRAINS[name]()
    assert [brain.decide(where) for _ in range(50)] == [[]] * 50


def test_the_same_seed_and_sights_give_the_same_commands() -> None:
    """A behaviour has no hidden source of chance."""
    for make in BRAINS.values():
        runs = []
        for _ in range(2):
            brain, where = make(), sight({1: boat(500, 500), 2: crate(700, 500)})
            runs.append([brain.decide(attrs.evolve(where, now_s=float(beat))) for beat in range(30)])
        assert runs[0] == runs[1]


def test_a_hoarder_rows_to_the_nearest_crate_and_grabs_it() -> None:
    """Out of reach it rows straight there; in reach it grabs, and then looks for another."""
    hoarder = Hoarder()
    far = {1: boat(500, 500), 2: crate(700, 500), 3: crate(500, 900)}
    assert hoarder.decide(sight(far)) == [("row", {"dx": 40, "dy": 0})]
    near = {**far, 1: boat(650, 500)}
    assert hoarder.decide(sight(near)) == [("grab", {"crate": 2})]
    assert hoarder.decide(sight(near, now_s=LOOK_AGAIN_S)) == [("row", {"dx": -14, "dy": 37})]


def test_a_hoarder_forgets_a_crate_that_another_took() -> None:
    """When its crate is gone it goes for the next one at its next look."""
    hoarder = Hoarder()
    hoarder.decide(sight({1: boat(500, 500), 2: crate(700, 500), 3: crate(500, 900)}))
    left = {1: boat(500, 500), 3: crate(500, 900)}
    assert hoarder.decide(sight(left, now_s=LOOK_AGAIN_S)) == [("row", {"dx": 0, "dy": 40})]


def test_a_stroke_does_not_overshoot_and_is_never_empty() -> None:
    """Close to the goal the stroke is short; at the goal it still moves."""
    where = sight({1: boat(500, 500)})
    assert row_towards(where, (500, 500), (503, 496)) == ("row", {"dx": 3, "dy": -4})
    assert row_towards(where, (500, 500), (500, 500)) == ("row", {"dx": 1, "dy": 0})


def test_a_boat_at_the_shore_turns_inland() -> None:
    """Near an edge the heading points to the middle of the world; elsewhere there is none."""
    where = sight({1: boat(500, 500)})
    assert heading_inland(where, (500, 500)) is None
    assert heading_inland(where, (10, 500)) == pytest.approx(0.0)
    assert heading_inland(where, (500, 990)) == pytest.approx(-math.pi / 2)


def test_a_fuzzer_plays_fields_of_every_type() -> None:
    """Bounds may be absent, one-sided or fractional, and every type of field gets a value."""
    fields = [
        wire.FieldInfo("free", "int"),
        wire.FieldInfo("high", "int", None, -500),
        wire.FieldInfo("low", "float", 500.0),
        wire.FieldInfo("half", "int", 0.5, 2.5),
        wire.FieldInfo("flag", "bool"),
        wire.FieldInfo("who", "ref"),
        wire.FieldInfo("what", "any"),
    ]
    schema = wire.Schema("odd", bay.SCHEMA.kinds, [wire.CommandInfo("poke", fields)], [], 1.0, (0, 0, 1, 1))
    where = sight({1: boat(0, 0), 2: crate(0, 0)}, schema=schema)
    for _ in range(100):
        [(command, args)] = Fuzzer().decide(where)
        assert command == "poke"
        assert args["high"] <= -500
        assert args["low"] >= 500
        assert args["half"] in (1, 2)
        assert args["flag"] in (True, False)
        assert args["who"] in (1, 2)
