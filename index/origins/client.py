"""Asking a web server: bounded in time, size and redirects, with errors that say what to do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import msgspec

from recsys.errors import SourceBusy, SourceError

LARGEST_PAGE = 1 << 26  # bytes of one answer in JSON
LARGEST_FILE = 1 << 32  # bytes of a file
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_LONGEST = 1800.0  # seconds that one answer may take in all
_REDIRECTS = 5
_ACCEPT = "application/json, application/x-ndjson, text/csv, */*;q=0.5"
_REMEDY = {401: "check --user and --password-file", 403: "check --user and --password-file", 404: "check the address"}

Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: the status (200, or one that was allowed), the headers, and the body of `json`."""

    status: int
    headers: httpx.Headers
    value: Any = None


class Client:
    """Asks one server. A password goes to the server that was named and is not taken along to another.

    Args:
        user, password: for HTTP's basic authentication; such as a WordPress application password.
    """

    def __init__(self, user: str | None = None, password: str | None = None) -> None:
        self._http = httpx.Client(
            auth=None if user is None else (user, password or ""),
            headers={"User-Agent": "news-recsys", "Accept": _ACCEPT},
            timeout=_TIMEOUT,
            follow_redirects=True,  # only to http and https: it knows no other
            max_redirects=_REDIRECTS,
        )

    @property
    def signed_in(self) -> bool:
        """Whether it asks as somebody."""
        return self._http.auth is not None

    def json(self, url: str, params: Params, allowed: tuple[int, ...] = ()) -> Answer:
        """The decoded answer; a status of `allowed` is no error. Raises SourceError, SourceBusy."""
        with self._asked(url, params, {}, allowed) as response:
            raw = b"".join(_blocks(response, LARGEST_PAGE))
            try:
                return Answer(response.status_code, response.headers, msgspec.json.decode(raw))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise SourceError(f"{shown(url)} gave no JSON ({error}): is it the right address?") from error

    def download(self, url: str, headers: Mapping[str, str], into: Path) -> Answer:
        """The body into the file, unless the answer is 304. Raises SourceError, SourceBusy."""
        with self._asked(url, {}, headers, (304,)) as response:
            if response.status_code != 304:
                with into.open("wb") as file:
                    file.writelines(_blocks(response, LARGEST_FILE))
            return Answer(response.status_code, response.headers)

    @contextmanager
    def _asked(
        self, url: str, params: Params, headers: Mapping[str, str], allowed: tuple[int, ...]
    ) -> Iterator[httpx.Response]:
        target = httpx.URL(url).copy_merge_params(params)
        try:
            with self._http.stream("GET", target, headers=headers) as response:
                if response.status_code != 200 and response.status_code not in allowed:
                    raise _refused(url, response)
                yield response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError(f"{shown(url)} cannot be read: {type(error).__name__}: {error}") from error


def shown(url: str) -> str:
    """The address without its query, which may hold a token."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _blocks(response: httpx.Response, most: int) -> Iterator[bytes]:
    size, until = 0, monotonic() + _LONGEST
    for block in response.iter_bytes():
        size += len(block)
        if size > most:
            raise SourceError(f"{shown(str(response.url))} gives more than {most:,} bytes: ask for less at once")
        if monotonic() > until:
            raise SourceError(f"{shown(str(response.url))} takes longer than {_LONGEST:.0f} s for one answer")
        yield block


def _refused(url: str, response: httpx.Response) -> SourceError:
    status = response.status_code
    remedy = _REMEDY.get(status, "it is asked again later" if status >= 500 or status == 429 else "check the address")
    text = f"{shown(url)} answers {status} {response.reason_phrase}: {remedy}"
    wait = _seconds(response.headers.get("retry-after", ""))
    return SourceError(text) if wait is None else SourceBusy(text, wait)


def _seconds(text: str) -> float | None:
    """Of a Retry-After, which is a number or a date; None where it is neither."""
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
