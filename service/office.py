"""The way of editors into the store: who they are by their key, and the store that keeps what they say."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from recsys.errors import KeyRefused, StoreError
from recsys.keys import PREFIX, Key, Scope
from recsys.store import ArticleStore
from recsys.waits import SERVICE
from service.live import Live
from service.problems import Problem

T = TypeVar("T")
PATIENCE = 5.0  # seconds that an answer is waited for
_REALM = 'Bearer realm="news-recsys"'
_bearer = HTTPBearer(
    auto_error=False, scheme_name="key", description="The secret of a key: `python -m index keys make`."
)
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class Office:
    """The store as editors and the CMS use it: opened when it is first asked, and again until that succeeds."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._store: ArticleStore | None = None
        self._file: tuple[int, int] | None = None
        self._opening = Lock()

    async def ask(self, question: Callable[[ArticleStore], T]) -> T:
        """What the store answers, asked in another thread: it may wait for a writer, and readers must not.

        After some seconds nobody waits any more. What was asked may be done all the same: a write that is sent again
        finds it done.

        Raises:
            StoreError: the store cannot be used.
        """
        try:
            return await asyncio.wait_for(asyncio.to_thread(lambda: question(self._opened())), PATIENCE)
        except TimeoutError:
            raise StoreError(f"no answer within {PATIENCE:g} s") from None

    def close(self) -> None:
        """Let go of the store's connections."""
        if self._store is not None:
            self._store.close()

    def _opened(self) -> ArticleStore:
        with self._opening:
            # a file that was moved away or replaced can still be written to, and nobody would ever read what was
            file = _file_of(self._url)
            if self._store is not None and file != self._file:
                self._store.close()
                self._store = None
            self._store, self._file = self._store or ArticleStore.open(self._url, waits=SERVICE), file
        return self._store


def _file_of(url: str) -> tuple[int, int] | None:
    """What tells the file of an SQLite store from another at its path; None where there is no file."""
    try:
        address = make_url(url)
        if address.get_backend_name() != "sqlite" or not address.database:
            return None
        found = Path(address.database).stat()
    except (ArgumentError, OSError):
        return None
    return found.st_dev, found.st_ino


def office_of(request: Request) -> Office:
    """The office of the application; only routes of a service with a store call it."""
    office: Office = request.app.state.office
    return office


async def in_force(request: Request) -> None:
    """Wait until what was just written is what this process answers by."""
    live: Live = request.app.state.live
    await live.caught_up()


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


async def articles_key(request: Request, credentials: _Bearer) -> Key:
    """The same for articles."""
    return await _key(request, credentials, Scope.ARTICLES)


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
