"""What an origin hands out: rows, and how far one has come when they are stored."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from index.sources import Row

Cursor = Mapping[str, Any]  # what JSON can hold; empty at the beginning


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a source.

    Attributes:
        where: what they are from, for the rejects file and the log.
        rows: read once; raises SourceError where what is read is damaged.
        after: the cursor when all rows are stored, from the last moment that their articles name.
    """

    where: str
    rows: Iterable[Row]
    after: Callable[[datetime | None], Cursor]


class Origin(Protocol):
    """A source that can be asked again and again."""

    def batches(self, cursor: Cursor) -> Iterator[Batch]:
        """What is new or changed since `cursor`, oldest change first where the source can tell.

        Whoever reads them stores each batch before asking for the next. What was given may be given again.
        Raises SourceError where the source cannot be asked; the batches before hold.
        """
