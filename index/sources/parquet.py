"""Parquet, a few hundred rows at a time. NaN is null; text that is not UTF-8 is decoded with replacement."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from index.sources.row import Row
from recsys.errors import SourceError

LOG = logging.getLogger(__name__)
BATCH = 256


def rows(path: Path) -> Iterator[Row]:
    """One row a record; times as datetimes, lists as lists, structs as dicts. Raises SourceError."""
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            names = _names(path, file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=BATCH):
                columns = {name: _values(batch.column(place)) for name, place in names.items()}
                for place in range(batch.num_rows):
                    number += 1
                    record = {name: values[place] for name, values in columns.items()}
                    replaced = any(isinstance(value, str) and "\ufffd" in value for value in record.values())
                    yield Row(number, record, replaced=replaced)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path}, after row {number}: {error}; export it again") from error


def _names(path: Path, names: list[str]) -> dict[str, int]:
    """Column name to place; of columns with one name the first counts."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        places.setdefault(name, place)
    if len(places) < len(names):
        LOG.warning("%s: some column names occur twice; the first of each is used", path)
    return places


def _values(column: Any) -> list[object]:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":  # Python's datetimes end at microseconds
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    try:
        return [_value(value) for value in column.to_pylist()]
    except (ValueError, OverflowError):  # one bad value: not UTF-8, a year that Python lacks
        return [_one(scalar) for scalar in column]


def _one(scalar: Any) -> object:
    try:
        return _value(scalar.as_py())
    except UnicodeDecodeError:
        return _value(scalar.cast(pa.binary()).as_py()) if pa.types.is_string(scalar.type) else "\ufffd"
    except (ValueError, OverflowError):
        return f"({scalar.type})"  # str() would fail in the same way


def _value(value: object) -> object:
    if isinstance(value, float) and value != value:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
