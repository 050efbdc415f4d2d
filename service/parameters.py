"""Parameters of plain requests for lists: a site asks all its pages with the same ones, so these are checked once."""

from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from recsys.urls import canonical_url
from service.list_kinds import ListKind
from service.queries import ListQuery

_REPEATED = frozenset({"exclude", "exclude_section"})
_URL = b"url="
_MOST, _LONGEST = 1_000, 500  # that are remembered, bytes of each; then all are forgotten


class Parameters:
    """For one thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[type[ListQuery], bytes], ListQuery] = {}

    def by_url(self, kind: ListKind, text: bytes) -> tuple[str, ListQuery] | None:
        """The address in this query string, and the others; None where another has to say what is wrong.

        Raises:
            ValidationError: one cannot be used.
        """
        written = text.split(b"&")
        urls = [one for one in written if one.startswith(_URL)]
        if len(urls) != 1:
            return None
        written.remove(urls[0])
        url = unquote_plus(urls[0][len(_URL) :].decode("latin-1"))
        query = self.by_id(kind, b"&".join(written)) if canonical_url(url) else None
        return None if query is None else (url, query)

    def by_id(self, kind: ListKind, text: bytes) -> ListQuery | None:
        """Those in this query string; None where one that is a single value is repeated.

        Raises:
            ValidationError: one cannot be used.
        """
        known = self._known.get((kind.query, text))
        if known is not None or (given := _given(text)) is None:
            return known
        query = kind.query.model_validate(given)
        if query.published_after is None and len(text) <= _LONGEST:  # 30d is another moment each time
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[kind.query, text] = query
        return query


def _given(text: bytes) -> dict[str, Any] | None:
    """The parameters as the framework gives them to their model; None where one that is a single value is repeated."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text.decode("latin-1"), keep_blank_values=True):
        if name in _REPEATED:
            found.setdefault(name, []).append(value)
        elif name in found:
            return None
        else:
            found[name] = value
    return found
