"""From a request to what answers it: the view of this moment, the article that is meant, how long it may be kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf

import msgspec
from fastapi import Request, Response

from recsys.answers import Filled
from recsys.cards import id_of
from recsys.errors import ArticleNotFound
from recsys.lifecycles import lifecycle
from recsys.page import Page, Picks
from recsys.recommender import Recommender
from recsys.release import UNDATED
from recsys.standing import Standing
from service.caching import Passing, has_it, lasting_headers, patience, tag_of
from service.live import Live, View
from service.prepared import Prepared, raw
from service.problems import BadValue, Problem, bad_parameters, no_release
from service.queries import AnyQuery, ListQuery
from service.remembered import Remembered, Shown, Target
from service.settings import Settings
from service.written import written

_SAFE = {"X-Content-Type-Options": "nosniff"}
FRESH = {"Cache-Control": "no-store", **_SAFE}
_JSON = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Asked:
    """The article that is meant, who answers, and what decides how long the answer may be kept.

    Attributes:
        request: who asks.
        recommender: who answers.
        standing: what is in force.
        row: the article's.
        moment: now, in seconds since 1970 UTC.
    """

    request: Request
    recommender: Recommender
    standing: Standing
    row: int
    moment: float


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
    return meant(request, await view_of(request), query, article_id, url)


def meant(request: Request, view: View, query: AnyQuery, article_id: str | None = None, url: str = "") -> Asked:
    """The article of this id, or else of this address, in this view.

    Raises:
        Problem: 404.
        ArticleNotFound: there is no such article, or nobody may know yet that there is.
    """
    recommender = view.recommender
    row = view.release.row_of_url(url) if article_id is None else view.release.row(article_id)
    standing = recommender.standing
    if standing.gone[row]:
        embargoed_until = lifecycle(view.release, view.overlay, row).embargoed_until
        if embargoed_until is not None and embargoed_until.timestamp() > standing.since:
            raise ArticleNotFound(url if article_id is None else article_id)
        raise Problem(404, "article-withdrawn", f"the article {view.release.ids[row]!r} was taken down")
    live: Live = request.app.state.live
    return Asked(request, recommender, standing, row, live.clock())


def list_response(found: Asked, query: ListQuery, lists: Callable[[Page], Mapping[str, Picks]]) -> Response:
    """What `lists` picks for the page, with what caches may do with it; or 304 where the client has these very bytes.

    The lists go by their names in the answer, the only one being `ITEMS`.
    """
    remembered: Remembered = found.request.app.state.remembered
    target = _target(found.request)
    shown = remembered.find(target, found.standing)
    if shown is None:
        page = found.recommender.page(found.row, found.standing, query.filters(), query.explain)
        shown = _shown(found, lists(page))
        if query.published_after is None:  # 30d ends at another moment with every request
            remembered.keep(target, shown)
    return _sent(found.request, shown, found.standing, found.moment)


def known_response(request: Request, view: View) -> Response | None:
    """What this request was answered before, where it would be answered the same; None where that is not known."""
    remembered: Remembered = request.app.state.remembered
    standing = view.recommender.standing
    shown = remembered.find(_target(request), standing)
    if shown is None:
        return None
    live: Live = request.app.state.live
    return _sent(request, shown, standing, live.clock())


def _target(request: Request) -> Target:
    return request.scope["path"], request.scope["query_string"]


def _sent(request: Request, shown: Shown, standing: Standing, moment: float) -> Response:
    passing: Passing = request.app.state.passing
    soon = passing.headers(patience(shown.full, moment - shown.youngest), standing.until - moment)
    if has_it(request.headers.getlist("if-none-match"), shown.tag):
        return Prepared(304, shown.headers + soon)
    length = (b"content-length", str(len(shown.body)).encode())
    return Prepared(200, (*shown.headers, *soon, length, _JSON), shown.body)


def _shown(found: Asked, lists: Mapping[str, Picks]) -> Shown:
    release, settings = found.recommender.release, found.request.app.state.settings
    rows = [row for picks in lists.values() for row in picks.rows]
    cards = [release.card_bytes(row) for row in rows]
    article_id = release.ids[found.row]
    body = written(article_id, release, lists, cards)
    tag = tag_of(body)
    youngest = max(map(release.published.item, (found.row, *rows)))
    return Shown(
        body,
        tag,
        raw(_SAFE | lasting_headers(settings, tag, [article_id, *map(id_of, cards)])),
        full=all(picks.filled is Filled.FULL for picks in lists.values()),
        youngest=-inf if youngest == UNDATED else youngest,
    )


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
