"""Node.js for the browser's modules: the one that Playwright brings, so that it is there and has a WebSocket."""

from __future__ import annotations

from pathlib import Path

import playwright

NODE = str(Path(playwright.__file__).parent / "driver" / "node")
