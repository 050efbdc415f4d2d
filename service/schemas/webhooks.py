"""What a webhook may say, and what became of it."""

from typing import Literal

from pydantic import Field

from service.schemas.shape import JsonObject, Shape


class Result(Shape):
    """One article."""

    id: str
    outcome: Literal["new", "changed", "unchanged", "stale", "unknown"] = Field(
        description="stale: the store has a later version; unknown: it has no such article, and keeps it out."
    )
    taken_down: bool = Field(
        description="It is shown to nobody, until a later version is published or its takedown is lifted."
    )


class Received(Shape):
    """What became of each article, in the order of the message."""

    results: list[Result]


RECEIVED: JsonObject = {"results": [{"id": "mc-storm-09", "outcome": "new", "taken_down": False}]}


def body_of_webhook() -> JsonObject:
    """What OpenAPI says of the body."""
    schema: JsonObject = {
        "description": "An article with the fields of an export; an event with one, or with an id; or a list of these.",
        "oneOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}],
    }
    example = {"event": "published", "article": {"id": "mc-storm-09", "title": "The water is gone"}}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}}
