"""The parameters of a request, checked: what may be asked, with the words that OpenAPI prints."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, TypedDict

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from recsys.answers import Fallback, Order
from recsys.eligibility import EVERYTHING, Filters
from recsys.page import Ladder
from recsys.recommender import MAX_K
from recsys.urls import canonical_url
from service.moments import Since
from service.settings import DEFAULT_K

ArticleId = Annotated[str, Path(description="The newsroom's own id, percent-encoded.", examples=["mc-a-01"])]


class Narrowing(TypedDict):
    """The parameters that every list of the core has besides its length."""

    exclude: frozenset[str]
    section: str | None
    exclude_section: frozenset[str]
    published_after: datetime | None


def _web_address(value: str) -> str:
    if not canonical_url(value):
        raise PydanticCustomError("web_address", "must be an absolute http or https address")
    return value


def split(values: Iterable[str]) -> frozenset[str]:
    """The ids or sections that a parameter means: each value, and where it has commas its parts as well.

    A name may itself hold a comma, and nothing says which is meant. To leave out too much is harmless: lists fill up.

    >>> sorted(split(["a,b", "c"]))
    ['a', 'a,b', 'b', 'c']
    """
    return frozenset(part for value in values for part in (value, *value.split(",")) if part)


# one name for one parameter, in whichever lists it occurs
_By = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=500,
        description="Only this author: a name in any spelling, or id:… with the newsroom's own id.",
        examples=["Ines Vallory"],
    ),
]
_Order = Annotated[Order, Field(description="What comes first in the author's list.", examples=["related"])]
_CoAuthors = Annotated[
    bool, Field(description="Whether articles by those who have signed one with the authors may follow.")
]
_WHAT_MAY_FILL = (
    "What may fill the list when it has too few of its own: nothing, the newest of the article's section, or those and "
    "then the newest of the paper. Each item says its source, and the answer its status."
)
_Explain = Annotated[bool, Field(description="Show the parts of each score.", examples=[True])]
_Fallback = Annotated[Fallback, Field(description=_WHAT_MAY_FILL, examples=["none"])]


class _Narrowed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    exclude: list[str] = Field(
        default=[],
        max_length=200,
        description="Ids of articles that must not be in the answer: repeat it, or separate ids by commas.",
        examples=[["mc-a-01", "mc-a-02"]],
    )
    section: str | None = Field(
        default=None,
        min_length=1,
        description="Only articles of this section and of the sections under it.",
        examples=["news/local"],
    )
    exclude_section: list[str] = Field(
        default=[],
        max_length=200,
        description="No articles of these sections nor of those under them: repeat it, or separate them by commas.",
        examples=[["sport", "opinion/letters"]],
    )
    published_after: Since | None = Field(
        default=None,
        description="Only articles published since, that is after, this moment (ISO 8601; UTC where it names no zone), "
        "or in the last so many days (30d).",
        examples=["2026-03-01T06:00:00Z", "30d"],
    )

    def narrowing(self) -> Narrowing:
        """As the core takes it."""
        return {
            "exclude": split(self.exclude),
            "section": self.section,
            "exclude_section": split(self.exclude_section),
            "published_after": self.published_after,
        }

    def filters(self) -> Filters:
        """The same, as a page takes it."""
        narrows = self.exclude or self.exclude_section or self.section is not None or self.published_after is not None
        return Filters(**self.narrowing()) if narrows else EVERYTHING


class _List(_Narrowed):
    k: int = Field(default=DEFAULT_K, ge=1, le=MAX_K, description="How many articles: k where so many are eligible.")
    explain: _Explain = False

    def counts(self) -> dict[str, int]:
        """Lengths asked for, by parameter."""
        return {"k": self.k}


class SimilarQuery(_List):
    """Parameters of the similar list."""

    fallback: _Fallback = Fallback.RECENT


class AuthorQuery(_List):
    """Parameters of the author's list."""

    by: _By = None
    order: _Order = Order.NEWEST
    co_authors: _CoAuthors = True
    fallback: _Fallback = Fallback.NONE

    def ladder(self) -> Ladder:
        """As the core takes it."""
        return Ladder(self.by, self.order, self.co_authors, self.fallback)


class CoverageQuery(_List):
    """Parameters of the list of one event."""


class RelatedQuery(_Narrowed):
    """Parameters of all lists of a page."""

    similar: int = Field(default=6, ge=0, le=MAX_K, description="How many similar articles.")
    author: int = Field(default=4, ge=0, le=MAX_K, description="How many more by the article's authors.")
    coverage: int = Field(default=0, ge=0, le=MAX_K, description="How many more on the same event.")
    by: _By = None
    order: _Order = Order.NEWEST
    co_authors: _CoAuthors = True
    fallback: _Fallback = Fallback.RECENT
    author_fallback: Annotated[
        Fallback,
        Field(description="The same for the author's list, after articles by co-authors.", examples=["section"]),
    ] = Fallback.NONE
    explain: _Explain = False

    def ladder(self) -> Ladder:
        """As the core takes it."""
        return Ladder(self.by, self.order, self.co_authors, self.author_fallback)

    def counts(self) -> dict[str, int]:
        """Lengths asked for, by parameter."""
        return {"similar": self.similar, "author": self.author, "coverage": self.coverage}


class ExplainQuery(_Narrowed):
    """Parameters of an explanation."""

    other: str = Field(min_length=1, description="The id of the article that is or is not in the list.")
    k: int = Field(default=DEFAULT_K, ge=1, le=MAX_K, description="How long the lists are.")

    def counts(self) -> dict[str, int]:
        """Lengths asked for, by parameter."""
        return {"k": self.k}


class _ByUrl(BaseModel):
    url: Annotated[str, AfterValidator(_web_address)] = Field(
        description="The article's address; its scheme, `www.`, tracking parameters and fragment do not matter.",
        examples=["https://www.marrowickcourier.example/opinion/beatrix-lunde-in-praise-of-the-queue?utm_source=x"],
    )


class SimilarByUrl(SimilarQuery, _ByUrl):
    """Parameters of the similar list, the article named by its address."""


class AuthorByUrl(AuthorQuery, _ByUrl):
    """Parameters of the author's list, the article named by its address."""


class CoverageByUrl(CoverageQuery, _ByUrl):
    """Parameters of the list of one event, the article named by its address."""


class RelatedByUrl(RelatedQuery, _ByUrl):
    """Parameters of all lists of a page, the article named by its address."""


ListQuery = SimilarQuery | AuthorQuery | CoverageQuery | RelatedQuery
AnyQuery = ListQuery | ExplainQuery
