"""Files held in memory, as a server with enough of it holds what it serves: no request waits for the disk."""

import mmap
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

_MOST = 0.5  # of the memory that is available
_LOCKED = 0x2000  # MAP_LOCKED of Linux on x86 and ARM: read to its end, and kept until it is unmapped


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """The block, with the files of this folder in memory; says whether they are.

    They are not where they would take more than half of what is available, nor where the system does not allow it.
    """
    files = [path for path in folder.iterdir() if path.is_file() and path.stat().st_size]
    room = _MOST * psutil.virtual_memory().available
    if sys.platform != "linux" or sum(path.stat().st_size for path in files) > room:
        yield False
        return
    with ExitStack() as stack:
        try:
            for path in files:
                stack.enter_context(_mapped(path))
        except OSError:  # more than this user may lock
            stack.close()
            yield False
        else:
            yield True


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, flags=mmap.MAP_SHARED | _LOCKED, prot=mmap.PROT_READ)
