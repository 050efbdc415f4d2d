"""Why an article stands where it does: for editors, with a key, since it tells what rules and embargoes keep back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from recsys.keys import Key
from service import schemas
from service.asking import check_counts, json_response, view_of
from service.office import explain_key
from service.queries import ArticleId, ExplainQuery
from service.schemas import responses

explaining = APIRouter(prefix="/v1", tags=["editors"])
_EXPLAINED = responses(schemas.Explanation, schemas.EXPLANATION, 401, 403, 404, 422, "store-unavailable")


@explaining.get("/articles/{article_id:path}/explain", responses=_EXPLAINED, summary="Why, or why not")
async def explain(
    request: Request,
    article_id: ArticleId,
    query: Annotated[ExplainQuery, Query()],
    _key: Annotated[Key, Depends(explain_key)],
) -> Response:
    """Why the other article stands where it does in the lists of this one, or which filter removed it."""
    check_counts(request, query)
    view = await view_of(request)
    return json_response(view.recommender.explain(article_id, query.other, query.k, **query.narrowing()))
