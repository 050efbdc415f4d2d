"""Has anybody written to the store? A look that is cheap enough for every request.

SQLite keeps a number that changes, for one connection, whenever another connection of any process has committed. To ask
for it takes about 4 µs, waits for nobody, and reads no page of the file.
"""

import sqlite3
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


class Watch:
    """Looks at one SQLite file, from one thread at a time.

    Args:
        path: the file; it is opened at the first look, and is never written to.
    """

    def __init__(self, path: Path) -> None:
        self._address = f"{path.absolute().as_uri()}?mode=ro"
        self._connection: sqlite3.Connection | None = None
        self._seen: int | None = None

    @classmethod
    def of(cls, url: str) -> "Watch | None":
        """A watch over the store at an SQLAlchemy URL; None where it is no SQLite file."""
        try:
            address = make_url(url)
        except ArgumentError:
            return None
        return cls(Path(address.database)) if address.get_backend_name() == "sqlite" and address.database else None

    def changed(self) -> bool:
        """Whether something was written since the last call; true at the first. A file that cannot be read says no."""
        try:
            found = self._version()
        except sqlite3.Error:
            return False
        if found == self._seen:
            return False
        self._seen = found
        return True

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()

    def _version(self) -> int:
        if self._connection is None:
            # it is closed by another thread than the one that looks; a timeout of 0 waits for no writer
            self._connection = sqlite3.connect(
                self._address, uri=True, timeout=0, isolation_level=None, check_same_thread=False
            )
        ((version,),) = self._connection.execute("PRAGMA data_version")  # read to its end, so that no lock is kept
        return int(version)
