"""Why an article stands where it does."""

from pydantic import Field

from recsys.answers import Source
from service.schemas.shape import JsonObject, Shape


class Reason(Shape):
    """One part of the score."""

    part: str
    points: float = Field(description="What it adds, or takes away below 0.")
    words: str


class Explanation(Shape):
    """Of one article in the lists of another."""

    article_id: str
    other_id: str
    release: str
    similar: int | None = Field(description="Its place in the similar list, 1 for the first; null where it is not in.")
    author: int | None = Field(description="The same in the author's list.")
    source: Source | None = Field(description="Why it is in the similar list; null where it is not.")
    score: float
    reasons: list[Reason] = Field(description="The parts of the score; their points add up to it, in this order.")
    obstacles: list[str] = Field(description="What keeps it out of the similar list, each enough by itself.")


EXPLANATION: JsonObject = {
    "article_id": "mc-a-01",
    "other_id": "mc-court-02",
    "release": "20260301T021500Z-9f2c41d7",
    "similar": 1,
    "author": 2,
    "source": "similar",
    "score": 0.25,
    "reasons": [
        {"part": "semantic", "points": 0.5, "words": "their texts mean alike"},
        {"part": "time", "points": -0.25, "words": "published 400 days apart"},
    ],
    "obstacles": [],
}
