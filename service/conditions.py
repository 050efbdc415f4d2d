"""What the headers of a write ask of the stored article (RFC 9110, 13.1)."""

import re

from fastapi import Request

from recsys.putting import Condition
from service.problems import BadValue, bad_parameters
from service.schemas.shape import JsonObject

_TAG = re.compile(r'(W/)?"([^"]*)"')
IF_MATCH: JsonObject = {
    "name": "If-Match", "in": "header", "schema": {"type": "string"}, "required": False,
    "description": "ETags, or *: write only where the stored article has one of them, whatever its updated_at.",
}  # fmt: skip
IF_NONE_MATCH: JsonObject = {
    "name": "If-None-Match", "in": "header", "schema": {"type": "string", "const": "*"}, "required": False,
    "description": "*: write only where the store has no such article.",
}  # fmt: skip


def condition_of(request: Request) -> Condition:
    """What the request's headers ask of the stored article; raises Problem (422)."""
    match, none = request.headers.getlist("if-match"), request.headers.getlist("if-none-match")
    if none and [value.strip() for value in none] != ["*"]:
        raise bad_parameters([BadValue("header.if-none-match", ", ".join(none)[:200], "only * is understood")])
    if not match:
        return Condition(absent=bool(none), may_go_back=False)
    said = ", ".join(match).strip()
    if said == "*":
        return Condition(("*",), absent=bool(none))
    tags = tuple(tag for weak, tag in _TAG.findall(said) if not weak)  # a weak tag never matches (RFC 9110, 13.1.1)
    return Condition(tags, absent=bool(none))
