"""The shapes of the answers, for OpenAPI only: answers are encoded straight from the core's dataclasses.

A test holds real answers against these models, so they cannot drift apart.
"""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from recsys.answers import Source

JsonObject = dict[str, Any]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Image(_Shape):
    """The picture of an article."""

    url: str
    alt: str = Field(description='"" where the newsroom gave none.')


class Item(_Shape):
    """One article of a list, ready to show. Texts are plain, not HTML."""

    id: str
    url: str
    title: str
    standfirst: str
    section: str = Field(description="A path such as news/local.")
    published_at: AwareDatetime | None = Field(description="RFC 3339, UTC; null where unknown.")
    authors: list[str]
    image: Image | None
    score: float = Field(description="In [0, 1], larger is more related.", ge=0, le=1)
    source: Source = Field(description="Why it is in the list: near in meaning or words, by an author, or a fallback.")
    parts: dict[str, float] | None = Field(
        description="With explain=true the parts that add up to the score; time and site only take away."
    )


class _Answer(_Shape):
    article_id: str
    release: str = Field(description="The release that made the answer.")
    model: str = Field(description="The embedding model of that release.")


class Answer(_Answer):
    """One list, the best first."""

    items: list[Item]


class RelatedAnswer(_Answer):
    """Both lists of a page; no article is in both."""

    similar: list[Item]
    author: list[Item]


class Alive(_Shape):
    """The process is up."""

    status: Literal["alive"]


class StoreState(_Shape):
    """The article store, from which takedowns are read."""

    change: int = Field(description="Number of the last change that is shown.")
    ok: bool = Field(description="Whether it answered last time; if not, the takedowns known so far go on.")


class Ready(_Shape):
    """What is served."""

    status: Literal["ready"]
    release: str
    created_at: AwareDatetime
    age_seconds: int = Field(description="Seconds since the release was built.")
    model: str
    articles: int
    withdrawn: int = Field(description="Articles of the release that were taken down since.")
    store: StoreState | None = Field(description="null where the service was started without a store.")


class BadValue(_Shape):
    """A parameter that cannot be used."""

    where: str
    value: str
    reason: str


class Problem(_Shape):
    """Any error (RFC 9457)."""

    type: str = Field(description="urn:problem-type:… or about:blank.")
    title: str
    status: int
    detail: str
    instance: str
    errors: list[BadValue] = Field(description="The bad parameters of a 422, else empty.")


# with the parts of explain=true, because FastAPI drops a null from an example
_ITEM: JsonObject = {
    "id": "mc-bridge-03",
    "url": "https://www.marrowickcourier.example/news/aske-bridge-closes",
    "title": "Aske Bridge closes to all traffic",
    "standfirst": "Engineers find a second crack in the eastern tower",
    "section": "news/local",
    "published_at": "2024-10-02T06:00:00Z",
    "authors": ["Ines Vallory"],
    "image": {"url": "https://img.marrowickcourier.example/aske-bridge.jpg", "alt": "The bridge, barred"},
    "score": 0.5,
    "source": "similar",
    "parts": {
        "semantic": 0.25,
        "lexical": 0.25,
        "names": 0.0625,
        "kin": 0.03125,
        "section": 0.03125,
        "author": 0.0,
        "tags": 0.03125,
        "time": -0.15625,
        "site": 0.0,
    },
}
_FROM: JsonObject = {"article_id": "mc-a-01", "release": "20260301T021500Z-9f2c41d7", "model": "all-MiniLM-L6-v2"}
_BY_AUTHOR = {
    **_ITEM,
    "id": "mc-a-07",
    "title": "A ferry of one's own",
    "authors": ["Beatrix Lunde"],
    "source": "author",
}
ANSWER: JsonObject = {**_FROM, "items": [_ITEM]}
BY_AUTHOR: JsonObject = {**_FROM, "items": [_BY_AUTHOR]}
RELATED: JsonObject = {**_FROM, "similar": [_ITEM], "author": [_BY_AUTHOR]}
ALIVE: JsonObject = {"status": "alive"}
READY: JsonObject = {
    "status": "ready",
    "release": "20260301T021500Z-9f2c41d7",
    "created_at": "2026-03-01T02:15:00Z",
    "age_seconds": 5400,
    "model": "all-MiniLM-L6-v2",
    "articles": 169,
    "withdrawn": 1,
    "store": {"change": 171, "ok": True},
}


def responses(shape: type[BaseModel], example: JsonObject, *problems: int) -> dict[int | str, JsonObject]:
    """What a route may answer, for OpenAPI: `shape` with an example, and the statuses of its problems."""
    good = {"model": shape, "content": {"application/json": {"example": example}}}
    return {200: good, **{status: _PROBLEMS[status] for status in problems}}


def _problem(status: int, kind: str, detail: str, *errors: JsonObject) -> JsonObject:
    title = kind.replace("-", " ").capitalize()
    example = {
        "type": f"urn:problem-type:{kind}", "title": title, "status": status, "detail": detail,
        "instance": "/v1/articles/mc-a-01/similar", "errors": list(errors),
    }  # fmt: skip
    return {"model": Problem, "description": title, "content": {"application/json": {"example": example}}}


_PROBLEMS = {
    404: _problem(404, "article-not-found", "no article 'mc-a-01' in this release"),
    422: _problem(
        422,
        "bad-parameters",
        "query.k: Input should be less than or equal to 100",
        {"where": "query.k", "value": "1000", "reason": "Input should be less than or equal to 100"},
    ),
    503: _problem(503, "no-release", "no release is published yet; try again later"),
}
