"""A response that needs no more work: its headers are bytes already."""

from collections.abc import Iterable, Mapping

from fastapi import Response

RawHeaders = tuple[tuple[bytes, bytes], ...]


class Prepared(Response):
    """Sends what it is given as it is; Starlette's own would write each header anew.

    Args:
        status: HTTP status code.
        headers: all of them, as `raw` makes them.
        body: as it is sent.
    """

    def __init__(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes = b"") -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = list(headers)


def raw(headers: Mapping[str, str]) -> RawHeaders:
    """Headers as they are sent."""
    return tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items())
