"""The two clocks of the front: when a round may begin, and when silence is too long."""

from __future__ import annotations

from server.net.keepalive import Keepalive, Step
from server.net.pace import Pace


def test_idle_hub_never_waits() -> None:
    """A message now and then is served at once."""
    pace = Pace(0.004)
    for second in range(20):
        assert pace.delay_s(float(second)) == 0.0
        pace.record(float(second), 1)


def test_loaded_hub_waits_for_the_rest_of_the_pause_and_no_longer() -> None:
    """Under load rounds are spaced by the pause, counted from the last one."""
    pace, now_s = Pace(0.004), 0.0
    for _ in range(100):
        now_s += 0.001
        pace.record(now_s, 5)
    assert 0.0029 < pace.delay_s(now_s + 0.001) < 0.0031
    assert pace.delay_s(now_s + 0.004) == 0.0


def test_quiet_spell_ends_the_waiting() -> None:
    """After a second of silence the load is forgotten."""
    pace = Pace(0.004)
    for step in range(100):
        pace.record(step * 0.001, 5)
    pace.record(2.0, 1)
    assert pace.delay_s(2.0) == 0.0


def test_no_pause_no_wait() -> None:
    """Without a pause there is no delay at any load."""
    pace = Pace(0.0)
    for step in range(100):
        pace.record(step * 0.0001, 100)
    assert pace.delay_s(0.01) == 0.0


def test_silence_is_pinged_once_then_given_up() -> None:
    """One Ping after the interval, the end after the timeout behind it."""
    keepalive = Keepalive(20, 20, heard_s=0)
    steps = [keepalive.tick(now_s, was_heard=False) for now_s in (10, 20, 21, 39, 40)]
    assert steps == [Step.NOTHING, Step.PING, Step.NOTHING, Step.NOTHING, Step.GIVE_UP]


def test_sign_of_life_starts_over() -> None:
    """Whatever is heard counts, and the next silence gets its own Ping."""
    keepalive = Keepalive(20, 20, heard_s=0)
    assert keepalive.tick(20, was_heard=False) is Step.PING
    assert keepalive.tick(21, was_heard=True) is Step.NOTHING
    assert [keepalive.tick(now_s, was_heard=False) for now_s in (40, 41)] == [Step.NOTHING, Step.PING]
