"""CSV with a header line; the separator is the one of comma, semicolon, tab and bar that the header has most of."""

import codecs
import csv
import logging
from collections.abc import Iterator
from pathlib import Path

from index.sources.blocks import blocks
from index.sources.row import Row
from recsys.errors import SourceError

LOG = logging.getLogger(__name__)
LONGEST_FIELD = 16_000_000  # characters; a quote that is never closed would swallow the rest of the file


def rows(path: Path) -> Iterator[Row]:
    """One row a record, of text values. Raises SourceError, also for a quote that is never closed."""
    csv.field_size_limit(LONGEST_FIELD)  # of the whole process: the csv module has no other; the default is 131,072
    text = _lines(path)
    first = next((line for line in text if line.strip()), "")
    if not first:
        return
    separator = max(",;\t|", key=first.count)
    reader = csv.reader(_with(first, text), delimiter=separator, strict=True)
    header = _header(path, next(reader))
    end = reader.line_num
    while True:
        line = end + 1
        try:
            values = next(reader, None)
        except csv.Error as error:
            if "field limit" in str(error) or "unexpected end" in str(error):
                raise SourceError(f"{path}, line {line}: a quote that is never closed? ({error})") from error
            yield Row(line, None, f"not CSV: {error}")
            end = reader.line_num
            continue
        if values is None:
            return
        end = reader.line_num
        if values:
            yield _row(line, header, values)


def _row(line: int, header: list[str], values: list[str]) -> Row:
    if len(values) > len(header):
        wrong = f"{len(values)} fields where the header has {len(header)}"
        return Row(line, None, wrong, ",".join(values)[:10_000])
    record: dict[str, object] = {}
    for name, value in zip(header, values, strict=False):
        if name:
            record.setdefault(name, value)
    return Row(line, record, replaced=any("\ufffd" in value for value in values))


def _header(path: Path, names: list[str]) -> list[str]:
    names = [name.strip() for name in names]
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        LOG.warning("%s: columns %s occur twice; the first of each is used", path, ", ".join(twice))
    return names


def _with(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _lines(path: Path) -> Iterator[str]:
    """Lines with their ends, as csv wants them; bytes that are not UTF-8 become U+FFFD."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest: list[str] = []
    held = 0
    for block in blocks(path):
        first, *others = decoder.decode(block).split("\n")
        rest.append(first)
        held += len(first)
        if others:
            yield "".join([*rest, "\n"])
            yield from (f"{line}\n" for line in others[:-1])
            rest, held = [others[-1]], len(others[-1])
        elif held > LONGEST_FIELD:
            raise SourceError(f"{path}: a line of more than {LONGEST_FIELD:,} characters; is it CSV?")
    if last := "".join([*rest, decoder.decode(b"", final=True)]):
        yield last
