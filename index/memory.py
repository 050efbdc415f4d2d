"""How much memory this program may use: the machine's, or less where it runs in a container that is allowed less."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_GROUPS = Path("/proc/self/cgroup")
_MOUNTED = Path("/sys/fs/cgroup")


def memory() -> int:
    """Bytes, of which other programs may take a part."""
    return min([os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), *_allowed()])


def _allowed() -> Iterator[int]:
    """What each group of processes that this one is in may use, on Linux: `cgroups(7)`, version 1 and 2."""
    lines = _GROUPS.read_text().splitlines() if _GROUPS.exists() else []
    for _, kinds, place in (line.split(":", 2) for line in lines):
        if kinds and "memory" not in kinds.split(","):
            continue
        root, name = (_MOUNTED / "memory", "memory.limit_in_bytes") if kinds else (_MOUNTED, "memory.max")
        group = root / place.lstrip("/")
        for folder in (group, *group.parents):  # in a container its own group is mounted as the root
            with suppress(OSError, ValueError):  # "max"
                yield int((folder / name).read_text())
