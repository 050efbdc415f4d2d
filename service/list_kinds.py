"""The lists there are: what each may be asked, and how the core is asked for it. Every way in answers through these."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Response
from pydantic import BaseModel

from recsys.page import Page, Picks
from service.asking import Asked, list_response
from service.queries import (
    AuthorByUrl,
    AuthorQuery,
    CoverageByUrl,
    CoverageQuery,
    RelatedByUrl,
    RelatedQuery,
    SimilarByUrl,
    SimilarQuery,
)
from service.written import ITEMS


@dataclass(frozen=True, slots=True)
class ListKind:
    """One kind of list.

    Attributes:
        by_id, by_url: the parameters where the article is named by its id, and where by its address.
        response: what such a request is answered, its parameters checked.
    """

    by_id: type[BaseModel]
    by_url: type[BaseModel]
    response: Callable[[Asked, Any], Response]


def similar_response(found: Asked, query: SimilarQuery) -> Response:
    """The articles most related to this one."""
    return list_response(found, query, lambda page: {ITEMS: page.similar(query.k, query.fallback)})


def more_from_author_response(found: Asked, query: AuthorQuery) -> Response:
    """More by its authors."""
    return list_response(found, query, lambda page: {ITEMS: page.by_author(query.k, query.ladder())})


def coverage_response(found: Asked, query: CoverageQuery) -> Response:
    """More on its event."""
    return list_response(found, query, lambda page: {ITEMS: page.coverage(query.k)})


def related_response(found: Asked, query: RelatedQuery) -> Response:
    """All lists of its page."""

    def lists(page: Page) -> dict[str, Picks]:
        found = page.related(query.similar, query.author, query.coverage, query.ladder(), query.fallback)
        return dict(zip(("similar", "author", "coverage"), found, strict=True))

    return list_response(found, query, lists)


KINDS = {
    "similar": ListKind(SimilarQuery, SimilarByUrl, similar_response),
    "more-from-author": ListKind(AuthorQuery, AuthorByUrl, more_from_author_response),
    "coverage": ListKind(CoverageQuery, CoverageByUrl, coverage_response),
    "related": ListKind(RelatedQuery, RelatedByUrl, related_response),
}  # by the last part of their paths
