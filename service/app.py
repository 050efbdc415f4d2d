"""The application: settings in, an ASGI app out."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from time import time
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from recsys.engine import LIVE, PAUSE, Engine
from recsys.ranking import Weights
from recsys.variety import Variety
from service import problems
from service.caching import Passing
from service.drafting import Drafting
from service.drafts import drafts
from service.editors import editors
from service.embedding import embedding_of
from service.explaining import explaining
from service.garbage import settle
from service.head import Head
from service.health import health
from service.live import Live
from service.newsroom import newsroom
from service.office import Office
from service.remembered import Remembered
from service.replica import Replica
from service.routes import lists
from service.settings import Settings
from service.shortcut import Shortcut
from service.signatures import Secrets
from service.takedowns import takedowns
from service.webhooks import webhooks

_TRACING = "opentelemetry.sdk"  # imported where somebody wants to see each request
_TURN = 0.0005  # seconds; a request that waits for a thread that measures newcomers waits so long, not Python's 0.005

_ABOUT = """Related stories for a newspaper's pages.

Lists are worked out at night; an answer names the release that made it, and one release always gives the same answer
while editors change nothing.
Errors are `application/problem+json` (RFC 9457)."""


class _App(FastAPI):
    """FastAPI, with problems documented under the media type that they are sent with.

    Attributes:
        first: what is asked before any layer of the framework, where there is such a thing.
    """

    first: Shortcut | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        await (super().__call__ if self.first is None else self.first)(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            operations = [operation for path in document["paths"].values() for operation in path.values()]
            for status, response in (found for one in operations for found in one["responses"].items()):
                if int(status) >= 400:
                    response["content"] = {problems.MEDIA_TYPE: response["content"]["application/json"]}
        return super().openapi()


def create_app(settings: Settings, clock: Callable[[], float] = time) -> FastAPI:
    """The service for these settings; it follows releases and store from startup to shutdown.

    `clock` tells the seconds since 1970 UTC; embargoes and rules begin and end by it.

    Raises:
        ConfigError: the weights file, the secret of a webhook or the URL of the releases cannot be used.
        MissingExtra: the URL needs a package that is not installed.
    """
    weights = Weights() if settings.weights is None else Weights.read(settings.weights)
    secrets = {webhook.name: Secrets.read(webhook.name, webhook.secret_file) for webhook in settings.webhooks}
    variety = Variety(per_event=settings.per_event)
    embedding = embedding_of(settings)
    engine = None if settings.engine is None else Engine(settings.engine, LIVE, PAUSE)
    live = Live(settings.folder, weights, settings.store, settings.poll_seconds, variety, clock, embedding, engine)
    replica = _replica_of(settings)
    office = None if settings.store is None else Office(settings.store)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        sys.setswitchinterval(_TURN)
        if replica is not None:
            replica.start()
        await asyncio.to_thread(live.start)  # a large release takes seconds to verify, and signals must be heard
        try:
            yield
        finally:
            if replica is not None:
                await asyncio.to_thread(replica.stop)
            await asyncio.to_thread(live.stop)
            if office is not None:
                office.close()

    app = _App(
        title="news-recsys",
        version="1",
        description=_ABOUT,
        lifespan=lifespan,
        redirect_slashes=False,  # an id may end in a slash
        redoc_url=None,
    )
    app.state.live = live
    app.state.settings = settings
    app.state.passing = Passing(settings)
    app.state.remembered = Remembered(settings.remember_mib * 2**20)
    problems.install(app)
    app.include_router(lists)
    app.include_router(health)
    if office is not None and live.newcomers is not None:
        app.state.office = office
        app.state.drafting = Drafting(live.newcomers, office, embedding)
        app.include_router(drafts)
        app.include_router(editors)
        app.include_router(explaining)
        if secrets:
            app.state.webhooks = secrets
            app.include_router(webhooks)
        app.include_router(takedowns)
        app.include_router(newsroom)  # last: an article's own path takes all that no list has
    if settings.cors_origins or _TRACING in sys.modules:
        app.add_middleware(Shortcut)  # beneath the layers that have to see its answers
    else:
        app.first = Shortcut(partial(FastAPI.__call__, app))
    if settings.cors_origins:
        # lists only: a browser may neither write nor send a key, as `Authorization` is not among the headers that are
        # allowed. A key in a page is a key that everybody has; an editors' tool asks from its own server.
        app.add_middleware(CORSMiddleware, allow_origins=list(settings.cors_origins), allow_methods=["GET"])
    app.add_middleware(Head)
    return app


def _replica_of(settings: Settings) -> Replica | None:
    """What follows an object store; None where releases are in a folder."""
    if isinstance(settings.releases, Path):
        return None
    return Replica.of(settings.releases, settings.folder, settings.poll_seconds)


def app_from_environment() -> FastAPI:
    """What a worker process calls: its settings stand in its environment.

    Raises:
        ConfigError: a variable cannot be used.
    """
    settle()
    return create_app(Settings.read(os.environ))
