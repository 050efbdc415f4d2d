"""Lists of articles."""

from pydantic import AwareDatetime, Field

from recsys.answers import Filled, Source
from service.schemas.shape import JsonObject, Shape


class Image(Shape):
    """The picture of an article."""

    url: str
    alt: str = Field(description='"" where the newsroom gave none.')


class Item(Shape):
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
    source: Source = Field(
        description="Why it is in the list: pinned by an editor, near by its text, by an author or a co-author, "
        "on the same event, or a fallback."
    )
    parts: dict[str, float] | None = Field(
        description="With explain=true the parts that add up to the score; time and site only take away."
    )


_FILLED = "full: as many as were asked for; short or empty: there are no more; hidden: editors show no such list here."


class _Answer(Shape):
    article_id: str
    release: str = Field(description="The release that made the answer.")
    model: str = Field(description="The embedding model of that release.")


class Answer(_Answer):
    """One list, the best first."""

    status: Filled = Field(description=_FILLED)
    items: list[Item]


class DraftAnswer(Shape):
    """The list of a draft, the best first."""

    article_id: str | None = Field(description="The id that was given; null where there was none.")
    release: str = Field(description="The release that made the answer.")
    model: str = Field(description="The embedding model of that release.")
    by_meaning: bool = Field(
        description="false: the draft has no vector yet, so it was compared by words, names, author and section alone."
    )
    warnings: list[str] = Field(description="What of the draft was cut, ignored or could not be read.")
    status: Filled = Field(description=_FILLED)
    items: list[Item]


class PageStatus(Shape):
    """How far each list of a page came: as `status` of one list."""

    similar: Filled
    author: Filled
    coverage: Filled


class RelatedAnswer(_Answer):
    """All lists of a page; no article is in two."""

    status: PageStatus
    similar: list[Item]
    author: list[Item]
    coverage: list[Item]


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
        "editors": 0.0,
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
_ON_EVENT = {**_ITEM, "source": "coverage"}
ANSWER: JsonObject = {**_FROM, "status": "full", "items": [_ITEM]}
DRAFT_ANSWER: JsonObject = {**ANSWER, "by_meaning": True, "warnings": []}
BY_AUTHOR: JsonObject = {**_FROM, "status": "short", "items": [_BY_AUTHOR]}
COVERAGE: JsonObject = {**_FROM, "status": "short", "items": [_ON_EVENT]}
RELATED: JsonObject = {
    **_FROM,
    "status": {"similar": "full", "author": "full", "coverage": "empty"},
    "similar": [_ITEM],
    "author": [_BY_AUTHOR],
    "coverage": [],
}
