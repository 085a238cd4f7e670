"""Property tests of the mirror: random histories of a world, shown through random flushes and views."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from client_bot.client import Client
from client_bot.lexicon import Lexicon
from client_bot.mirror import Mirror
from server.wire.codec import JSON, MSGPACK, Codec
from tests.unit.client_bot import bay

CELLS = range(4)
NAMES = st.text(max_size=3)
# Without -0.0: it equals 0.0, so that a comparison of states does not see it, and has another digest.
NUMBERS = (st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)).map(lambda n: n or 0)
VALUES = st.tuples(NUMBERS, NUMBERS, NAMES)
ROWS = st.tuples(st.sampled_from(CELLS), st.just(bay.BOAT), VALUES)
# Few ids and few cells, so that entities often change, cross borders and vanish between two states.
STATES = st.dictionaries(st.integers(1, 5), ROWS, max_size=5)
HISTORIES = st.lists(STATES, min_size=2, max_size=8)
VIEWS = st.sets(st.sampled_from(CELLS), min_size=1)
CODECS = st.sampled_from([MSGPACK, JSON])


def held(mirror: Mirror) -> dict[int, bay.Row]:
    """What a mirror holds, as a state."""
    return {
        id_: (cell, entity.kind, tuple(entity.values))
        for cell, entities in mirror.cells.items()
        for id_, entity in entities.items()
    }


def seen(state: bay.State, view: set[int]) -> dict[int, bay.Row]:
    """The part of a state that stands in view."""
    return {id_: row for id_, row in state.items() if row[0] in view}


def joined(codec: Codec, state: bay.State, view: set[int]) -> tuple[Client, Mirror]:
    """A client that joined and was shown the view of a state at version 0."""
    client = Client(codec, "p")
    client.hello()
    client.receive(codec.encode(bay.welcome()), 0.0)
    client.receive(codec.encode(bay.content(state, sorted(view), 0)), 0.0)
    assert client.mirror is not None
    return client, client.mirror


@given(history=HISTORIES, view=VIEWS, codec=CODECS, data=st.data())
@settings(deadline=None, max_examples=100)
def test_any_split_into_flushes_gives_the_same_view(
    history: list[bay.State], view: set[int], codec: Codec, data: st.DataObject
) -> None:
    """Whichever versions a node flushes at, the view ends as the state, and nothing is found wrong on the way."""
    client, mirror = joined(codec, history[0], view)
    last = len(history) - 1
    flushes = sorted(data.draw(st.sets(st.integers(1, last))) | {last})
    shown = 0
    for version in flushes:
        message = bay.delta(history[shown], history[version], view, version, with_digests=True)
        client.receive(codec.encode(message), 0.0)
        assert held(mirror) == seen(history[version], view)
        shown = version
    assert client.findings.first == []
    assert mirror.version == last


@given(history=HISTORIES, views=st.lists(VIEWS, min_size=8, max_size=8), codec=CODECS)
@settings(deadline=None, max_examples=100)
def test_a_view_that_wanders_holds_what_stands_in_it(
    history: list[bay.State], views: list[set[int]], codec: Codec
) -> None:
    """Cells that enter and leave between deltas leave no entity behind and lose none."""
    view = views[0]
    client, mirror = joined(codec, history[0], view)
    for version, (before, after) in enumerate(pairwise(history), start=1):
        stays = view & views[version]
        # A node may show the change of all cells that were in view, or of those only that stay.
        shown = view if version % 2 else stays
        change = codec.encode(bay.delta(before, after, shown, version, with_digests=True))
        cells = bay.content(after, sorted(views[version] - stays), version, left=sorted(view - stays))
        client.receive(change, 0.0)
        client.receive(codec.encode(cells), 0.0)
        view = views[version]
        assert held(mirror) == seen(after, view)
        assert len(mirror) == len(held(mirror))
    assert client.findings.first == []


@given(history=HISTORIES, view=VIEWS, codec=CODECS, data=st.data())
@settings(deadline=None, max_examples=100)
def test_a_dropped_delta_is_noticed(
    history: list[bay.State], view: set[int], codec: Codec, data: st.DataObject
) -> None:
    """When one delta is lost, the view is right nevertheless, or the next digests say that it is not."""
    client, mirror = joined(codec, history[0], view)
    dropped = data.draw(st.integers(1, len(history) - 1))
    for version, (before, after) in enumerate(pairwise(history), start=1):
        if version != dropped:
            client.receive(codec.encode(bay.delta(before, after, view, version)), 0.0)
    final = history[-1]
    client.receive(codec.encode(bay.delta(final, final, view, len(history), with_digests=True)), 0.0)
    is_right = held(mirror) == seen(final, view)
    assert is_right or client.findings.gaps + client.findings.divergences == 1
    assert len(client.replies()) == client.findings.gaps + client.findings.divergences


@given(messages=st.lists(st.binary(max_size=40) | st.text(max_size=40).map(str.encode), max_size=5), codec=CODECS)
@settings(deadline=None)
def test_no_bytes_make_a_client_raise(messages: list[bytes], codec: Codec) -> None:
    """Whatever a node sends, the client counts it and goes on."""
    client, mirror = joined(codec, {}, {0})
    for message in messages:
        client.receive(message, 0.0)
    assert client.findings.divergences == len(messages)
    assert held(mirror) == {}


def test_states_of_one_history_share_a_schema() -> None:
    """The rows that the strategies draw fit the schema, or the properties above would prove nothing."""
    assert Lexicon(bay.SCHEMA).width(bay.BOAT) == 3
