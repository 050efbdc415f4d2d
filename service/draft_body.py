"""An article while it is written, as a CMS sends it: read as an export is read, but most of it may still be missing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from recsys.articles import Article
from recsys.records import Unusable, identifier
from recsys.records.fields import text
from service.article_body import ARTICLE, FIELDS, as_object, body_like, decoded, reading_of, refused
from service.problems import bad_parameters
from service.schemas.shape import JsonObject

_NO_ID = "\0"  # which no stored article can have
_NO_TITLE = "-"


@dataclass(frozen=True, slots=True)
class Draft:
    """An article that is in no store.

    Attributes:
        article: published now where nobody says when; its id is one that no other can have where none was given.
        id: of the stored article that it is a new version of, if it is of one.
        warnings: what was cut, ignored or could not be read.
    """

    article: Article
    id: str | None
    warnings: tuple[str, ...]


def unfinished(raw: bytes, now: datetime) -> Draft:
    """The draft in a body; it has a title or a body. Raises Problem (422)."""
    record = decoded(raw)
    try:
        return _draft(as_object(record), now)
    except Unusable as error:
        raise bad_parameters([refused(error)]) from None


def _draft(record: Mapping[str, Any], now: datetime) -> Draft:
    given = None if record.get("id") in (None, "") else identifier(record["id"])
    titled = bool(text("title", record.get("title"), Counter()))
    known = {**record, "id": given or _NO_TITLE, "title": record["title"] if titled else _NO_TITLE}
    reading = reading_of(known, now)
    article = replace(
        reading.article,
        id=_NO_ID if given is None else given,
        title=reading.article.title if titled else "",
        published_at=reading.article.published_at or now,
    )
    if not article.title and not article.body:
        raise Unusable("title", record.get("title"), "neither a title nor a body")
    # what is not written yet is not missing
    return Draft(article, given, tuple(one for one in reading.warnings if not one.endswith(" missing")))


_OF_DRAFT: JsonObject = {
    "id": {
        "type": ["string", "integer", "null"],
        "description": "Of the stored article that it is a new version of: neither that nor its other versions are "
        "in the list.",
    },
    "title": {"type": ["string", "null"], "description": "It, or a body, must be there."},
    "published_at": {**FIELDS["published_at"], "description": "As of an article; now where it is not there."},
}
BODY_OF_DRAFT = body_like(
    {"type": "object", "properties": {**FIELDS, **_OF_DRAFT}},
    {name: ARTICLE[name] for name in ("title", "body", "section")},
)
