"""Error replies by their code."""

from __future__ import annotations

import pytest

from shared_state.errors import StoreError, StoreUnavailable
from shared_state.redis.replies import Elsewhere, MissingScript, translate


@pytest.mark.parametrize("code", ["LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY"])
def test_passing_trouble_is_unavailable(code: str) -> None:
    """The same server may answer soon."""
    error = translate(f"{code} please wait")
    assert type(error) is StoreUnavailable
    assert str(error) == f"{code} please wait"


@pytest.mark.parametrize("code", ["READONLY", "MOVED", "ASK"])
def test_another_server_is_elsewhere(code: str) -> None:
    """Asking this one again is of no use."""
    assert type(translate(f"{code} 1 host:1")) is Elsewhere


@pytest.mark.parametrize("code", ["OOM", "MISCONF", "NOPERM", "WRONGTYPE", "ERR", "NOREPLICAS", "EXECABORT"])
def test_refusals_are_store_errors(code: str) -> None:
    """No effect, and trying again does not help by itself."""
    error = translate(f"{code} because")
    assert type(error) is StoreError
    assert str(error) == f"{code} because"


def test_a_missing_script_is_its_own_error() -> None:
    """So that it can be brought."""
    assert type(translate("NOSCRIPT No matching script.")) is MissingScript
