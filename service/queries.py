"""The parameters of a request, checked: what may be asked, with the words that OpenAPI prints."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, TypedDict

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from recsys.recommender import MAX_K
from recsys.urls import canonical_url
from service.settings import DEFAULT_K


class Narrowing(TypedDict):
    """The parameters that every list of the core has besides its length."""

    exclude: frozenset[str]
    section: str | None
    published_after: datetime | None
    explain: bool


def _moment(value: object) -> object:
    """An ISO 8601 date or time as aware UTC. Pydantic alone would take 2026 for 34 minutes past midnight in 1970."""
    if not isinstance(value, str):
        return value
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError(
            "moment", "must be an ISO 8601 date or time such as 2026-03-01T06:00:00Z (a + is sent as %2B)"
        ) from None


def _web_address(value: str) -> str:
    if not canonical_url(value):
        raise PydanticCustomError("web_address", "must be an absolute http or https address")
    return value


def excluded(values: Iterable[str]) -> frozenset[str]:
    """The ids that `exclude` means: each value, and where it has commas its parts as well.

    An id may itself hold a comma, and nothing says which is meant. To leave out too much is harmless: lists fill up.

    >>> sorted(excluded(["a,b", "c"]))
    ['a', 'a,b', 'b', 'c']
    """
    return frozenset(part for value in values for part in (value, *value.split(",")) if part)


class _Query(BaseModel):
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
    published_after: Annotated[datetime | None, BeforeValidator(_moment)] = Field(
        default=None,
        description="Only articles published after this moment (ISO 8601; UTC where it names no zone).",
        examples=["2026-03-01T06:00:00Z"],
    )
    explain: bool = Field(default=False, description="Show the parts of each score.", examples=[True])

    def narrowing(self) -> Narrowing:
        """As the core takes it."""
        return {
            "exclude": excluded(self.exclude),
            "section": self.section,
            "published_after": self.published_after,
            "explain": self.explain,
        }


class ListQuery(_Query):
    """Parameters of one list."""

    k: int = Field(
        default=DEFAULT_K, ge=1, le=MAX_K, description="How many articles: exactly k where so many are eligible."
    )

    def counts(self) -> dict[str, int]:
        """Lengths asked for, by parameter."""
        return {"k": self.k}


class RelatedQuery(_Query):
    """Parameters of both lists of a page."""

    similar: int = Field(default=6, ge=0, le=MAX_K, description="How many similar articles.")
    author: int = Field(default=4, ge=0, le=MAX_K, description="How many more by the article's authors.")

    def counts(self) -> dict[str, int]:
        """Lengths asked for, by parameter."""
        return {"similar": self.similar, "author": self.author}


class _ByUrl(BaseModel):
    url: Annotated[str, AfterValidator(_web_address)] = Field(
        description="The article's address; its scheme, `www.`, tracking parameters and fragment do not matter.",
        examples=["https://www.marrowickcourier.example/opinion/beatrix-lunde-in-praise-of-the-queue?utm_source=x"],
    )


class ListByUrl(ListQuery, _ByUrl):
    """Parameters of one list, the article named by its address."""


class RelatedByUrl(RelatedQuery, _ByUrl):
    """Parameters of both lists, the article named by its address."""
