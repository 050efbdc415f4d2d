"""Files by path or pattern: those that are new or have changed since they were read."""

import glob
import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from index.origins.batch import Batch, Cursor
from index.sources import Row, check, rows
from recsys.errors import SourceError

_Stamp = list[int | str]  # bytes, nanoseconds since 1970 of the last write, SHA-256


class Files:
    """The files of a path or of a pattern such as `out/**/*.jsonl.gz`, those written first before others.

    The cursor holds size, time and SHA-256 of each file. A new time alone only costs reading the file once.

    Args:
        pattern: a file that must be there, or a pattern, of which there may be none yet.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def batches(self, cursor: Cursor) -> Iterator[Batch]:
        """One batch a file. Raises SourceError, before any, for a file that is missing or of an unknown kind."""
        known = dict(cursor)
        paths = self._paths()
        for path in paths:
            check(path)
        for gone in known.keys() - {str(path) for path in paths}:
            del known[gone]
        for path in paths:
            written = _written(path)
            before = known.get(str(path), [None, None, ""])
            if before[:2] == written:
                continue
            digest = _digest(path)
            yield _batch(path, () if before[2] == digest else rows(path), [*written, digest], known)

    def _paths(self) -> list[Path]:
        literal = Path(self._pattern)
        if literal.is_file() or not glob.has_magic(self._pattern):
            return [literal]
        found = (Path(name) for name in glob.glob(self._pattern, recursive=True))  # noqa: PTH207 (Path has no absolute)
        return sorted((path for path in found if path.is_file()), key=lambda path: (_written(path)[1], str(path)))


def _batch(path: Path, found: Iterable[Row], stamp: _Stamp, known: dict[str, object]) -> Batch:
    def after(_latest: datetime | None) -> Cursor:
        if _written(path) == stamp[:2]:  # else it was written to meanwhile and is read again
            known[str(path)] = stamp
        return dict(known)

    return Batch(str(path), found, after)


def _written(path: Path) -> list[int]:
    try:
        found = path.stat()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    return [found.st_size, found.st_mtime_ns]


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
