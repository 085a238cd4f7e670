"""What a process uses, as Linux tells."""

from __future__ import annotations

from pathlib import Path


def memory_kb(pid: int) -> float:
    """Resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def waited_s(pid: int) -> float:
    """How long a process, or rather its first thread, has waited for a processor."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
