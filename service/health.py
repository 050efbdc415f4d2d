"""Whether the service is up, and what it serves."""

from datetime import datetime

from fastapi import APIRouter, Request, Response

from service import schemas
from service.asking import json_response, now, view_of
from service.schemas import responses

health = APIRouter(prefix="/health", tags=["health"])


@health.get("/live", responses=responses(schemas.Alive, schemas.ALIVE), summary="Is the process up?")
async def alive() -> Response:
    """Always 200."""
    return json_response({"status": "alive"})


@health.get("/ready", responses=responses(schemas.Ready, schemas.READY, 503), summary="Is there a release?")
async def ready(request: Request) -> Response:
    """200 and what is served, 503 while nothing is."""
    view, moment = await view_of(request), now(request)
    manifest = view.release.manifest
    created_at = datetime.fromisoformat(manifest.created_at)
    store = None if view.store_ok is None else {"change": view.overlay.upto, "ok": view.store_ok}
    body = {
        "status": "ready",
        "release": manifest.id,
        "created_at": created_at,
        "age_seconds": int((moment - created_at).total_seconds()),
        "model": manifest.model.name,
        "articles": int(view.release.present.sum()),
        "withdrawn": view.withdrawn,
        "rules": view.rules(moment),
        "store": store,
    }
    return json_response(body)
