"""Files by path or pattern: those that are new or have changed since they were read."""

import glob
import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from index.origins.batch import Batch, Cursor
from index.sources import check, rows
from recsys.errors import SourceError

_Stamp = list[int]  # bytes, and nanoseconds since 1970 of the last write


class Files:
    """The files of a path or of a pattern such as `out/**/*.jsonl.gz`, the longest written first.

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
            stamp = _stamp(path)
            before = known.get(str(path), [None, None, ""])
            if before[:2] == stamp:
                continue
            digest = _digest(path)
            if before[2] == digest:
                known[str(path)] = [*stamp, digest]
            else:
                yield _batch(path, stamp, digest, known)

    def _paths(self) -> list[Path]:
        literal = Path(self._pattern)
        if literal.is_file() or not glob.has_magic(self._pattern):
            return [literal]
        found = (Path(name) for name in glob.glob(self._pattern, recursive=True))  # noqa: PTH207 (Path has no absolute)
        return sorted((path for path in found if path.is_file()), key=lambda path: (_stamp(path)[1], str(path)))


def _batch(path: Path, stamp: _Stamp, digest: str, known: dict[str, object]) -> Batch:
    def after(_latest: datetime | None) -> Cursor:
        if _stamp(path) == stamp:  # else it was written to meanwhile and is read again
            known[str(path)] = [*stamp, digest]
        return dict(known)

    return Batch(str(path), rows(path), after)


def _stamp(path: Path) -> _Stamp:
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
