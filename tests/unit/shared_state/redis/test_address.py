"""Store URLs, and the commands that a connection opens with."""

from __future__ import annotations

import pytest

from shared_state.errors import StoreError
from shared_state.redis.address import StoreAddress


def test_a_tcp_url() -> None:
    """Host, port, database, user and password; the password stays out of the text."""
    address = StoreAddress.from_url("redis://ann:s3cret@store.example:7000/2")
    assert (address.host, address.port, address.path) == ("store.example", 7000, "")
    assert address.greeting() == [("HELLO", 3, "AUTH", "ann", "s3cret", "SETNAME", "oarlock"), ("SELECT", 2)]
    assert str(address) == "store.example:7000"
    assert "s3cret" not in repr(address)


def test_defaults() -> None:
    """The least that a URL can say."""
    address = StoreAddress.from_url("redis://")
    assert (address.host, address.port) == ("localhost", 6379)
    assert address.greeting() == [("HELLO", 3, "SETNAME", "oarlock")]


def test_a_password_without_a_user_is_of_the_default_user() -> None:
    """As in redis-py."""
    greeting = StoreAddress.from_url("redis://:pw@h").greeting()
    assert greeting == [("HELLO", 3, "AUTH", "default", "pw", "SETNAME", "oarlock")]


def test_a_unix_url() -> None:
    """A path, and the database as a parameter."""
    address = StoreAddress.from_url("unix:///run/store.sock?db=1", client_name="node-3")
    assert (address.path, str(address)) == ("/run/store.sock", "/run/store.sock")
    assert address.greeting() == [("HELLO", 3, "SETNAME", "node-3"), ("SELECT", 1)]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://h", "store URL"),
        ("", "store URL"),
        ("redis://h:70000", "its port"),
        ("redis://h?colour=red", "no option colour"),
        ("redis://h?ssl_ca_certs=ca.pem", "rediss:// only"),
        ("rediss://h?ssl_ca_certs=/nonexistent.pem", "CA file /nonexistent.pem: No such file"),
        ("rediss://h?ssl_certfile=/nonexistent.pem", "client certificate /nonexistent.pem: No such file"),
    ],
)
def test_what_is_no_store_is_refused(url: str, reason: str) -> None:
    """The error says why."""
    with pytest.raises(StoreError, match=reason):
        StoreAddress.from_url(url)


def test_a_password_that_breaks_the_url_is_not_told() -> None:
    """What is taken for a port is the rest of the password."""
    with pytest.raises(StoreError, match="%2F") as caught:
        StoreAddress.from_url("redis://:s3cr/et@h")
    assert "s3cr" not in str(caught.value)
