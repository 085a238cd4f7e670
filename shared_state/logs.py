"""Where this library's log lines go: to the standard library's logger ``shared_state``, silent until somebody listens.

structlog left alone prints to standard output, which belongs to the program that uses the library. Lines are made by
structlog as it is configured. Invariant: importing this configures nothing.
"""

from __future__ import annotations

import logging

import structlog

LOGGER = "shared_state"

_logger = logging.getLogger(LOGGER)
_logger.addHandler(logging.NullHandler())
log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(_logger)
