"""The routes of takedowns: an article out of everything at once, and back.

They ask no condition: whoever takes an article down means it, whatever was written a moment ago.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from recsys.errors import ConfigError
from recsys.keys import Key
from service import schemas
from service.article_body import path_id
from service.asking import json_response, now
from service.office import articles_key, in_force, office_of
from service.problems import BadValue, bad_parameters
from service.schemas import responses

takedowns = APIRouter(prefix="/v1", tags=["newsroom"])
_Newsroom = Annotated[Key, Depends(articles_key)]
_Id = Annotated[str, Path(description="The article's id.", examples=["mc-bridge-09"])]
_ANY = (401, 403, 422, "store-unavailable")
_TAKEN_DOWN = responses(schemas.Takedown, schemas.TAKEDOWN, *_ANY)
_LIFTED = responses(schemas.Takedown, schemas.TAKEDOWN, "takedown-not-found", *_ANY)
_STANDING = responses(schemas.Takedowns, schemas.TAKEDOWNS, *_ANY)


class _Reason(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: str | None = Field(
        default=None, description="Why, for the log; else it names the key's owner.", examples=["court order"]
    )


@takedowns.delete("/articles/{article_id:path}", responses=_TAKEN_DOWN, summary="Take an article down")
async def take_down(request: Request, key: _Newsroom, article_id: _Id, query: Annotated[_Reason, Query()]) -> Response:
    """Out of everything from now on, whatever is written or ingested, and also where the store has no such article."""
    known, moment, reason = path_id(article_id), now(request), _reason(query, key)
    try:
        made = await office_of(request).ask(lambda store: store.takedowns.take_down(known, key.owner, reason, moment))
    except ConfigError as error:
        raise bad_parameters([BadValue("query.reason", reason[:200], str(error))]) from None
    await in_force(request)
    return json_response(made)


@takedowns.get("/takedowns", responses=_STANDING, summary="What is taken down")
async def standing(request: Request, _key: _Newsroom) -> Response:
    """The takedowns that stand, by article id."""
    found = await office_of(request).ask(lambda store: store.takedowns.standing())
    return json_response({"takedowns": found})


@takedowns.delete("/takedowns/{article_id:path}", responses=_LIFTED, summary="Put an article back")
async def lift(request: Request, key: _Newsroom, article_id: _Id, query: Annotated[_Reason, Query()]) -> Response:
    """Lift its takedown: it stands as its newest version says. What stood until now is the answer."""
    known, moment, reason = path_id(article_id), now(request), _reason(query, key)
    try:
        ended = await office_of(request).ask(lambda store: store.takedowns.lift(known, key.owner, reason, moment))
    except ConfigError as error:
        raise bad_parameters([BadValue("query.reason", reason[:200], str(error))]) from None
    await in_force(request)
    return json_response(ended)


def _reason(query: _Reason, key: Key) -> str:
    return f"with the key of {key.owner}"[:500] if query.reason is None else query.reason
