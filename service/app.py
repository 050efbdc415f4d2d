"""The application: settings in, an ASGI app out."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from recsys.ranking import Weights
from service import problems, routes
from service.live import Live
from service.settings import Settings

_ABOUT = """Related stories for a newspaper's pages.

Lists are worked out at night; an answer names the release that made it, and one release always gives the same answer.
Errors are `application/problem+json` (RFC 9457)."""


class _App(FastAPI):
    """FastAPI, with problems documented under the media type that they are sent with."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            for path in document["paths"].values():
                for status, response in path["get"]["responses"].items():
                    if int(status) >= 400:
                        response["content"] = {problems.MEDIA_TYPE: response["content"]["application/json"]}
        return super().openapi()


def create_app(settings: Settings) -> FastAPI:
    """The service for these settings; it follows releases and store from startup to shutdown.

    Raises:
        ConfigError: the weights file cannot be used.
    """
    weights = Weights() if settings.weights is None else Weights.read(settings.weights)
    live = Live(settings.releases, weights, settings.store, settings.poll_seconds)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(live.start)  # a large release takes seconds to verify, and signals must be heard
        try:
            yield
        finally:
            await asyncio.to_thread(live.stop)

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
    problems.install(app)
    app.include_router(routes.lists)
    app.include_router(routes.health)
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, allow_origins=list(settings.cors_origins), allow_methods=["GET"])
    return app


def app_from_environment() -> FastAPI:
    """What a worker process calls: its settings stand in its environment.

    Raises:
        ConfigError: a variable cannot be used.
    """
    return create_app(Settings.read(os.environ))
