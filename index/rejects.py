"""The rejects file: one JSON line for each record that could not be an article."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import msgspec

from recsys.errors import SourceError

LONGEST_VALUE = 200  # characters of a value that are shown


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that was refused: where it stands, which field, its value (shortened) and why."""

    file: str
    line: int
    field: str
    value: str
    reason: str


class RejectFile:
    """Writes rejects; the file is made, or emptied, by the first one. With `append` it is never emptied."""

    def __init__(self, path: Path, append: bool = False) -> None:
        self.path = path
        self._mode = "ab" if append else "wb"
        self.count = 0
        self.failed = False
        self._file: IO[bytes] | None = None

    def write(self, reject: Reject) -> None:
        """Append one. Raises SourceError where the file cannot be written."""
        try:
            if self._file is None:
                self._file = self.path.open(self._mode)
            self._file.write(msgspec.json.encode(asdict(reject)) + b"\n")
        except OSError as error:
            self.failed = True
            raise SourceError(
                f"cannot write the rejects to {self.path}: {error}; name another with --rejects"
            ) from error
        self.count += 1

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()


def shown(value: object) -> str:
    """A value as text of at most 200 characters."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except (RecursionError, ValueError):  # nested too deeply; a number of too many digits
        text = f"({type(value).__name__})"
    return text[:LONGEST_VALUE].encode("utf-8", "replace").decode("utf-8")
