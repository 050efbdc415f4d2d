"""Files of articles as a stream of rows; the kind is chosen by the suffix.

`.jsonl` and `.ndjson` (one object a line), `.csv` and `.tsv`, each also with `.gz` or `.zst`; `.parquet`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from index.sources.row import Row
from recsys.errors import SourceError

__all__ = ["Row", "check", "rows"]

COMPRESSED = (".gz", ".zst")
KNOWN = ".jsonl, .ndjson, .csv, .tsv (also with .gz or .zst) or .parquet"


def rows(path: Path) -> Iterator[Row]:
    """The rows of a file, one at a time.

    Raises SourceError where the file cannot be read at all, or not to its end: then after the rows before the damage.
    """
    check(path)
    return _reader(path)(path)


def check(path: Path) -> None:
    """Raise SourceError where there is no such file or its suffix is unknown."""
    if not path.is_file():
        raise SourceError(f"no file {path}; give the path of a file that ends in {KNOWN}")
    _reader(path)


def _reader(path: Path) -> Callable[[Path], Iterator[Row]]:
    kinds = [suffix.lower() for suffix in path.suffixes]
    compressed = kinds[-1:] != [] and kinds[-1] in COMPRESSED
    kind = (kinds[:-1] if compressed else kinds)[-1:]
    if kind in ([".jsonl"], [".ndjson"]):
        from index.sources import jsonl

        return jsonl.rows
    if kind in ([".csv"], [".tsv"]):
        from index.sources import delimited

        return delimited.rows
    if kind == [".parquet"] and not compressed:
        from index.sources import parquet

        return parquet.rows
    raise SourceError(f"{path}: unknown kind of file; it must end in {KNOWN}")
