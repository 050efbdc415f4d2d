"""Errors in one shape: RFC 9457 `application/problem+json` for everything that is not a list."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, get_type_hints
from urllib.parse import quote

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from recsys.errors import (
    ArticleNotFound,
    PreconditionFailed,
    RuleNotFound,
    StaleArticle,
    StoreError,
    TakedownNotFound,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "10"  # seconds; a first release is minutes away, a new one swaps in within a poll
_SHOWN = 200  # characters of a bad value that are given back

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BadValue:
    """One bad value: `where` it stands ("query.k", "body.slot"), the `value` found and the `reason`."""

    where: str
    value: str
    reason: str


class Problem(HTTPException):
    """Raise it to answer with a problem.

    Args:
        status: HTTP status code.
        kind: last part of the problem's type, such as "article-not-found".
        detail: what is wrong with this request.
        errors: the bad parameters, for a 422.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Sequence[BadValue] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.kind = kind
        self.errors = errors


def no_release() -> Problem:
    """503: nothing is published yet."""
    return Problem(
        503, "no-release", "no release is published yet; try again later", headers={"Retry-After": RETRY_AFTER}
    )


def bad_parameters(errors: Sequence[BadValue]) -> Problem:
    """422, naming each bad parameter."""
    named = ", ".join(f"{error.where}: {error.reason}" for error in errors)
    return Problem(422, "bad-parameters", named, errors=errors)


def install(app: FastAPI) -> None:
    """Give every error of `app` the one shape."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ArticleNotFound, _not_found)
    app.add_exception_handler(RuleNotFound, _no_rule)
    app.add_exception_handler(TakedownNotFound, _no_takedown)
    app.add_exception_handler(PreconditionFailed, _other_version)
    app.add_exception_handler(StaleArticle, _stale)
    app.add_exception_handler(StoreError, _no_store)
    app.add_exception_handler(Exception, _unexpected)


# The handlers are async only to be called in the event loop: Starlette runs plain functions in a thread.


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _response(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _response(request, bad_parameters([_bad_value(request, found) for found in error.errors()]))


async def _not_found(request: Request, error: Exception) -> Response:
    assert isinstance(error, ArticleNotFound)
    return _response(request, Problem(404, "article-not-found", f"no article {error.key[:_SHOWN]!r} in this release"))


async def _no_rule(request: Request, error: Exception) -> Response:
    return _response(request, Problem(404, "rule-not-found", str(error)))


async def _no_takedown(request: Request, error: Exception) -> Response:
    return _response(request, Problem(404, "takedown-not-found", str(error)))


async def _other_version(request: Request, error: Exception) -> Response:
    assert isinstance(error, PreconditionFailed)
    headers = {"ETag": f'"{error.digest}"'} if error.digest else {}
    return _response(request, Problem(412, "precondition-failed", str(error), headers=headers))


async def _stale(request: Request, error: Exception) -> Response:
    return _response(request, Problem(409, "stale-article", str(error)))


async def _no_store(request: Request, error: Exception) -> Response:
    log.error("the store failed: %s", error)
    headers = {"Retry-After": RETRY_AFTER}
    detail = "the article store cannot be used; try again later"
    return _response(request, Problem(503, "store-unavailable", detail, headers=headers))


async def _unexpected(request: Request, error: Exception) -> Response:
    return _response(request, HTTPException(500, "the service failed; its log says why"))  # logged by the server


def _response(request: Request, error: HTTPException) -> Response:
    kind = getattr(error, "kind", None)
    phrase = HTTPStatus(error.status_code).phrase
    body = {
        "type": f"urn:problem-type:{kind}" if kind else "about:blank",
        "title": kind.replace("-", " ").capitalize() if kind else phrase,
        "status": error.status_code,
        "detail": error.detail,
        "instance": quote(request.scope["path"], safe="/:@!$&'()*+,;="),
        "errors": getattr(error, "errors", ()),
    }
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(error.headers or {})}
    if headers.get("Allow") == "GET":
        headers["Allow"] = "GET, HEAD"  # service.head
    return Response(msgspec.json.encode(body), error.status_code, headers, MEDIA_TYPE)


def _bad_value(request: Request, found: dict[str, Any]) -> BadValue:
    reason = str(found["msg"])
    if found["type"] == "extra_forbidden":
        # a typo such as limit= must not pass silently; the endpoint's own signature says which names there are
        query = get_type_hints(request.scope["endpoint"]).get("query")
        known = (
            f"parameter; valid are {', '.join(query.model_fields)}" if found["loc"][0] == "query" and query else "field"
        )
        reason = f"unknown {known}"
    where = ".".join(str(part)[:_SHOWN] for part in found["loc"])
    # a missing parameter has no value; what FastAPI calls its input is all the others
    value = "" if found["type"] == "missing" else str(found["input"])[:_SHOWN]
    return BadValue(where, value, reason)
