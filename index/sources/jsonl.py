"""JSON lines: one object a line. Empty lines are skipped; NaN and infinity, which JSON does not have, are null."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec

from index.sources.blocks import LONGEST_LINE, lines
from index.sources.row import Row


def rows(path: Path) -> Iterator[Row]:
    """One row a line. Raises SourceError."""
    for number, line in enumerate(lines(path), 1):
        if line.strip():
            yield _row(number, line)


def _row(number: int, line: bytes) -> Row:
    if len(line) >= LONGEST_LINE:
        return Row(number, None, "longer than 64 MiB", line[:10_000].decode("utf-8", "replace"))
    try:
        return _checked(number, msgspec.json.decode(line), line, replaced=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _lenient(number, line)


def _lenient(number: int, line: bytes) -> Row:
    """For what msgspec refuses and a careless program writes: NaN, lone surrogates, bytes that are not UTF-8."""
    try:
        text, replaced = line.decode("utf-8"), False
    except UnicodeDecodeError:
        text, replaced = line.decode("utf-8", "replace"), True
    try:
        return _checked(number, json.loads(text, parse_constant=lambda _: None), line, replaced)
    except (ValueError, RecursionError) as error:
        return Row(number, None, f"not JSON: {error}", text, replaced)


def _checked(number: int, value: object, line: bytes, replaced: bool) -> Row:
    if isinstance(value, dict):
        return Row(number, value, replaced=replaced)
    return Row(number, None, "not a JSON object", line[:10_000].decode("utf-8", "replace"), replaced)
