"""An address that gives a file of articles, or JSON: fetched only when it has changed."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from index.origins.batch import Batch, Cursor
from index.origins.client import Client, shown
from index.origins.moments import OVERLAP, moment, written
from index.sources import COMPRESSED, Row, rows
from recsys.errors import SourceError

SINCE = "{since}"
_START = datetime(1970, 1, 1, tzinfo=UTC)
_FILES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
_TYPES = {
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/ndjson": ".jsonl",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/vnd.apache.parquet": ".parquet",
}


class Web:
    """One address. In it, `{since}` is replaced by the last moment that an article named, less two hours.

    The kind is what the path ends in, else what the server says. JSON is a list of records, or an object with one list.

    Args:
        address: http or https.
        client: who asks.
    """

    def __init__(self, address: str, client: Client) -> None:
        self._address, self._client = address, client

    def batches(self, cursor: Cursor) -> Iterator[Batch]:
        """One batch, or none where the server says that nothing has changed."""
        since = moment(cursor.get("since"))
        asked = self._address.replace(SINCE, quote(written(_START if since is None else since - OVERLAP)))
        headers = {}
        if cursor.get("address") == asked:  # what the server said is true of this address only
            names = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
            headers = {name: cursor[key] for name, key in names.items() if cursor.get(key)}
        with tempfile.TemporaryDirectory(prefix="follow-") as folder:
            path = Path(folder) / "answer"
            answer = self._client.download(asked, headers, path)
            if answer.status == 304:
                return
            kept = {name: answer.headers.get(name, "") for name in ("etag", "last-modified")}

            def after(latest: datetime | None) -> Cursor:
                last = max((found for found in (since, latest) if found), default=None)
                return kept | {"address": asked, "since": None if last is None else written(last)}

            where = shown(self._address)
            yield Batch(where, _rows(where, path, _suffix(where, answer.headers.get("content-type", ""))), after)


def _suffix(where: str, media_type: str) -> str:
    suffixes = [suffix.lower() for suffix in Path(urlsplit(where).path).suffixes]
    packed = suffixes.pop() if suffixes and suffixes[-1] in COMPRESSED else ""
    if suffixes and suffixes[-1] in _FILES:
        return suffixes[-1] + packed
    found = _TYPES.get(media_type.partition(";")[0].strip().lower())
    if suffixes[-1:] == [".json"] or found is None:
        return ".json"
    return found


def _rows(where: str, path: Path, suffix: str) -> Iterator[Row]:
    """The rows of the answer; a SourceError names the address, not the file that it is kept in."""
    if suffix == ".json":
        yield from _json(where, path.read_bytes())
        return
    named = path.rename(path.with_suffix(suffix))
    try:
        yield from rows(named)
    except SourceError as error:
        raise SourceError(str(error).replace(str(named), where)) from error


def _json(where: str, raw: bytes) -> Iterator[Row]:
    try:
        records = _list(msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{where} gave no JSON ({error}): is it the right address?") from error
    if records is None:
        raise SourceError(f"{where} gave JSON that is no list of articles, nor an object with one list")
    for number, record in enumerate(records, 1):
        if isinstance(record, dict):
            yield Row(number, record)
        else:
            yield Row(number, None, "not a JSON object", repr(record)[:10_000])


def _list(value: Any) -> list[Any] | None:
    if isinstance(value, dict):
        lists = [found for found in value.values() if isinstance(found, list)]
        return lists[0] if len(lists) == 1 else None
    return value if isinstance(value, list) else None
