"""The routes of the lists. Each takes the live view once, asks its recommender, and encodes the answer as it is.

They are async on purpose, though they wait for next to nothing: a list is a fraction of a millisecond of NumPy that
holds Python's lock, so a thread for each request would add a hop there and back and make nothing run beside it.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service import schemas
from service.asking import asked
from service.list_kinds import coverage_response, more_from_author_response, related_response, similar_response
from service.queries import (
    ArticleId,
    AuthorByUrl,
    AuthorQuery,
    CoverageByUrl,
    CoverageQuery,
    RelatedByUrl,
    RelatedQuery,
    SimilarByUrl,
    SimilarQuery,
)
from service.schemas import cacheable

lists = APIRouter(prefix="/v1", tags=["lists"])

_SIMILAR = cacheable(schemas.Answer, schemas.ANSWER, 404, 422, 503)
_BY_AUTHOR = cacheable(schemas.Answer, schemas.BY_AUTHOR, 404, 422, 503)
_COVERAGE = cacheable(schemas.Answer, schemas.COVERAGE, 404, 422, 503)
_RELATED = cacheable(schemas.RelatedAnswer, schemas.RELATED, 404, 422, 503)


# An id may hold slashes, and may even end in "/similar": the path is cut at its last "/".


@lists.get("/articles/{article_id:path}/similar", responses=_SIMILAR, summary="Similar articles")
async def similar(request: Request, article_id: ArticleId, query: Annotated[SimilarQuery, Query()]) -> Response:
    """The articles most related to this one, best first."""
    return similar_response(await asked(request, query, article_id), query)


@lists.get("/articles/{article_id:path}/more-from-author", responses=_BY_AUTHOR, summary="More from the author")
async def more_from_author(request: Request, article_id: ArticleId, query: Annotated[AuthorQuery, Query()]) -> Response:
    """Other articles by any of this article's authors, then by those who have signed one with them."""
    return more_from_author_response(await asked(request, query, article_id), query)


@lists.get("/articles/{article_id:path}/coverage", responses=_COVERAGE, summary="More on the same event")
async def coverage(request: Request, article_id: ArticleId, query: Annotated[CoverageQuery, Query()]) -> Response:
    """Other articles on the same event, newest first; empty where the night found none."""
    return coverage_response(await asked(request, query, article_id), query)


@lists.get("/articles/{article_id:path}/related", responses=_RELATED, summary="All lists of a page")
async def related(request: Request, article_id: ArticleId, query: Annotated[RelatedQuery, Query()]) -> Response:
    """Similar articles, more from the author and more on the event, with no article in two of them."""
    return related_response(await asked(request, query, article_id), query)


@lists.get("/similar", responses=_SIMILAR, summary="Similar articles, by address")
async def similar_by_url(request: Request, query: Annotated[SimilarByUrl, Query()]) -> Response:
    """The articles most related to the one at this address, best first."""
    return similar_response(await asked(request, query, url=query.url), query)


@lists.get("/more-from-author", responses=_BY_AUTHOR, summary="More from the author, by address")
async def more_from_author_by_url(request: Request, query: Annotated[AuthorByUrl, Query()]) -> Response:
    """Other articles by any author of the one at this address, then by those who have signed one with them."""
    return more_from_author_response(await asked(request, query, url=query.url), query)


@lists.get("/coverage", responses=_COVERAGE, summary="More on the same event, by address")
async def coverage_by_url(request: Request, query: Annotated[CoverageByUrl, Query()]) -> Response:
    """Other articles on the event of the one at this address, newest first; empty where the night found none."""
    return coverage_response(await asked(request, query, url=query.url), query)


@lists.get("/related", responses=_RELATED, summary="All lists of a page, by address")
async def related_by_url(request: Request, query: Annotated[RelatedByUrl, Query()]) -> Response:
    """All lists for the article at this address, with no article in two of them."""
    return related_response(await asked(request, query, url=query.url), query)
