"""What a web server and its framework cost by themselves: routes that answer with bytes that are always the same."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI

SIZE = "BENCH_BYTES"  # environment variable: length of the answer
Message = MutableMapping[str, Any]


def framework() -> "FastAPI":
    """A FastAPI application whose only route answers every path under /v1 with constant bytes, as JSON."""
    from fastapi import FastAPI, Response

    app, body = FastAPI(openapi_url=None), constant()

    async def answer() -> Response:
        return Response(body, media_type="application/json")

    app.add_api_route("/v1/{path}", answer, methods=["GET"])
    return app


def bare() -> Callable[..., Awaitable[None]]:
    """The same without a framework: the least that ASGI allows."""
    body = constant()
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def app(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[..., Any]) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": head})
            await send({"type": "http.response.body", "body": body})

    return app


def constant() -> bytes:
    """JSON of the length that the environment says."""
    return b'"' + b"x" * max(0, int(os.environ[SIZE]) - 2) + b'"'
