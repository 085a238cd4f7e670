"""The timeline of a run, and its columns in the report."""

from __future__ import annotations

from client_bot.columns import ResumeGap, columns_of
from client_bot.timeline import KEPT_GAPS, MOST_STEPS, Timeline


def timeline(*answers: tuple[float, str, float], began_s: float = 100.0) -> Timeline:
    """A timeline with one command sent and answered at each (second from the beginning, node, time it took)."""
    made = Timeline(began_s)
    for at_s, node, took_s in answers:
        made.sent(began_s + at_s)
        made.answered(node, took_s, began_s + at_s)
    return made


def test_each_second_has_its_own_row() -> None:
    """What happens in a second counts there, by node; a second without answers has no latency."""
    columns = columns_of(timeline((0.2, "a", 0.010), (0.9, "b", 0.030), (2.0, "a", 0.020)))
    assert columns.step_s == 1.0
    assert columns.sent == columns.answered == [2, 0, 1]
    assert columns.answered_by_node == {"a": [1, 0, 1], "b": [1, 0, 0]}
    assert columns.p99_ms == [30.0, None, 20.0]
    assert columns.p50_ms[1] is None


def test_a_long_run_keeps_its_size_and_its_sums() -> None:
    """Past the bound steps are put together, pair by pair; nothing is lost and nothing moves."""
    long = timeline(*((float(second), "a", 0.001) for second in range(3 * MOST_STEPS)))
    columns = columns_of(long)
    assert columns.step_s == 4.0
    assert columns.sent == [4] * (3 * MOST_STEPS // 4)
    assert sum(columns.answered_by_node["a"]) == 3 * MOST_STEPS


def test_timelines_that_began_together_add_up() -> None:
    """Also when one of them has longer steps, and whichever takes the other in."""
    late = float(MOST_STEPS)
    for first, second in ((0.5, late), (late, 0.5)):
        both = timeline((first, "a", 0.010))
        both.merge(timeline((second, "b", 0.050), began_s=7.0))
        columns = columns_of(both)
        assert columns.step_s == 2.0
        assert columns.sent == [1, *[0] * (MOST_STEPS // 2 - 1), 1]
        assert {node: sum(counts) for node, counts in columns.answered_by_node.items()} == {"a": 1, "b": 1}


def test_the_longest_gaps_are_kept() -> None:
    """As many as there is room for, with their times; short ones give way."""
    made = timeline()
    for number in range(KEPT_GAPS + 50):
        made.returned(noticed_s=number / 1000, now_s=101.5)
    gaps = columns_of(made).resume_gaps
    assert len(gaps) == KEPT_GAPS
    assert gaps[0] == ResumeGap(1.5, 50.0)
    assert gaps[-1] == ResumeGap(1.5, KEPT_GAPS + 49.0)


def test_the_last_second_is_one_that_is_over() -> None:
    """The running second is not shown, for it has not all of its answers."""
    made = timeline((0.5, "a", 0.010), (1.5, "b", 0.010))
    assert not made.last(100.9).answers
    assert made.last(101.6).answers == {"a": 1}
    assert made.last(102.0).answers == {"b": 1}
    assert not made.last(104.0).answers
