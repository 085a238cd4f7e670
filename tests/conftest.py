"""Rules for all tests: where ``OARLOCK_SKIP_NOTHING`` is set (CI), a skipped test is a failure."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# How fast a shared machine draws examples says nothing about the code under test.
settings.register_profile("oarlock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("oarlock")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the run if something was skipped where nothing may be."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if skipped and os.environ.get("OARLOCK_SKIP_NOTHING"):
        reporter.write_line(f"{len(skipped)} tests were skipped where nothing may be", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
