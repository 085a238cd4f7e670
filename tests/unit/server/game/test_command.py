"""Commands as they come from clients: decoded, bounded, and never with a number that is none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.game import CommandSpec
from server.wire.codec import JSON, MSGPACK, Codec
from server.wire.errors import ProtocolError
from shared_state.schema import MAX_WHOLE
from tests.unit.server.harbour import Count, Say, game

BOTH = pytest.mark.parametrize("codec", [MSGPACK, JSON], ids=["msgpack", "json"])
COUNT: CommandSpec = game.commands["count"]
ANY_FLOATS = st.floats()


@BOTH
def test_absent_arguments_take_their_defaults(codec: Codec) -> None:
    """No arguments at all, and an empty map, are the same."""
    assert COUNT.decode(codec, b"") == COUNT.decode(codec, codec.encode_value({})) == Count()
    assert game.commands["say"].decode(codec, b"") == Say()


@BOTH
def test_an_argument_that_must_be_given_must_be_given(codec: Codec) -> None:
    """The error names it."""
    with pytest.raises(ProtocolError, match="dx"):
        game.commands["sail"].decode(codec, b"")


@BOTH
@pytest.mark.parametrize("args", [[], None, 5, "x", [1, 2, 3]])
def test_arguments_are_a_map(codec: Codec, args: object) -> None:
    """Anything else is refused."""
    with pytest.raises(ProtocolError):
        COUNT.decode(codec, codec.encode_value(args))


@given(value=ANY_FLOATS, field=st.sampled_from(["real", "maybe", "many", "named", "bounded"]))
def test_a_float_is_finite_wherever_it_stands(value: float, field: str) -> None:
    """In a field, an optional one, a list or a map: finite and below 2**53 it passes, else it is refused."""
    nested = {"many": [0.0, value], "named": {"a": value}}.get(field, value)
    payload = MSGPACK.encode_value({field: nested})
    limit = 10 if field == "bounded" else MAX_WHOLE
    if math.isfinite(value) and abs(value) <= limit:
        assert getattr(COUNT.decode(MSGPACK, payload), field) == nested
    else:
        with pytest.raises(ProtocolError):
            COUNT.decode(MSGPACK, payload)


@BOTH
@pytest.mark.parametrize("value", [MAX_WHOLE, -MAX_WHOLE, 0, MAX_WHOLE + 1, -MAX_WHOLE - 1, 2**62])
@pytest.mark.parametrize("field", ["whole", "ref"])
def test_whole_numbers_are_exact_in_every_language(codec: Codec, field: str, value: int) -> None:
    """Below 2**53 they come through unchanged, above they are refused."""
    payload = codec.encode_value({field: value})
    if abs(value) <= MAX_WHOLE:
        assert getattr(COUNT.decode(codec, payload), field) == value
    else:
        with pytest.raises(ProtocolError, match=f"{field}: not a finite number"):
            COUNT.decode(codec, payload)
