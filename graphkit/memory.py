"""How much memory this process may still take: what the machine has left, and what a container or a batch job is allowed."""

from __future__ import annotations

from pathlib import Path

__all__ = ["available_bytes"]


def available_bytes(root: Path = Path("/")) -> int | None:
    """The smaller of the two; None where the system (other than Linux) does not say. ``root`` has ``proc`` and ``sys``."""
    known = [left for left in (_of_machine(root), *_of_groups(root)) if left is not None]
    return max(min(known), 0) if known else None


def _of_machine(root: Path) -> int | None:
    for line in _lines(root / "proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return 1024 * int(line.split()[1])
    return None


def _of_groups(root: Path) -> list[int | None]:
    """What each control group that the process is in has left, version 1 or 2, up to the outermost."""
    left = []
    for line in _lines(root / "proc/self/cgroup"):
        number, controllers, path = line.split(":", 2)
        if number == "0":
            top, files = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top, files = (
                root / "sys/fs/cgroup/memory",
                ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
            )
        else:
            continue
        inside = top / path.strip("/")
        left += [_left(folder, *files) for folder in (inside, *inside.parents) if folder.is_relative_to(top)]
    return left


def _left(folder: Path, limit: str, used: str, reclaimed: str) -> int | None:
    """Files that were read lie in memory, too, and make room when it is wanted."""
    allowed, taken = (next(iter(_lines(folder / name)), "max") for name in (limit, used))
    if "max" in (allowed, taken):
        return None
    cached = [int(line.split()[1]) for line in _lines(folder / "memory.stat") if line.split()[0] == reclaimed]
    return int(allowed) - int(taken) + sum(cached)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
