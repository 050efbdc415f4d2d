"""From a request to what answers it: the view of this moment, the article that is meant, how long it may be kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf

import msgspec
from fastapi import Request, Response

from recsys.answers import Answer, Filled, Item, RelatedAnswer
from recsys.errors import ArticleNotFound
from recsys.lifecycles import lifecycle
from recsys.recommender import Recommender
from recsys.release import UNDATED
from recsys.standing import Standing
from service.caching import cache_headers, has_it, patience, tag_of
from service.live import Live, View
from service.problems import BadValue, Problem, bad_parameters, no_release
from service.queries import AnyQuery
from service.remembered import Remembered, Shown
from service.settings import Settings

FRESH = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The article that is meant, who answers, and what decides how long the answer may be kept.

    Attributes:
        request: who asks.
        recommender: who answers.
        standing: what is in force.
        article_id: the article.
        published: when it was, in seconds since 1970 UTC; -inf where nobody knows.
        moment: now, in the same seconds.
        steady: whether the answer is the same until something else is in force.
    """

    request: Request
    recommender: Recommender
    standing: Standing
    article_id: str
    published: float
    moment: float
    steady: bool


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
    moment, published = live.clock(), int(view.release.published[row])
    since = -inf if published == UNDATED else float(published)
    steady = query.published_after is None  # 30d ends at another moment with every request
    return Asked(request, recommender, standing, view.release.ids[row], since, moment, steady)


def list_response(found: Asked, make: Callable[[], Answer | RelatedAnswer]) -> Response:
    """What `make` answers, with what caches may do with it; or 304 where the client has these very bytes."""
    remembered: Remembered = found.request.app.state.remembered
    known = remembered.find(found.request, found.standing)
    has = found.request.headers.getlist("if-none-match")
    if known is not None and has_it(has, known.tag):
        return Response(None, 304, _headers(found, known))
    answer = make()
    body = msgspec.json.encode(answer)
    shown = _shown(found, answer, body)
    if found.steady:
        remembered.keep(found.request, shown)
    if has_it(has, shown.tag):
        return Response(None, 304, _headers(found, shown))
    return Response(body, 200, _headers(found, shown), "application/json")


def _headers(found: Asked, shown: Shown) -> dict[str, str]:
    worth = patience(shown.full, found.moment - shown.youngest)
    settings: Settings = found.request.app.state.settings
    lasts = found.standing.until - found.moment
    return {**FRESH, **cache_headers(settings, shown.tag, worth, lasts, shown.article_ids)}


def _shown(found: Asked, answer: Answer | RelatedAnswer, body: bytes) -> Shown:
    status, items = answer.status, items_of(answer)
    filled = (status,) if isinstance(status, Filled) else (status.similar, status.author, status.coverage)
    dates = [item.published_at.timestamp() for item in items if item.published_at is not None]
    return Shown(
        tag=tag_of(body),
        full=all(one is Filled.FULL for one in filled),
        youngest=max([found.published, *dates]),
        article_ids=(found.article_id, *(item.id for item in items)),
    )


def items_of(answer: Answer | RelatedAnswer) -> tuple[Item, ...]:
    """All items of all lists of an answer."""
    return answer.items if isinstance(answer, Answer) else (*answer.similar, *answer.author, *answer.coverage)


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
