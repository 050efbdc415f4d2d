"""The newsroom's routes: articles in and changed between two nights, taken down and put back.

An answer is sent when the change is on the disk and this process's own view has it. Whatever is sent again, because its
answer was lost, changes nothing. A CMS is slow to mend what it sent, so what can be read is taken, with warnings, just
as an ingest does it.
"""

import asyncio
import logging
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from recsys.edits import Edit, Stored
from recsys.errors import PreconditionFailed
from recsys.keys import Key
from recsys.putting import Condition, Outcome, Refusal, Written
from recsys.records import Patched, Reading
from service import schemas
from service.article_body import (
    BODY_OF_ARTICLE,
    BODY_OF_BATCH,
    BODY_OF_CHANGES,
    LARGEST,
    Unread,
    changed,
    path_id,
    several,
    whole,
)
from service.asking import FRESH, json_response, now
from service.body import body_of
from service.conditions import IF_MATCH, IF_NONE_MATCH, condition_of
from service.office import articles_key, in_force, office_of
from service.problems import BadValue, Problem
from service.schemas import responses
from service.schemas.shape import JsonObject

log = logging.getLogger(__name__)
newsroom = APIRouter(prefix="/v1", tags=["newsroom"])
_Newsroom = Annotated[Key, Depends(articles_key)]
_Id = Annotated[str, Path(description="The article's id.", examples=["mc-bridge-09"])]
_ANY = (401, 403, 422, "store-unavailable")
_PUT = responses(schemas.Written, schemas.WRITTEN, 409, 412, 413, *_ANY) | responses(
    schemas.Written, schemas.WRITTEN, status=201
)
_PATCH = responses(schemas.Written, schemas.WRITTEN, 404, 409, 412, 413, *_ANY)
_BATCH = responses(schemas.WrittenAll, schemas.WRITTEN_ALL, 413, *_ANY)
_STORED = responses(schemas.Stored, schemas.STORED, 404, *_ANY)
_TRIES = 10  # of a patch, each time that somebody else wrote in between


class _ById(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(description="The article's id.", examples=["mc-bridge-09"])


@newsroom.put(
    "/articles/{article_id:path}",
    responses=_PUT,
    summary="An article, new or again",
    openapi_extra={**BODY_OF_ARTICLE, "parameters": [IF_MATCH, IF_NONE_MATCH]},
)
async def put(request: Request, key: _Newsroom, article_id: _Id) -> Response:
    """Store the article, whole. One whose `updated_at` is older than the stored one's is refused (409)."""
    known, moment, condition = path_id(article_id), now(request), condition_of(request)
    raw = await body_of(request, LARGEST)
    reading = await asyncio.to_thread(whole, raw, known, moment)
    edit = Edit(reading.article, reading.links, condition)
    written = await office_of(request).ask(lambda store: store.edits.put(edit, moment, key.owner))
    log.info("%r put %r: %s, change %d", key.owner, known, written.outcome, written.change)
    await in_force(request)
    return _written(known, written, reading.warnings)


@newsroom.patch(
    "/articles/{article_id:path}",
    responses=_PATCH,
    summary="Some fields of an article",
    openapi_extra={**BODY_OF_CHANGES, "parameters": [IF_MATCH]},
)
async def patch(request: Request, key: _Newsroom, article_id: _Id) -> Response:
    """Change the fields that are named, by JSON merge patch (RFC 7396); null is what an article without it has."""
    known, moment, asked = path_id(article_id), now(request), condition_of(request)
    raw = await body_of(request, LARGEST)
    for tries_left in reversed(range(_TRIES)):
        stored = await _stored(request, known)
        patched = await asyncio.to_thread(changed, raw, stored.article, moment)
        try:
            written = await _write_patched(request, stored, patched, asked, moment, key.owner)
            break
        except PreconditionFailed:
            if not tries_left or asked.digests is not None:
                raise
    log.info("%r patched %r: %s, change %d", key.owner, known, written.outcome, written.change)
    await in_force(request)
    return _written(known, written, patched.warnings)


@newsroom.post("/articles:batch", responses=_BATCH, summary="Many articles", openapi_extra=BODY_OF_BATCH)
async def batch(request: Request, key: _Newsroom) -> Response:
    """Store those of the list that can be; each has its own outcome, as if it had been sent alone and in this order."""
    moment = now(request)
    raw = await body_of(request, LARGEST)
    found = await asyncio.to_thread(several, raw, moment)
    edits = [Edit(one.article, one.links) for one in found if isinstance(one, Reading)]
    results = iter(await office_of(request).ask(lambda store: store.edits.put_all(edits, moment, key.owner)))
    told = [_told(place, one, next(results) if isinstance(one, Reading) else None) for place, one in enumerate(found)]
    log.info("%r put %d articles: %s", key.owner, len(told), dict(Counter(str(one["outcome"]) for one in told)))
    await in_force(request)
    return json_response({"articles": told})


@newsroom.get("/articles", responses=_STORED, summary="An article as it is stored, by a parameter")
async def stored_of(request: Request, _key: _Newsroom, query: Annotated[_ById, Query()]) -> Response:
    """The same as its own path, also for ids that end like the path of a list."""
    return await _as_stored(request, query.id)


@newsroom.get("/articles/{article_id:path}", responses=_STORED, summary="An article as it is stored")
async def stored(request: Request, _key: _Newsroom, article_id: _Id) -> Response:
    """The article as it was last written, whether or not it may be shown."""
    return await _as_stored(request, article_id)


async def _stored(request: Request, article_id: str) -> Stored:
    found = await office_of(request).ask(lambda store: store.edits.get(article_id))
    if found is None:
        raise Problem(404, "article-not-found", f"no article {article_id[:200]!r} in the store")
    return found


async def _write_patched(
    request: Request, stored: Stored, patched: Patched, asked: Condition, moment: datetime, who: str
) -> Written:
    """Write it over just the version that was patched. Raises PreconditionFailed."""
    same = patched.article == stored.article
    if asked.digests is not None and not same and not {stored.digest, "*"} & set(asked.digests):
        raise PreconditionFailed(stored.article.id, stored.digest)
    if same and patched.links is None:
        return Written(Outcome.UNCHANGED, stored.digest, stored.change, stored.takedown is not None)
    edit = Edit(patched.article, patched.links, Condition((stored.digest,), may_go_back=asked.may_go_back))
    return await office_of(request).ask(lambda store: store.edits.put(edit, moment, who))


async def _as_stored(request: Request, article_id: str) -> Response:
    found = await _stored(request, path_id(article_id))
    return json_response(found, {**FRESH, "ETag": f'"{found.digest}"'})


def _written(article_id: str, written: Written, warnings: tuple[str, ...]) -> Response:
    headers = {**FRESH, "ETag": f'"{written.digest}"'}
    if written.outcome is not Outcome.NEW:
        return json_response(_body(article_id, written, warnings), headers)
    headers["Location"] = f"/v1/articles/{quote(article_id)}"
    return json_response(_body(article_id, written, warnings), headers, 201)


def _body(article_id: str, written: Written, warnings: tuple[str, ...]) -> JsonObject:
    return {"id": article_id, **asdict(written), "warnings": warnings}


def _told(place: int, one: Reading | Unread, result: Written | Refusal | None) -> JsonObject:
    """What became of one of a batch."""
    if isinstance(one, Reading) and isinstance(result, Written):
        status = 201 if result.outcome is Outcome.NEW else 200
        return {**_body(one.article.id, result, one.warnings), "status": status, "errors": []}
    nothing = {"outcome": "refused", "digest": "", "change": 0, "taken_down": False}
    if isinstance(one, Unread):
        return {"id": one.article_id, **nothing, "warnings": [], "status": 422, "errors": [one.error]}
    error = BadValue(f"body.{place}.updated_at", str(one.article.updated_at), str(result))
    return {"id": one.article.id, **nothing, "warnings": one.warnings, "status": 409, "errors": [error]}
