"""Whether the service is up, and what it serves."""

from typing import Literal

from pydantic import AwareDatetime, Field

from service.schemas.shape import JsonObject, Shape


class Alive(Shape):
    """The process is up."""

    status: Literal["alive"]


class StoreState(Shape):
    """The article store, from which takedowns and editors' rules are read."""

    change: int = Field(description="Number of the last change that is shown.")
    ok: bool = Field(description="Whether it answered last time; if not, what is known so far goes on.")


class Ready(Shape):
    """What is served."""

    status: Literal["ready"]
    release: str
    created_at: AwareDatetime
    age_seconds: int = Field(description="Seconds since the release was built.")
    model: str
    articles: int
    withdrawn: int = Field(description="Articles of the release that are withdrawn, embargoed or expired now.")
    rules: int = Field(description="Editors' rules in force now.")
    store: StoreState | None = Field(description="null where the service was started without a store.")


ALIVE: JsonObject = {"status": "alive"}
READY: JsonObject = {
    "status": "ready",
    "release": "20260301T021500Z-9f2c41d7",
    "created_at": "2026-03-01T02:15:00Z",
    "age_seconds": 5400,
    "model": "all-MiniLM-L6-v2",
    "articles": 169,
    "withdrawn": 1,
    "rules": 2,
    "store": {"change": 171, "ok": True},
}
