"""How many cores this process may use."""

from __future__ import annotations

import os

__all__ = ["cores_available"]


def cores_available() -> int:
    """The cores that this process may use, which in a container or a batch job are fewer than the machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
