"""How a running swarm is shown: live on a terminal, in plain lines elsewhere."""

from __future__ import annotations

import io
from collections import Counter

import attrs
from rich.console import Console

from client_bot.moment import Moment, together
from client_bot.progress import ConsoleProgress
from client_bot.tally import Tally
from client_bot.timeline import Step


def second(*took_ms: float, node: str = "node1") -> Step:
    """A second with answers of one node."""
    step = Step(sent=len(took_ms), answers=Counter({node: len(took_ms)}))
    for took in took_ms:
        step.took.add(took / 1000)
    return step


MOMENT = Moment(
    at_s=1.0,
    until_s=60.0,
    bots=4,
    online=3,
    bots_per_node=Counter(node1=2, node2=1),
    tally=Tally(sent=9),
    findings=0,
    last=second(4.0, 12.0, 12.0),
    step_s=1.0,
    is_settling=False,
)


def shown(*moments: Moment, notes: tuple[str, ...] = (), terminal: bool = False) -> str:
    """What is written for some moments and notes."""
    out = io.StringIO()
    with ConsoleProgress(Console(file=out, width=160, force_terminal=terminal)) as progress:
        for note in notes:
            progress.note(0.5, note)
        for moment in moments:
            progress.show(moment)
    return out.getvalue()


def test_without_a_terminal_there_is_a_plain_line_now_and_then() -> None:
    """Lines have no control characters and come every few seconds only; what happens is told at once."""
    text = shown(*(attrs.evolve(MOMENT, at_s=at_s) for at_s in (0.0, 1.0, 6.0)), notes=("kill node2",))
    lines = text.splitlines()
    assert lines[0] == "  0.5 s  kill node2"
    assert len(lines) == 3
    assert "bots 3/4" in lines[2]
    assert "p50 12 ms" in lines[2]
    assert "node1 3/s, node2 0/s" in lines[2]
    assert "\x1b" not in text


def test_a_terminal_shows_rates_times_and_what_happened() -> None:
    """Time, bots, each node's rate, how long answers took, and the latest notes."""
    text = shown(MOMENT, notes=tuple(f"kill node{number}" for number in range(9)), terminal=True)
    for part in ("3 of 4 bots", "node1", "node2", "≤20", "███", "kill node8"):
        assert part in text
    assert "kill node2" not in text


def test_an_endless_run_has_no_bar() -> None:
    """Where there is no end, nothing is said of how near it is."""
    assert "━" in shown(MOMENT, terminal=True)
    assert "━" not in shown(attrs.evolve(MOMENT, until_s=1e9), terminal=True)


def test_names_are_text() -> None:
    """A node's name takes no effect on the terminal, as markup or as control characters."""
    name = "[bold red]x\x1b[2Jy"
    moment = attrs.evolve(MOMENT, bots_per_node=Counter({name: 1}), last=second(1.0, node=name))
    for text in (shown(moment), shown(moment, notes=(name,)), shown(moment, notes=(name,), terminal=True)):
        assert "[bold red]x�[2Jy" in text
        assert "\x1b[2J" not in text


def test_a_quiet_second_is_shown_as_one() -> None:
    """Without an answer there is no time, and no error."""
    assert "p50 -" in shown(attrs.evolve(MOMENT, last=Step(), bots_per_node=Counter()))
    assert "3 of 4 bots" in shown(attrs.evolve(MOMENT, last=Step(), bots_per_node=Counter()), terminal=True)


def test_swarms_that_run_together_are_shown_as_one() -> None:
    """Counts add up, also those by node; the display settles when all do."""
    other = attrs.evolve(MOMENT, at_s=1.5, last=second(8.0, node="node2"), tally=Tally(sent=1), is_settling=True)
    both = together([MOMENT, other])
    assert (both.at_s, both.bots, both.online, both.tally.sent) == (1.5, 8, 6, 10)
    assert both.bots_per_node == {"node1": 4, "node2": 2}
    assert (both.rate("node1"), both.rate("node2")) == (3, 1)
    assert both.last.took.count == 4
    assert not both.is_settling
    assert MOMENT.last.took.count == 3
