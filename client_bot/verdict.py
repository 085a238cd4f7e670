"""Judges a run: PASS or FAIL, with the reasons in plain words.

Pure. Invariant: FAIL has at least one reason, PASS has none; a run in which bots did not take part is no PASS.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from client_bot.result import SwarmResult

Verdict: TypeAlias = Literal["PASS", "FAIL"]
SHOWN = 5


def verdict(result: SwarmResult) -> tuple[Verdict, list[str]]:
    """The verdict on what the bots saw, and why it is FAIL."""
    reasons = [*result.troubles, *_counted(result), *_absent(result), *_unsettled(result)]
    return ("FAIL" if reasons else "PASS"), reasons


def _counted(result: SwarmResult) -> list[str]:
    tally = result.tally
    counts = [
        (result.divergences, "times a view diverged from the node's"),
        (result.gaps, "times a message built on something never sent"),
        (tally.lost, "commands were never answered"),
        (tally.doubled, "answers came twice or to no command"),
        (tally.stale_acks, "commits were acknowledged before they were visible"),
    ]
    findings = [f"{bot.name} on {bot.node}: {finding}" for bot in result.bots for finding in bot.findings]
    return [f"{count} {what}" for count, what in counts if count] + findings[:SHOWN]


def _absent(result: SwarmResult) -> list[str]:
    never = [bot for bot in result.bots if not bot.session]
    dismissed = [bot for bot in result.bots if bot.dismissed]
    reasons: list[str] = []
    if never:
        ending = f"; {never[0].name}: {never[0].last_ending or 'no answer'}"
        reasons.append(f"{len(never)} of {len(result.present) + result.departed} bots never got in{ending}")
    reasons += [f"{bot.name} was dismissed: {bot.dismissed}" for bot in dismissed[:SHOWN]]
    if result.tally.sent and not (result.tally.acknowledged or result.tally.rejected):
        reasons.append("no command was acknowledged")
    return reasons


def _unsettled(result: SwarmResult) -> list[str]:
    # Views that still change may stand between two messages of one flush: comparing them would accuse the innocent.
    reasons = result.disagreements()[:SHOWN] if result.is_quiet else []
    suspect = sum(bot.is_suspect for bot in result.bots if bot.is_online)
    if suspect:
        reasons.append(f"{suspect} bots ended with a view that was never repaired")
    return reasons
