"""What a webhook says: which articles are new or changed, and which are to go."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from fastapi import Request

from recsys.audit import LONGEST
from recsys.cms import Gone
from recsys.dates import parse_date
from recsys.records import Reading, Unusable, read
from recsys.records.fields import identifier
from service.problems import BadValue, Problem, bad_parameters

LARGEST = 16_777_216  # bytes of a body; a body may have two million characters
MOST = 500  # articles in one message
_SHOWN = 200
# last words of an event's name
_PUT = {
    "create", "created", "insert", "inserted", "publish", "published", "republished", "save", "saved",
    "update", "updated",
}  # fmt: skip
_GONE = {
    "cancel", "canceled", "cancelled", "delete", "deleted", "remove", "removed", "trash", "trashed",
    "unpublish", "unpublished", "withdraw", "withdrawn",
}  # fmt: skip
_INNER = ("article", "data", "post", "record")  # where an event has its record


async def raw_body(request: Request) -> bytes:
    """The body as it was sent. Raises Problem (413)."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST:
            raise Problem(413, "body-too-large", f"a body may have {LARGEST} bytes", headers={"Connection": "close"})
    return bytes(raw)


def said(raw: bytes, now: datetime) -> list[Reading | Gone]:
    """What the body says, in its order: a record, an event with a record or an id, or a list of these.

    All or nothing: one that cannot be used refuses them all.

    Raises:
        Problem: 422, naming the field.
    """
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_parameters([BadValue("body", "", f"not JSON: {error}")]) from None
    many = value if isinstance(value, list) else [value]
    if len(many) > MOST:
        raise bad_parameters([BadValue("body", str(len(many)), f"must be at most {MOST} articles at once")])
    errors: list[BadValue] = []
    found: list[Reading | Gone] = []
    for number, one in enumerate(many):
        try:
            found.append(_one(one, now))
        except Unusable as error:
            place = f"body.{number}" if isinstance(value, list) else "body"
            where = f"{place}.{error.field}" if error.field else place
            errors.append(BadValue(where, _text(error.value), error.reason))
    if errors:
        raise bad_parameters(errors)
    return found


def _one(value: Any, now: datetime) -> Reading | Gone:
    if not isinstance(value, dict):
        raise Unusable("", value, "must be an article, an event, or a list of these")
    name, inner = _event(value), _inner(value)
    if name in _GONE:
        return _gone(name, value, inner, now)
    if name not in _PUT and name:
        known = ", ".join(sorted(_PUT | _GONE))
        raise Unusable("event" if "event" in value else "type", name, f"must be one of {known}")
    return read(inner, {}, now)


def _gone(name: str, value: Mapping[str, Any], inner: Mapping[str, Any], now: datetime) -> Gone:
    """When it went is the event's `timestamp` (Standard Webhooks) or its record's `updated_at`, whichever is later."""
    article_id, reason = (inner.get(key) if inner.get(key) is not None else value.get(key) for key in ("id", "reason"))
    said = reason.replace("\0", "").strip() if isinstance(reason, str) else ""
    moments = (parse_date(one, now) for one in (inner.get("updated_at"), value.get("timestamp")))
    return Gone(identifier(article_id), (said or name)[:LONGEST], max((one for one in moments if one), default=None))


def _event(value: Mapping[str, Any]) -> str:
    """The last word of such as `article.published`; "" where the body is a record, whose `type` is its own."""
    told = value.get("event")
    if told is None and isinstance(value.get("data"), dict):  # Standard Webhooks
        told = value.get("type")
    if told is None:
        return ""
    if not isinstance(told, str) or not told.strip():
        raise Unusable("event", told, "must be a text such as published or deleted")
    return told.strip().lower().replace("_", ".").rsplit(".", 1)[-1]


def _inner(value: Mapping[str, Any]) -> Mapping[str, Any]:
    events = "event" in value or "type" in value
    return next((value[key] for key in _INNER if events and isinstance(value.get(key), dict)), value)


def _text(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text[:_SHOWN].encode("utf-8", "replace").decode()
