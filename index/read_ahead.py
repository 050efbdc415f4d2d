"""Files that will be looked into all over are read once from front to end, while the night does something else.

To look here and there in a mapped file costs a wait for the disk each time; a disk reads a whole file sooner than a
tenth of it in pieces.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Thread

from index.memory import memory

_BYTES = 2**20


def read_ahead(files: Iterable[Path], most: int | None = None) -> Thread:
    """A thread that has the system read these files into its cache, in their order, up to `most` bytes in all.

    Args:
        files: one that cannot be read is passed over; whoever needs it will say so.
        most: three quarters of the memory by default, as what does not fit would drive out what was read before.
    """
    if most is None:
        most = memory() // 4 * 3
    reader = Thread(target=_read, args=(list(files), most), name="read-ahead", daemon=True)
    reader.start()
    return reader


def _read(files: list[Path], most: int) -> None:
    room, buffer = most, bytearray(_BYTES)
    for file in files:
        with suppress(OSError), file.open("rb", buffering=0) as opened:
            while room > 0 and (read := opened.readinto(buffer)):
                room -= read
