"""Files of judgments line by line, plain or gzipped.

A table that somebody made is refused at its first error; of a log, which nobody looks through, a bad line is left out
and counted.
"""

import csv
import gzip
import io
import logging
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import msgspec

from recsys.errors import SourceError

T = TypeVar("T")
SHOWN = 5  # bad lines that a report names

log = logging.getLogger(__name__)


def kind(path: Path) -> str:
    """The ending that tells what a file holds, in lower case and without `.gz`.

    >>> kind(Path("stories.JSONL.gz"))
    '.jsonl'
    """
    return Path(path.name.lower().removesuffix(".gz")).suffix


def table_rows(path: Path, columns: tuple[str, ...], separator: str = "\t") -> Iterator[tuple[int, dict[str, str]]]:
    """Each row of a table with a header, with its line; every one of `columns` holds a text.

    Raises:
        SourceError: the file cannot be read, lacks a column, or a line is too short.
    """
    with _opened(path) as file:
        reader = csv.DictReader(io.TextIOWrapper(file, encoding="utf-8", newline=""), delimiter=separator)
        if missing := set(columns) - set(reader.fieldnames or ()):
            raise SourceError(f"{path}: no column {', '.join(sorted(missing))}; its first line must name the columns")
        for row in reader:
            if any(row[column] is None for column in columns):
                raise SourceError(f"{path}, line {reader.line_num}: too few columns; separate them with tabs")
            yield reader.line_num, row


def json_rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Each object of a file of JSON lines, with its line; empty lines are skipped.

    Raises:
        SourceError: the file cannot be read, or a line is no JSON object.
    """
    decoder = msgspec.json.Decoder(dict[str, object])
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    yield number, decoder.decode(line)
                except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                    raise SourceError(f"{path}, line {number}: {error}") from error


def log_lines(path: Path, parse: Callable[[bytes], T], report: bool = True) -> Iterator[T]:
    """What `parse` makes of each line that is not blank; where it raises ValueError the line is left out.

    At the end the log says how many lines were left out, and why the first of them were; `report` False keeps it quiet
    for a second reading.

    Raises:
        SourceError: the file cannot be read, or not one line of it.
    """
    good, bad = 0, 0
    reasons: list[str] = []
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                value = parse(line.rstrip(b"\r\n"))
            except (ValueError, msgspec.MsgspecError) as error:
                bad += 1
                if len(reasons) < SHOWN:
                    reasons.append(f"line {number}: {error}")
                continue
            good += 1
            yield value
    if not good:
        raise SourceError(f"{path}: none of its {bad} lines can be read; {'; '.join(reasons) or 'it is empty'}")
    if bad and report:
        log.warning("%s: %d of %d lines are left out; %s", path, bad, good + bad, "; ".join(reasons))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as file:
            yield cast(BinaryIO, file)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path}: {error}") from error
