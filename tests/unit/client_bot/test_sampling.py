"""Views that are copied on the way: each is of one version, all of it."""

from __future__ import annotations

import pytest

from client_bot.client import Client
from client_bot.diary import View
from client_bot.sampling import EVERY_S, Sampling
from server.wire import messages as wire
from server.wire.codec import MSGPACK
from tests.unit.client_bot import bay

CELL = 10


@pytest.fixture
def client() -> Client:
    """A client that has joined."""
    client = Client(MSGPACK, "Ada", resumes=True)
    client.hello()
    client.receive(MSGPACK.encode(bay.welcome()), 0.0)
    return client


def take(sampling: Sampling, *messages: wire.ToClient, now_s: float = 10.0) -> None:
    """Hands messages to the client as a bot does."""
    for message in messages:
        sampling.before("a", now_s)
        sampling.client.receive(MSGPACK.encode(message), now_s)
        sampling.after(now_s)


def boat(number: int) -> wire.CellContent:
    """A cell with one entity."""
    return wire.CellContent(CELL, [wire.EntityRow(number, bay.CRATE, [1.0, 2.0, 3])])


def test_a_view_is_kept_when_the_next_version_begins(client: Client) -> None:
    """All messages of its version are in it, nothing of the next one is, and some time passes until another."""
    views: list[View] = []
    sampling = Sampling(client, views, due_s=5.0)
    take(sampling, wire.Cells(1, [boat(1)], []), wire.Delta(2, []), wire.Cells(2, [boat(2)], []), now_s=1.0)
    assert client.mirror is not None
    whole = client.mirror.digest(CELL)
    take(sampling, wire.Cells(3, [boat(3)], []))
    assert views == [View("Ada", "a", "e1", 2, {CELL: whole}, is_whole=True)]
    take(sampling, wire.Delta(4, []), wire.Delta(5, []))
    assert len(views) == 1
    take(sampling, wire.Delta(6, []), wire.Delta(7, []), now_s=10.0 + EVERY_S)
    assert len(views) == 2


def test_a_view_that_a_reset_announced_is_not_taken_for_whole(client: Client) -> None:
    """After a reset the old content stands under the new version, until what differs has come."""
    views: list[View] = []
    sampling = Sampling(client, views, due_s=0.0)
    take(sampling, wire.Cells(1, [boat(1)], []), wire.Reset("e2", 9, "lost", keep=True))
    assert [view.version for view in views] == [1]
    views.clear()
    sampling.due_s = 0.0
    take(sampling, wire.Delta(12, []))
    assert views == []
    take(sampling, wire.Delta(13, []))
    assert [(view.epoch, view.version) for view in views] == [("e2", 12)]
