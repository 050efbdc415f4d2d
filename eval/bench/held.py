"""Files held in memory, as a server with enough of it holds what it serves: no request waits for the disk."""

import mmap
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_LOCKED = 0x2000  # MAP_LOCKED of Linux on x86 and ARM: read to its end, and kept until it is unmapped


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """The block, with the files of this folder in memory; says whether they are, which not every system allows."""
    with ExitStack() as stack:
        try:
            for path in folder.iterdir() if sys.platform == "linux" else ():
                if path.is_file() and path.stat().st_size:
                    stack.enter_context(_mapped(path))
        except OSError:  # more than this user may lock
            stack.close()
            yield False
        else:
            yield sys.platform == "linux"


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, flags=mmap.MAP_SHARED | _LOCKED, prot=mmap.PROT_READ)
