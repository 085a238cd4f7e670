"""INFO, read; and servers that are not fit."""

from __future__ import annotations

import pytest

from shared_state.errors import StoreError
from shared_state.redis.server_info import check_fit, describe, parse_info

VALKEY = (
    "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\n"
    "# CPU\r\nused_cpu_sys:1.5\r\nused_cpu_user:2.25\r\n"
)


def test_valkey_is_told_from_redis() -> None:
    """Valkey also says which Redis it is like."""
    server = describe(parse_info(VALKEY))
    assert (server.kind, server.version, server.cpu_s) == ("valkey", "9.1.2", 3.75)
    assert describe({"redis_version": "7.0.15"}).kind == "redis"


@pytest.mark.parametrize("fields", [{"redis_version": "7.0.0"}, {"redis_version": "10.1"}, parse_info(VALKEY)])
def test_a_fit_server(fields: dict[str, str]) -> None:
    """New enough, with or without a bound on its memory."""
    check_fit(fields)
    check_fit(fields | {"maxmemory": "100", "maxmemory_policy": "noeviction"})
    check_fit(fields | {"maxmemory": "0", "maxmemory_policy": "allkeys-lru"})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"redis_version": "6.2.14"}, "too old"),
        ({}, "too old"),
        ({"redis_version": "7.0.15", "maxmemory": "100", "maxmemory_policy": "allkeys-lru"}, "noeviction"),
    ],
)
def test_an_unfit_server_is_refused(fields: dict[str, str], reason: str) -> None:
    """The error says what to change."""
    with pytest.raises(StoreError, match=reason):
        check_fit(fields)
