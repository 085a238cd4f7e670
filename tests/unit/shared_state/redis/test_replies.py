"""Error replies by their code."""

from __future__ import annotations

import pytest

from shared_state.errors import StoreError, StoreUnavailable
from shared_state.redis.replies import Demoted, MissingScript, Redirected, translate


@pytest.mark.parametrize("code", ["LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY"])
def test_passing_trouble_is_unavailable(code: str) -> None:
    """The same server may answer soon."""
    error = translate(f"{code} please wait")
    assert type(error) is StoreUnavailable
    assert str(error) == f"{code} please wait"


def test_a_replica_was_demoted() -> None:
    """Asking on this connection again is of no use."""
    assert type(translate("READONLY You can't write against a read only replica.")) is Demoted


@pytest.mark.parametrize(
    ("text", "host", "port", "once"),
    [
        ("MOVED 3999 127.0.0.1:6381", "127.0.0.1", 6381, False),
        ("ASK 3999 store.example:6381", "store.example", 6381, True),
        ("MOVED 3999 ::1:6381", "::1", 6381, False),
        ("MOVED 3999 :6381", "", 6381, False),
    ],
)
def test_a_redirection_says_where_to_ask(text: str, host: str, port: int, once: bool) -> None:
    """Which slot, at which server, and whether for good."""
    error = translate(text)
    assert isinstance(error, Redirected)
    assert (error.slot, error.host, error.port, error.once) == (3999, host, port, once)


@pytest.mark.parametrize("code", ["OOM", "MISCONF", "NOPERM", "WRONGTYPE", "ERR", "NOREPLICAS", "EXECABORT"])
def test_refusals_are_store_errors(code: str) -> None:
    """No effect, and trying again does not help by itself."""
    error = translate(f"{code} because")
    assert type(error) is StoreError
    assert str(error) == f"{code} because"


def test_a_missing_script_is_its_own_error() -> None:
    """So that it can be brought."""
    assert type(translate("NOSCRIPT No matching script.")) is MissingScript
