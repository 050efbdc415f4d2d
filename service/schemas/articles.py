"""Articles as they are written and stored, and takedowns."""

from pydantic import AwareDatetime, Field

from recsys.articles import Status
from service.schemas.lists import Image
from service.schemas.problem import BadValue
from service.schemas.shape import JsonObject, Shape


class Written(Shape):
    """An article that is in the store, and in force here."""

    id: str
    outcome: str = Field(description="new, changed or unchanged.")
    digest: str = Field(description="Of its content; its ETag.")
    change: int = Field(description="Number of the store's change that it is at.")
    taken_down: bool = Field(description="It is kept, but shown to nobody until its takedown is lifted.")
    warnings: list[str] = Field(description="What of the article was cut, ignored or could not be read.")


class WrittenOne(Written):
    """What became of one article of a batch."""

    status: int = Field(description="What a request of its own would have been answered with: 201, 200, 409 or 422.")
    outcome: str = Field(description="new, changed, unchanged or refused; then digest is empty and change is 0.")
    errors: list[BadValue] = Field(description="Why it was refused, else empty.")


class WrittenAll(Shape):
    """What became of a batch, in its order."""

    articles: list[WrittenOne]


class Author(Shape):
    """An author as the CMS names them."""

    name: str
    id: str | None


class Fields(Shape):
    """An article's fields, cleaned, as they are kept."""

    id: str
    title: str
    url: str
    standfirst: str
    body: str
    byline: str
    authors: list[Author]
    section: str
    tags: list[str]
    published_at: AwareDatetime | None
    updated_at: AwareDatetime | None
    language: str
    image: Image | None
    status: Status = Field(description="Its own, whether or not it is taken down; retired: a full export lacks it.")
    embargoed_until: AwareDatetime | None
    expires_at: AwareDatetime | None
    recommendable: bool
    show_related: bool
    evergreen: bool


class Takedown(Shape):
    """An article that is out of everything."""

    article_id: str
    at: AwareDatetime
    who: str = Field(description="The owner of the key that was used, who called the command, or which webhook.")
    reason: str
    lifted_after: AwareDatetime | None = Field(
        description="When the CMS took it down: a later version from there lifts it. Null where only somebody can."
    )


class Takedowns(Shape):
    """Takedowns that stand, by article id."""

    takedowns: list[Takedown]


class Stored(Shape):
    """An article as the store has it."""

    article: Fields
    digest: str = Field(description="Of the content as it was sent; the ETag.")
    change: int = Field(description="Number of its latest change.")
    changed_at: AwareDatetime | None = Field(description="When the store took that; null where nobody knows.")
    takedown: Takedown | None = Field(description="The one that stands, or null.")
    written_by: str | None = Field(
        description="Who sent the content: owner of the key, webhook, followed source or ingest; null where unknown."
    )


_DIGEST = "9f2c41d7" * 8
WRITTEN: JsonObject = {
    "id": "mc-bridge-09", "outcome": "new", "digest": _DIGEST, "change": 173, "taken_down": False, "warnings": [],
}  # fmt: skip
WRITTEN_ALL: JsonObject = {
    "articles": [
        {**WRITTEN, "status": 201, "errors": []},
        {
            "id": "mc-bridge-10", "outcome": "refused", "digest": "", "change": 0, "taken_down": False, "warnings": [],
            "status": 422, "errors": [{"where": "body.1.title", "value": "", "reason": "no title"}],
        },
    ]
}  # fmt: skip
TAKEDOWN: JsonObject = {
    "article_id": "mc-bridge-09",
    "at": "2026-03-02T09:30:00Z",
    "who": "webhook cms",
    "reason": "sent as canceled",
    "lifted_after": "2026-03-02T09:29:58Z",
}
TAKEDOWNS: JsonObject = {"takedowns": [TAKEDOWN]}
# every field is there, because FastAPI drops a null from an example
STORED: JsonObject = {
    "article": {
        "id": "mc-bridge-09",
        "title": "Aske Bridge reopens",
        "url": "https://www.marrowickcourier.example/news/aske-bridge-reopens",
        "standfirst": "",
        "body": "The first bus crossed at six.",
        "byline": "By Ines Vallory",
        "authors": [{"name": "Ines Vallory", "id": "p7"}],
        "section": "news/local",
        "tags": ["aske bridge"],
        "published_at": "2026-03-01T06:00:00Z",
        "updated_at": "2026-03-01T07:10:00Z",
        "language": "en",
        "image": {"url": "https://img.marrowickcourier.example/aske-bridge.jpg", "alt": "A bus on the bridge"},
        "status": "usable",
        "embargoed_until": "2026-03-01T06:00:00Z",
        "expires_at": "2036-03-01T00:00:00Z",
        "recommendable": True,
        "show_related": True,
        "evergreen": False,
    },
    "digest": _DIGEST,
    "change": 174,
    "changed_at": "2026-03-02T09:30:00Z",
    "takedown": TAKEDOWN,
    "written_by": "webhook cms",
}
