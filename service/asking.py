"""From a request to what answers it: the view of this moment, the article that is meant, how long it may be kept."""

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from fastapi import Request, Response

from recsys.answers import Answer, Filled, RelatedAnswer
from recsys.errors import ArticleNotFound
from recsys.recommender import Recommender
from recsys.standing import lifecycle
from service.live import Live, View
from service.problems import BadValue, Problem, bad_parameters, no_release
from service.queries import AnyQuery
from service.settings import Settings

FRESH = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_FULL, _SCANT = 60, 10  # seconds that caches may keep an answer; a list that lacks something may soon have more


@dataclass(frozen=True, slots=True)
class Asked:
    """The article that is meant, who answers, and for how many seconds nothing changes by itself."""

    recommender: Recommender
    article_id: str
    lasts: float


async def view_of(request: Request) -> View:
    """What is in force now; a request calls this once.

    Raises:
        Problem: 503, no release is published yet.
    """
    live: Live = request.app.state.live
    view = await live.current()
    if view is None:
        raise no_release()
    return view


async def asked(request: Request, query: AnyQuery, article_id: str | None = None, url: str = "") -> Asked:
    """The article of this id, or else of this address.

    Raises:
        Problem: 404, 422 or 503.
        ArticleNotFound: there is no such article, or nobody may know yet that there is.
    """
    check_counts(request, query)
    view = await view_of(request)
    recommender = view.recommender
    row = view.release.row_of_url(url) if article_id is None else view.release.row(article_id)
    standing = recommender.standing
    if standing.gone[row]:
        embargoed_until = lifecycle(view.release, view.overlay, row).embargoed_until
        if embargoed_until is not None and embargoed_until.timestamp() > standing.since:
            raise ArticleNotFound(url if article_id is None else article_id)
        raise Problem(404, "article-withdrawn", f"the article {view.release.ids[row]!r} was taken down")
    live: Live = request.app.state.live
    return Asked(recommender, view.release.ids[row], standing.until - live.clock())


def list_response(answer: Answer | RelatedAnswer, lasts: float) -> Response:
    """The answer, to be kept by caches until something in it ends or begins, at most a minute."""
    status = answer.status
    filled = (status,) if isinstance(status, Filled) else (status.similar, status.author, status.coverage)
    seconds = int(min(_FULL if all(one is Filled.FULL for one in filled) else _SCANT, lasts))
    cached = f"public, max-age={seconds}" if seconds > 0 else "no-store"
    return json_response(answer, {**FRESH, "Cache-Control": cached})


def json_response(body: object, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """The body as JSON; caches keep it only where `headers` say so."""
    return Response(msgspec.json.encode(body), status, headers or FRESH, "application/json")


def now(request: Request) -> datetime:
    """The service's own time."""
    live: Live = request.app.state.live
    return datetime.fromtimestamp(live.clock(), UTC)


def check_counts(request: Request, query: AnyQuery) -> None:
    """Raises Problem (422) where a list is longer than this deployment allows."""
    settings: Settings = request.app.state.settings
    reason = f"must be at most {settings.max_k} here"
    counts = query.counts().items()
    if too_long := [BadValue(f"query.{name}", str(n), reason) for name, n in counts if n > settings.max_k]:
        raise bad_parameters(too_long)
