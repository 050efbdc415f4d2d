"""Articles as a CMS sends them over HTTP: read as an export is read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from recsys.articles import Article, Status
from recsys.records import CANONICAL, Patched, Reading, Unusable, identifier, patch, read
from recsys.records.lifecycle import SYNONYMS
from service.problems import BadValue, Problem, bad_parameters
from service.schemas.shape import JsonObject

LARGEST = 8 * 2**20  # bytes of a body
MOST = 500  # articles of a batch
_SHOWN = 200  # characters of a value that are given back
_KNOWN = frozenset(CANONICAL) | frozenset(SYNONYMS.values())
_MOST_UNKNOWN = 20  # names of unknown fields that are told


@dataclass(frozen=True, slots=True)
class Unread:
    """A record of a batch that is no article: its id where that can be told, else ""; what is wrong."""

    article_id: str
    error: BadValue


def path_id(printed: str) -> str:
    """The id in a path. Raises Problem (422)."""
    try:
        return identifier(printed)
    except Unusable as error:
        raise bad_parameters([BadValue("path.article_id", printed[:_SHOWN], error.reason)]) from None


def whole(raw: bytes, article_id: str, now: datetime) -> Reading:
    """The article of this id in a body; a body without an id is of it. Raises Problem (422)."""
    record = decoded(raw)
    try:
        return reading_of(as_object(record), now, article_id)
    except Unusable as error:
        raise bad_parameters([refused(error)]) from None


def changed(raw: bytes, article: Article, now: datetime) -> Patched:
    """The article with the changes in a body. Raises Problem (422)."""
    record = decoded(raw)
    try:
        return patch(article, as_object(record), now)
    except Unusable as error:
        raise bad_parameters([refused(error)]) from None


def several(raw: bytes, now: datetime) -> list[Reading | Unread]:
    """What the list in a body holds, in its order. Raises Problem (413, 422)."""
    records = decoded(raw)
    if not isinstance(records, list):
        raise bad_parameters([BadValue("body", "", "not a list of articles")])
    if len(records) > MOST:
        detail = f"a batch may have {MOST} articles, this one has {len(records)}"
        raise Problem(413, "body-too-large", detail)
    return [_one(place, record, now) for place, record in enumerate(records)]


def refused(error: Unusable, where: str = "body") -> BadValue:
    """What is told of a field that cannot be used."""
    value = error.value if isinstance(error.value, str) else "" if error.value is None else repr(error.value)
    return BadValue(f"{where}.{error.field}" if error.field else where, value[:_SHOWN], error.reason)


def _one(place: int, record: object, now: datetime) -> Reading | Unread:
    try:
        return reading_of(as_object(record), now)
    except Unusable as error:
        return Unread(_id_of(record), refused(error, f"body.{place}"))


def reading_of(record: Mapping[str, Any], now: datetime, article_id: str | None = None) -> Reading:
    """The article of a record, which must be of this id or have none. Raises Unusable."""
    if article_id is not None:
        if record.get("id") is not None and identifier(record["id"]) != article_id:
            raise Unusable("id", record["id"], f"the path says {article_id!r}")
        record = {**record, "id": article_id}
    reading = read(record, {}, now)
    unknown = tuple(f"{name[:_SHOWN]} unknown, ignored" for name in record if name not in _KNOWN)
    return replace(reading, warnings=reading.warnings + unknown[:_MOST_UNKNOWN])


def decoded(raw: bytes) -> object:
    """What a body says. Raises Problem (422) where it is not JSON."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise bad_parameters([BadValue("body", "", f"not JSON: {error}")]) from None


def as_object(record: object) -> Mapping[str, Any]:
    """It, if it has fields. Raises Unusable."""
    if not isinstance(record, dict):
        raise Unusable("", None, "not an object")
    return record


def _id_of(record: object) -> str:
    try:
        return identifier(as_object(record).get("id"))
    except Unusable:
        return ""


def _text(about: str) -> JsonObject:
    return {"type": ["string", "null"], "description": about}


def _said(about: str) -> JsonObject:
    return {"type": ["string", "number", "null"], "description": about}


_FLAG = ["boolean", "string", "number", "null"]
_STATUSES = f"One of {', '.join(Status)}, published, draft, deleted, cancelled."
FIELDS: JsonObject = {
    "id": {"type": ["string", "integer", "null"], "description": "That of the path, or none."},
    "title": {"type": "string", "description": "It must be there."},
    "url": _text("The address of its page."),
    "standfirst": _text("Plain or HTML."),
    "body": _text("Plain or HTML."),
    "byline": _text("As printed."),
    "authors": {
        "description": "Names, or objects with name and id; a text is a byline.",
        "anyOf": [
            {"type": "array", "items": {"type": ["string", "object"]}},
            {"type": ["string", "null"]},
        ],
    },
    "section": _text("A path such as world/europe."),
    "tags": {
        "description": "A list, or a text with commas.",
        "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": ["string", "null"]}],
    },
    "published_at": _said("ISO 8601 is best; without a zone it is UTC."),
    "updated_at": _said("When this version was made; an older one does not replace a newer."),
    "language": _text("A code such as en."),
    "image": {"type": ["string", "object", "null"], "description": "An address, or an object with url and alt."},
    "status": _text(_STATUSES),
    "embargoed_until": _said("Nobody learns of it before."),
    "expires_at": _said("It is not shown from then on."),
    "recommendable": {"type": _FLAG, "description": "no: never shown on other pages."},
    "show_related": {"type": _FLAG, "description": "no: no lists on its own page."},
    "evergreen": {"type": _FLAG, "description": "yes: it does not age."},
}
ARTICLE: JsonObject = {
    "id": "mc-bridge-09",
    "title": "Aske Bridge reopens",
    "url": "https://www.marrowickcourier.example/news/aske-bridge-reopens",
    "body": "<p>The first bus crossed at six.</p>",
    "byline": "By Ines Vallory",
    "section": "news/local",
    "published_at": "2026-03-01T06:00:00Z",
}


def body_like(schema: JsonObject, example: object, media: str = "application/json") -> JsonObject:
    """What OpenAPI says of a body."""
    return {"requestBody": {"required": True, "content": {media: {"schema": schema, "example": example}}}}


_ARTICLE: JsonObject = {"type": "object", "properties": FIELDS, "required": ["title"]}
_CHANGES: JsonObject = {"type": "object", "properties": FIELDS, "additionalProperties": False}
BODY_OF_ARTICLE = body_like(_ARTICLE, ARTICLE)
BODY_OF_CHANGES = body_like(_CHANGES, {"title": "Aske Bridge reopens at last"}, "application/merge-patch+json")
BODY_OF_BATCH = body_like(
    {"type": "array", "maxItems": MOST, "items": {**_ARTICLE, "required": ["id", "title"]}}, [ARTICLE]
)
