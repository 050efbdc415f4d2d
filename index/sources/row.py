"""One record of a file, as it stands there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A record, or why there is none (`error`, with the raw `text`). `line` counts from 1; in Parquet it is the row.

    `replaced` says that some bytes were not UTF-8 and became U+FFFD.
    """

    line: int
    record: dict[str, object] | None
    error: str = ""
    text: str = ""
    replaced: bool = False
