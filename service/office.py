"""The way of editors into the store: who they are by their key, and the store that keeps what they say."""

import asyncio
from collections.abc import Callable
from threading import Lock
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from recsys.errors import KeyRefused
from recsys.keys import PREFIX, Key, Scope
from recsys.store import ArticleStore
from recsys.waits import SERVICE
from service.problems import Problem

T = TypeVar("T")
_REALM = 'Bearer realm="news-recsys"'
_bearer = HTTPBearer(
    auto_error=False, scheme_name="key", description="The secret of a key: `python -m index keys make`."
)
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class Office:
    """The store as editors use it: opened when it is first asked, and again until that succeeds."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._store: ArticleStore | None = None
        self._opening = Lock()

    async def ask(self, question: Callable[[ArticleStore], T]) -> T:
        """What the store answers, asked in another thread: it may wait for a writer, and readers must not.

        Raises:
            StoreError: the store cannot be used.
        """
        return await asyncio.to_thread(lambda: question(self._opened()))

    def close(self) -> None:
        """Let go of the store's connections."""
        if self._store is not None:
            self._store.close()

    def _opened(self) -> ArticleStore:
        with self._opening:
            self._store = self._store or ArticleStore.open(self._url, waits=SERVICE)
        return self._store


def office_of(request: Request) -> Office:
    """The office of the application; only routes of a service with a store call it."""
    office: Office = request.app.state.office
    return office


async def rules_key(request: Request, credentials: _Bearer) -> Key:
    """The key that the request shows, which opens the editors' rules.

    Raises:
        Problem: 401 or 403.
        StoreError: the store cannot be used.
    """
    return await _key(request, credentials, Scope.RULES)


async def explain_key(request: Request, credentials: _Bearer) -> Key:
    """The same for explanations."""
    return await _key(request, credentials, Scope.EXPLAIN)


async def _key(request: Request, credentials: HTTPAuthorizationCredentials | None, scope: Scope) -> Key:
    if credentials is None:
        raise _refused(401, "key-missing", f"send a key: Authorization: Bearer {PREFIX}…", _REALM)
    secret = credentials.credentials
    try:
        return await office_of(request).ask(lambda store: store.keys.check(secret, scope))
    except KeyRefused as error:
        if error.scope is None:
            raise _refused(401, "key-refused", str(error), f'{_REALM}, error="invalid_token"') from None
        challenge = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
        raise _refused(403, "key-lacks-scope", str(error), challenge) from None


def _refused(status: int, kind: str, detail: str, challenge: str) -> Problem:
    return Problem(status, kind, detail, headers={"WWW-Authenticate": challenge})
