"""A behaviour with a bad line: it plays like a hoarder, and its connection breaks off every few seconds."""

from __future__ import annotations

from client_bot.brains.hoarder import Hoarder


class Flapper(Hoarder):
    """Resumes each time, wherever the proxy sends it."""

    breaks_off_after_s = 4.0
