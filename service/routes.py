"""The routes. Each takes the live view once, asks its recommender, and encodes the answer as it is.

They are async on purpose, though nothing is awaited: a list is a fraction of a millisecond of NumPy that holds Python's
lock, so a thread for each request would add a hop there and back and make nothing run beside it.
"""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from recsys.answers import Answer, RelatedAnswer
from recsys.recommender import Recommender
from service import schemas
from service.live import Live, View
from service.problems import BadValue, Problem, bad_parameters, no_release
from service.queries import ListByUrl, ListQuery, RelatedByUrl, RelatedQuery
from service.schemas import responses
from service.settings import Settings

_CACHED = {"Cache-Control": "public, max-age=60", "X-Content-Type-Options": "nosniff"}
_FRESH = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

ArticleId = Annotated[str, Path(description="The newsroom's own id, percent-encoded.", examples=["mc-a-01"])]
lists = APIRouter(prefix="/v1", tags=["lists"])
health = APIRouter(prefix="/health", tags=["health"])

_SIMILAR = responses(schemas.Answer, schemas.ANSWER, 404, 422, 503)
_BY_AUTHOR = responses(schemas.Answer, schemas.BY_AUTHOR, 404, 422, 503)
_RELATED = responses(schemas.RelatedAnswer, schemas.RELATED, 404, 422, 503)


# An id may hold slashes, and may even end in "/similar": the path is cut at its last "/".


@lists.get("/articles/{article_id:path}/similar", responses=_SIMILAR, summary="Similar articles")
async def similar(request: Request, article_id: ArticleId, query: Annotated[ListQuery, Query()]) -> Response:
    """The articles most related to this one, best first."""
    return _similar(_asked(request, query, article_id), article_id, query)


@lists.get("/articles/{article_id:path}/more-from-author", responses=_BY_AUTHOR, summary="More from the author")
async def more_from_author(request: Request, article_id: ArticleId, query: Annotated[ListQuery, Query()]) -> Response:
    """Other articles by any of this article's authors, newest first; empty where none is known."""
    return _more_from_author(_asked(request, query, article_id), article_id, query)


@lists.get("/articles/{article_id:path}/related", responses=_RELATED, summary="Both lists of a page")
async def related(request: Request, article_id: ArticleId, query: Annotated[RelatedQuery, Query()]) -> Response:
    """Similar articles and more from the author, with no article in both."""
    return _related(_asked(request, query, article_id), article_id, query)


@lists.get("/similar", responses=_SIMILAR, summary="Similar articles, by address")
async def similar_by_url(request: Request, query: Annotated[ListByUrl, Query()]) -> Response:
    """The articles most related to the one at this address, best first."""
    view, article_id = _at(request, query.url)
    return _similar(_asked(request, query, article_id, view), article_id, query)


@lists.get("/more-from-author", responses=_BY_AUTHOR, summary="More from the author, by address")
async def more_from_author_by_url(request: Request, query: Annotated[ListByUrl, Query()]) -> Response:
    """Other articles by any author of the one at this address, newest first; empty where none is known."""
    view, article_id = _at(request, query.url)
    return _more_from_author(_asked(request, query, article_id, view), article_id, query)


@lists.get("/related", responses=_RELATED, summary="Both lists of a page, by address")
async def related_by_url(request: Request, query: Annotated[RelatedByUrl, Query()]) -> Response:
    """Similar articles and more from the author of the one at this address, with no article in both."""
    view, article_id = _at(request, query.url)
    return _related(_asked(request, query, article_id, view), article_id, query)


@health.get("/live", responses=responses(schemas.Alive, schemas.ALIVE), summary="Is the process up?")
async def alive() -> Response:
    """Always 200."""
    return _json({"status": "alive"}, _FRESH)


@health.get("/ready", responses=responses(schemas.Ready, schemas.READY, 503), summary="Is there a release?")
async def ready(request: Request) -> Response:
    """200 and what is served, 503 while nothing is."""
    view = _view(request)
    manifest = view.release.manifest
    created_at = datetime.fromisoformat(manifest.created_at)
    store = None if view.store_ok is None else {"change": view.takedowns.upto, "ok": view.store_ok}
    body = {
        "status": "ready",
        "release": manifest.id,
        "created_at": created_at,
        "age_seconds": int((datetime.now(UTC) - created_at).total_seconds()),
        "model": manifest.model.name,
        "articles": len(view.release),
        "withdrawn": len(view.recommender.withdrawn),
        "store": store,
    }
    return _json(body, _FRESH)


def _similar(recommender: Recommender, article_id: str, query: ListQuery) -> Response:
    return _list(recommender.similar(article_id, query.k, **query.narrowing()))


def _more_from_author(recommender: Recommender, article_id: str, query: ListQuery) -> Response:
    return _list(recommender.more_from_author(article_id, query.k, **query.narrowing()))


def _related(recommender: Recommender, article_id: str, query: RelatedQuery) -> Response:
    return _list(recommender.related(article_id, query.similar, query.author, **query.narrowing()))


def _view(request: Request) -> View:
    """What is served now; a request calls this once."""
    live: Live = request.app.state.live
    view = live.view
    if view is None:
        raise no_release()
    return view


def _at(request: Request, url: str) -> tuple[View, str]:
    """(view, id of the article at this address)."""
    view = _view(request)
    return view, view.release.ids[view.release.row_of_url(url)]


def _asked(request: Request, query: ListQuery | RelatedQuery, article_id: str, view: View | None = None) -> Recommender:
    """The recommender to ask, once the request is known to be one that it answers."""
    settings: Settings = request.app.state.settings
    reason = f"must be at most {settings.max_k} here"
    counts = query.counts().items()
    if too_long := [BadValue(f"query.{name}", str(n), reason) for name, n in counts if n > settings.max_k]:
        raise bad_parameters(too_long)
    view = view or _view(request)
    if view.release.row(article_id) in view.recommender.withdrawn:
        raise Problem(404, "article-withdrawn", f"the article {article_id!r} was taken down")
    return view.recommender


def _list(answer: Answer | RelatedAnswer) -> Response:
    return _json(answer, _CACHED)


def _json(body: object, headers: dict[str, str]) -> Response:
    return Response(msgspec.json.encode(body), headers=headers, media_type="application/json")
