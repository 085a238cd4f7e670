"""Why connections end. Values only.

Codes 4000-4499 invite the client to come back, 4500-4999 do not; below that RFC 6455 rules.
"""

from __future__ import annotations

import attrs

NO_CODE = 1005
LOST = 1006
POLICY_VIOLATION = 1008
MESSAGE_TOO_BIG = 1009
TOO_SLOW = 4008


@attrs.frozen
class CloseReason:
    """Why a connection ended; code 1006 if it was lost without a Close frame."""

    code: int
    reason: str = ""
