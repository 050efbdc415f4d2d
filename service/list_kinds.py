"""The lists there are: what each may be asked, and how the core is asked for it. Every way in answers through these."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Response
from pydantic import BaseModel

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
    return list_response(
        found,
        lambda: found.recommender.similar(
            found.article_id, query.k, fallback=query.fallback, explain=query.explain, **query.narrowing()
        ),
    )


def more_from_author_response(found: Asked, query: AuthorQuery) -> Response:
    """More by its authors."""
    return list_response(
        found,
        lambda: found.recommender.more_from_author(
            found.article_id,
            query.k,
            fallback=query.fallback,
            explain=query.explain,
            **query.by_author(),
            **query.narrowing(),
        ),
    )


def coverage_response(found: Asked, query: CoverageQuery) -> Response:
    """More on its event."""
    return list_response(
        found,
        lambda: found.recommender.coverage(found.article_id, query.k, explain=query.explain, **query.narrowing()),
    )


def related_response(found: Asked, query: RelatedQuery) -> Response:
    """All lists of its page."""
    return list_response(
        found,
        lambda: found.recommender.related(
            found.article_id,
            query.similar,
            query.author,
            query.coverage,
            fallback=query.fallback,
            author_fallback=query.author_fallback,
            explain=query.explain,
            **query.by_author(),
            **query.narrowing(),
        ),
    )


KINDS = {
    "similar": ListKind(SimilarQuery, SimilarByUrl, similar_response),
    "more-from-author": ListKind(AuthorQuery, AuthorByUrl, more_from_author_response),
    "coverage": ListKind(CoverageQuery, CoverageByUrl, coverage_response),
    "related": ListKind(RelatedQuery, RelatedByUrl, related_response),
}  # by the last part of their paths
