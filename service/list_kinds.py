"""The lists there are: what each may be asked, and how the core is asked for it. Every way in answers through these."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Response

from recsys.page import Page, Picks
from service.asking import Asked, list_response
from service.queries import (
    AuthorQuery,
    CoverageQuery,
    ListQuery,
    RelatedQuery,
    SimilarQuery,
)
from service.written import ITEMS


@dataclass(frozen=True, slots=True)
class ListKind:
    """One kind of list.

    Attributes:
        query: the parameters, but for the address by which the article may be named.
        response: what such a request is answered, its parameters checked.
    """

    query: type[ListQuery]
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
    "similar": ListKind(SimilarQuery, similar_response),
    "more-from-author": ListKind(AuthorQuery, more_from_author_response),
    "coverage": ListKind(CoverageQuery, coverage_response),
    "related": ListKind(RelatedQuery, related_response),
}  # by the last part of their paths
