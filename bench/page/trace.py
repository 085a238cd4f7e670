"""What a trace of Chromium's tells about a page: its frames, and the time that scripts took.

Pure: reads the events of a trace (the *Trace Event Format*, complete events in microseconds) and adds up. Counts the
thread's own time where the browser gives it: what other programs took of the processor is not the page's.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import attrs

FRAME = "FireAnimationFrame"
SCRIPTS = (FRAME, "FunctionCall", "EvaluateScript", "TimerFire")
SCREEN_HZ = 60
COLLECTIONS = ("MinorGC", "MajorGC")


@attrs.frozen
class PageCost:
    """What the page's thread does, in milliseconds.

    Args:
        frames_per_s: as painted here.
        frame_p50_ms, frame_p95_ms: scripts of one frame.
        between_ms_per_s: scripts of messages and timers.
        script_per_frame_ms: all of it, for a frame of a screen that shows 60 a second.
        collection_ms_per_s: collecting garbage.
    """

    frames_per_s: float
    frame_p50_ms: float
    frame_p95_ms: float
    between_ms_per_s: float
    script_per_frame_ms: float
    collection_ms_per_s: float


def cost_of(events: Sequence[dict[str, Any]]) -> PageCost:
    """The cost of the page whose thread painted the frames. Raises: ValueError, when there are fewer than twenty."""
    threads = [(event["pid"], event["tid"]) for event in events if event.get("name") == FRAME]
    if not threads:
        raise ValueError("no frames in the trace")
    busiest = max(set(threads), key=threads.count)
    spans = [event for event in events if event.get("ph") == "X" and (event.get("pid"), event.get("tid")) == busiest]
    frames = [event for event in spans if event["name"] == FRAME]
    if len(frames) < 20:
        raise ValueError(f"only {len(frames)} frames in the trace")
    lengths = sorted(own_us(event) / 1000 for event in frames)
    elapsed_s = (frames[-1]["ts"] - frames[0]["ts"]) / 1e6
    frames_us = sum(own_us(event) for event in frames)
    between_ms_per_s = (outermost_us(spans, SCRIPTS) - frames_us) / 1000 / elapsed_s
    return PageCost(
        frames_per_s=round((len(frames) - 1) / elapsed_s, 1),
        frame_p50_ms=round(statistics.median(lengths), 2),
        frame_p95_ms=round(lengths[int(0.95 * (len(lengths) - 1))], 2),
        between_ms_per_s=round(between_ms_per_s, 1),
        script_per_frame_ms=round(frames_us / 1000 / len(frames) + between_ms_per_s / SCREEN_HZ, 2),
        collection_ms_per_s=round(outermost_us(spans, COLLECTIONS) / 1000 / elapsed_s, 2),
    )


def outermost_us(spans: Sequence[dict[str, Any]], names: Sequence[str]) -> float:
    """The thread's time within spans of these names, those within others of them left out."""
    total = end = 0.0
    for span in sorted((span for span in spans if span["name"] in names), key=lambda span: span["ts"]):
        if span["ts"] >= end:
            total += own_us(span)
            end = span["ts"] + span["dur"]
    return total


def own_us(span: dict[str, Any]) -> float:
    """The thread's own time in a span; where it is not given, the time that passed."""
    return float(span.get("tdur", span["dur"]))
