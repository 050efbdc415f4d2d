"""A shorter way to the lists than through the framework, for requests that are plain.

FastAPI takes some 400 µs to find a list's route and to check its parameters. Here the path is cut, the same Pydantic
model checks the same parameters, and the same function answers (`service.list_kinds`). What is not plain, and whatever
is not answered with a list, goes to the framework's route as if nothing had been here: it tells every error.
"""

from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from pydantic import ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from recsys.errors import ArticleNotFound
from service.asking import check_counts, known_response, meant, view_of
from service.list_kinds import KINDS, ListKind
from service.problems import Problem

_PREFIX, _BY_ID = "/v1/", "/v1/articles/"
_REPEATED = frozenset({"exclude", "exclude_section"})


class Shortcut:
    """Answers plain requests for lists, and leaves all others to `app`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (ASGI)."""
        answer = self._app if (found := _list_of(scope)) is None else await _response(Request(scope), *found)
        await (answer or self._app)(scope, receive, send)


def _list_of(scope: Scope) -> tuple[ListKind, str | None] | None:
    """(the list that is asked for, the article's id or None where its address is a parameter); None for all else."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope.get("root_path"):
        return None
    path: str = scope["path"]
    before, _, last = path.rpartition("/")
    if (kind := KINDS.get(last)) is None or "\n" in path:  # in a line break the router's patterns find an end
        return None
    if path.startswith(_BY_ID) and len(before) >= len(_BY_ID):
        return kind, before[len(_BY_ID) :]
    return (kind, None) if path == _PREFIX + last else None


async def _response(request: Request, kind: ListKind, article_id: str | None) -> Response | None:
    """The answer where it is a list; None where another has to say what is wrong."""
    try:
        view = await view_of(request)
        if (known := known_response(request, view)) is not None:
            return known
        parameters = _parameters(request.scope["query_string"])
        if parameters is None:
            return None
        query: Any = (kind.by_url if article_id is None else kind.by_id).model_validate(parameters)
        check_counts(request, query)
        url = query.url if article_id is None else ""
        return kind.response(meant(request, view, query, article_id, url), query)
    except (ValidationError, Problem, ArticleNotFound):
        return None


def _parameters(query_string: bytes) -> dict[str, Any] | None:
    """The parameters as the framework gives them to their model; None where one that is a single value is repeated."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
        if name in _REPEATED:
            found.setdefault(name, []).append(value)
        elif name in found:
            return None
        else:
            found[name] = value
    return found
