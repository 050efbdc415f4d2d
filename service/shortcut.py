"""A shorter way to the lists than through the framework, for requests that are plain.

FastAPI takes some 400 µs to find a list's route and to check its parameters. Here the path is cut, the same Pydantic
model checks the same parameters, and the same function answers (`service.list_kinds`). What is not plain, and whatever
is not answered with a list, goes to the framework's route as if nothing had been here: it tells every error.
"""

import logging

from fastapi import Request, Response
from pydantic import ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from recsys.errors import ArticleNotFound
from service.asking import check_counts, known_response, meant, view_of
from service.list_kinds import KINDS, ListKind
from service.parameters import Parameters
from service.problems import Problem

log = logging.getLogger(__name__)
_PREFIX, _BY_ID = "/v1/", "/v1/articles/"


class Shortcut:
    """Answers plain requests for lists, and leaves all others to `app`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._parameters = app, Parameters()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (ASGI)."""
        answer = self._app if (found := _list_of(scope)) is None else await self._response(Request(scope), *found)
        await (answer or self._app)(scope, receive, send)

    async def _response(self, request: Request, kind: ListKind, article_id: str | None) -> Response | None:
        """The answer where it is a list; None where another has to say what is wrong."""
        try:
            view = await view_of(request)
            if (known := known_response(request, view)) is not None:
                return known
            text, url = request.scope["query_string"], ""
            if article_id is not None:
                query = self._parameters.by_id(kind, text)
            else:
                url, query = self._parameters.by_url(kind, text) or (url, None)
            if query is None:
                return None
            check_counts(request, query)
            return kind.response(meant(request, view, query, article_id, url), query)
        except (ValidationError, Problem, ArticleNotFound):
            return None
        except Exception:  # no layer above this one would tell it
            log.exception("the short way failed, the framework's is asked")
            return None


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
