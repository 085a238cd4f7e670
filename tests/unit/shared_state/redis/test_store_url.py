"""URLs of the store, whatever stands behind them."""

from __future__ import annotations

import pytest

from shared_state.errors import StoreError
from shared_state.redis.store_url import Shape, read_store_url


def test_one_server() -> None:
    """As redis-py reads it."""
    for url in ("redis://h:1/2", "unix:///run/store.sock", "rediss://h"):
        found = read_store_url(url, "node")
        assert (found.shape, len(found.addresses)) == (Shape.SERVER, 1)
    assert read_store_url("rediss://h", "node").addresses[0].tls is not None


def test_sentinels() -> None:
    """Several hosts, the primary's name, a database; the Sentinels have a password of their own."""
    found = read_store_url(
        "redis+sentinel://ann:pw@a:1,b/flotsam/2?sentinel_username=guard&sentinel_password=s3cret", "node"
    )
    assert (found.shape, found.primary) == (Shape.SENTINEL, "flotsam")
    assert [(address.host, address.port) for address in found.addresses] == [("a", 1), ("b", 26379)]
    assert {(a.username, a.password, a.db, a.client_name) for a in found.addresses} == {("ann", "pw", 2, "node")}
    assert (found.sentinel_user, found.sentinel_password) == ("guard", "s3cret")
    assert "s3cret" not in repr(found)
    assert "pw" not in repr(found)


def test_a_cluster() -> None:
    """Some of its nodes; all of them are expected to be nodes of a cluster."""
    found = read_store_url("rediss+cluster://:pw@a:1,b:2", "node")
    assert (found.shape, [str(address) for address in found.addresses]) == (Shape.CLUSTER, ["a:1", "b:2"])
    assert all(address.clustered and address.tls for address in found.addresses)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://h", "it has to be redis://"),
        ("redis+ring://h", "it has to be redis://"),
        ("unix+cluster:///x", "it has to be redis://"),
        ("redis+sentinel://h:1", "name that the Sentinels have"),
        ("redis+sentinel:///flotsam", "names no host"),
        ("redis+cluster://", "names no host"),
        ("redis+cluster://h:1/3", "no databases"),
        ("redis+cluster://h:1,h:x", "its port"),
        ("redis+sentinel://h/flotsam?colour=red", "no option colour"),
    ],
)
def test_what_is_none(url: str, reason: str) -> None:
    """The error says what is wrong."""
    with pytest.raises(StoreError, match=reason):
        read_store_url(url, "node")
