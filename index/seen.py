"""Records that were taken in just so: a source that is read back a little gives them again and again."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator

from index.sources import Row

MOST = 50_000  # records that are remembered


class Seen:
    """Remembers of each article, by its id, the record that came last.

    So a record that repeats is neither read nor rejected again, and does not undo what was written since.

    Args:
        id_column: where a record has its id.
    """

    def __init__(self, id_column: str) -> None:
        self._id_column = id_column
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._new: dict[str, bytes] = {}

    def fresh(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Those that do not repeat the last one of their article. `keep` remembers them when they are stored."""
        self._new = {}
        for row in rows:
            key, digest = self._key(row), _digest(row)
            if digest is None or self._new.get(key, self._kept.get(key)) != digest:
                yield row
            if digest is not None:
                self._new[key] = digest

    def keep(self) -> None:
        """What `fresh` gave is stored."""
        for key, digest in self._new.items():
            self._kept[key] = digest
            self._kept.move_to_end(key)
        self._new = {}
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def _key(self, row: Row) -> str:
        value = None if row.record is None else row.record.get(self._id_column)
        return repr(value)[:1000] if isinstance(value, str | int) else f"line {row.line}"


def _digest(row: Row) -> bytes | None:
    """Of all that it holds; None where that cannot be told."""
    try:
        text = repr((row.record, row.text))
    except (RecursionError, ValueError):  # nested too deeply; a number of too many digits
        return None
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
