"""Why connections end. A value only."""

from __future__ import annotations

import attrs


@attrs.frozen
class CloseReason:
    """Why a connection ended: code (1006 if it was lost without a Close frame) and text."""

    code: int
    reason: str = ""
