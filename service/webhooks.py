"""The webhook receiver: a CMS says what it published, changed or took down, and the answer comes when that is durable.

No key is asked for: the signature over the body is who sent it. What is taken in is what `ingest` takes in, read alike.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from recsys.articles import Article, Status
from recsys.records import Reading
from recsys.store import ArticleStore
from service import schemas
from service.asking import json_response, now
from service.live import Live
from service.office import office_of
from service.problems import Problem
from service.schemas import responses
from service.signatures import BadSignature, Secrets, check, signed
from service.webhook_body import Gone, raw_body, said

log = logging.getLogger(__name__)
webhooks = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
_TAKEN = responses(
    schemas.Received, schemas.RECEIVED, "signature-refused", "webhook-not-found", 413, 422, "store-unavailable"
)
_Name = Annotated[str, Path(description="As the deployment named it.", examples=["cms"])]
_turn = Lock()  # two messages on one article are compared with the store one after the other


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one article: new, changed, unchanged, stale (the store knows a later one), or unknown."""

    id: str
    outcome: str


@webhooks.post("/{name}", responses=_TAKEN, summary="Take in what a CMS sends", openapi_extra=schemas.body_of_webhook())
async def receive(request: Request, name: _Name) -> Response:
    """Store articles, or take them down; signed with the webhook's secret.

    The same message may come any number of times and in any order: an older `updated_at` than the store's is `stale`.
    """
    secrets = _secrets(request, name)
    if not signed(request.headers):
        raise _refused("send X-Hub-Signature-256, or webhook-id, webhook-timestamp and webhook-signature")
    raw, moment = await raw_body(request), now(request)
    try:
        check(request.headers, raw, secrets, moment.timestamp())
    except BadSignature as error:
        log.warning("webhook %s: refused: %s", name, error)
        raise _refused(str(error)) from None
    found = said(raw, moment)
    taken = await office_of(request).ask(lambda store: take(store, found, moment))
    if any(one.outcome in ("new", "changed") for one in taken):
        live: Live = request.app.state.live
        await live.caught_up()
    return json_response({"results": taken})


def take(store: ArticleStore, found: Sequence[Reading | Gone], now: datetime) -> list[Taken]:
    """Do what was said, in its order, in one transaction; durable when it returns. Raises StoreError."""
    with _turn:
        known: dict[str, _Write | None] = {}
        told: list[str] = []  # by place in `found`, what is no write
        writes: list[_Write] = []
        for one in found:
            key = _id(one)
            if key not in known:
                known[key] = _known(store, key)
            write = _gone(known[key]) if isinstance(one, Gone) else _put(one, known[key])
            told.append(write if isinstance(write, str) else "")
            if not isinstance(write, str):
                known[key] = write
                writes.append(write)
        outcomes = iter(store.put([article for article, _ in writes], [links for _, links in writes], now))
        return [Taken(_id(one), text or next(outcomes).value) for one, text in zip(found, told, strict=True)]


_Write = tuple[Article, Sequence[str]]  # with the addresses that its body links to


def _id(one: Reading | Gone) -> str:
    return one.id if isinstance(one, Gone) else one.article.id


def _known(store: ArticleStore, article_id: str) -> _Write | None:
    found = store.get(article_id)
    return None if found is None else (found, store.links(article_id))


def _put(reading: Reading, known: _Write | None) -> _Write | str:
    return "stale" if known is not None and _stale(reading.article, known[0]) else (reading.article, reading.links)


def _gone(known: _Write | None) -> _Write | str:
    return "unknown" if known is None else (replace(known[0], status=Status.CANCELED), known[1])


def _stale(article: Article, known: Article) -> bool:
    """Whether the message is older than what is known; one that was taken down comes back with a later version only."""
    if article.updated_at is None or known.updated_at is None or article == known:
        return False
    if known.status is Status.CANCELED and article.status is not Status.CANCELED:
        return article.updated_at <= known.updated_at
    return article.updated_at < known.updated_at


def _secrets(request: Request, name: str) -> Secrets:
    known: Mapping[str, Secrets] = request.app.state.webhooks
    if name not in known:
        raise Problem(404, "webhook-not-found", f"no webhook {name[:200]!r}: the setting `webhooks` names them")
    return known[name]


def _refused(detail: str) -> Problem:
    return Problem(401, "signature-refused", detail)
