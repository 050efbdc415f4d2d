"""The editors' routes: rules added, told and ended, and the log of who did what.

An answer is sent when the change is on the disk and this process's own lists obey it; with SQLite so do those of all
other processes, with PostgreSQL some milliseconds later. What is said of it in the log is said in the name of the key's
owner.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from recsys.errors import ConfigError
from recsys.keys import Key
from service import schemas
from service.asking import FRESH, json_response, now
from service.office import in_force, office_of, rules_key
from service.problems import BadValue, bad_parameters
from service.rule_body import body_of_rules, new_rule
from service.schemas import responses

editors = APIRouter(prefix="/v1/rules", tags=["editors"])
_Editor = Annotated[Key, Depends(rules_key)]
_RuleId = Annotated[int, Path(description="The rule's number.", examples=[17])]
_ADDED = responses(schemas.Rule, schemas.RULE, 401, 403, 413, 422, "store-unavailable", status=201)
_RULE = responses(schemas.Rule, schemas.RULE, 401, 403, "rule-not-found", 422, "store-unavailable")
_RULES = responses(schemas.Rules, schemas.RULES, 401, 403, 422, "store-unavailable")
_ENTRIES = responses(schemas.Entries, schemas.ENTRIES, 401, 403, 422, "store-unavailable")


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RulesQuery(_Query):
    """Parameters of the list of rules."""

    all: bool = Field(default=False, description="Those that are over as well.", examples=[True])


class LogQuery(_Query):
    """Parameters of the log."""

    limit: int = Field(default=100, ge=1, le=1000, description="How many entries.")
    before: int | None = Field(default=None, ge=1, description="Only entries with a smaller id: the next page.")


class EndQuery(_Query):
    """Parameters of ending a rule."""

    reason: str = Field(description="Why; it is kept in the log.", examples=["settled out of court"])


@editors.post("", responses=_ADDED, status_code=201, summary="Add a rule", openapi_extra=body_of_rules())
async def add(request: Request, key: _Editor) -> Response:
    """Put a rule in force; it comes back as it is kept, with its id."""
    body, moment = await new_rule(request), now(request)
    rule = body.rule(key.owner, moment)
    try:
        kept = await office_of(request).ask(lambda store: store.desk.add(rule, key.owner, moment))
    except ConfigError as error:
        raise body.refused(error) from None
    await in_force(request)
    return json_response(kept, {**FRESH, "Location": f"/v1/rules/{kept.id}"}, 201)


@editors.get("", responses=_RULES, summary="The rules")
async def every(request: Request, _key: _Editor, query: Annotated[RulesQuery, Query()]) -> Response:
    """The rules in force and those to come, by id."""
    moment = None if query.all else now(request)
    rules = await office_of(request).ask(lambda store: store.desk.rules(moment))
    return json_response({"rules": rules})


@editors.get("/log", responses=_ENTRIES, summary="Who did what")  # before "/{rule_id}", which would take it
async def log(request: Request, _key: _Editor, query: Annotated[LogQuery, Query()]) -> Response:
    """What was done to rules, keys and takedowns, newest first."""
    entries = await office_of(request).ask(lambda store: store.desk.log(query.limit, query.before))
    return json_response({"entries": entries})


@editors.get("/{rule_id}", responses=_RULE, summary="One rule")
async def one(request: Request, _key: _Editor, rule_id: _RuleId) -> Response:
    """A rule, whether or not it is over."""
    return json_response(await office_of(request).ask(lambda store: store.desk.rule(rule_id)))


@editors.delete("/{rule_id}", responses=_RULE, summary="End a rule")
async def end(request: Request, key: _Editor, rule_id: _RuleId, query: Annotated[EndQuery, Query()]) -> Response:
    """End a rule now; it is kept, with the moment at which it ended."""
    moment = now(request)
    try:
        ended = await office_of(request).ask(lambda store: store.desk.end(rule_id, key.owner, query.reason, moment))
    except ConfigError as error:
        raise bad_parameters([BadValue("query.reason", query.reason[:200], str(error))]) from None
    await in_force(request)
    return json_response(ended)
