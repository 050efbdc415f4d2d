"""Related while you write: the similar list of an article that is in no store, for the CMS.

It needs a key, since it costs more than a list that the night made. Nothing of it is stored, logged or kept by a cache:
nobody can learn from it what somebody else is writing.
"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from recsys.answers import Answer
from recsys.keys import Key
from service import schemas
from service.article_body import LARGEST
from service.asking import check_counts, json_response, now, view_of
from service.body import body_of
from service.draft_body import BODY_OF_DRAFT, Draft, unfinished
from service.drafting import Drafting, Measured, busy, recommender_of
from service.live import Live, View
from service.office import articles_key
from service.queries import SimilarQuery
from service.schemas import responses

drafts = APIRouter(prefix="/v1", tags=["newsroom"])
_DRAFTED = responses(schemas.DraftAnswer, schemas.DRAFT_ANSWER, 401, 403, 413, 422, "drafts-busy")
_TRIES = 3  # when each time another release has come


@drafts.post("/similar", responses=_DRAFTED, summary="Similar to a draft", openapi_extra=BODY_OF_DRAFT)
async def similar_to_draft(
    request: Request, _key: Annotated[Key, Depends(articles_key)], query: Annotated[SimilarQuery, Query()]
) -> Response:
    """The articles most related to one that is being written; it is not stored."""
    check_counts(request, query)
    await view_of(request)
    raw, moment = await body_of(request, LARGEST), now(request)
    drafting: Drafting = request.app.state.drafting
    with drafting.place():
        draft = await asyncio.to_thread(unfinished, raw, moment)
        for _ in range(_TRIES):
            measured = await drafting.measured(draft.article)
            view = await view_of(request)  # what is in force when it is answered, not when it was asked
            if view.base is measured.base:
                live: Live = request.app.state.live
                answer = await asyncio.to_thread(_similar, draft, measured, view, live, query)
                return json_response(_body(draft, measured, answer))
    raise busy("another release came meanwhile")


def _similar(draft: Draft, measured: Measured, view: View, live: Live, query: SimilarQuery) -> Answer:
    recommender = recommender_of(measured, draft.article.id, view, live)
    return recommender.similar(
        draft.article.id, query.k, fallback=query.fallback, explain=query.explain, **query.narrowing()
    )


def _body(draft: Draft, measured: Measured, answer: Answer) -> dict[str, object]:
    return {
        "article_id": draft.id,
        "release": answer.release,
        "model": answer.model,
        "by_meaning": measured.by_meaning,
        "warnings": draft.warnings,
        "status": answer.status,
        "items": answer.items,
    }
