"""Errors, and what a route may answer."""

from pydantic import BaseModel, Field

from service.schemas.shape import JsonObject, Shape


class BadValue(Shape):
    """A parameter, or a field of the body, that cannot be used."""

    where: str
    value: str
    reason: str


class Problem(Shape):
    """Any error (RFC 9457)."""

    type: str = Field(description="urn:problem-type:… or about:blank.")
    title: str
    status: int
    detail: str
    instance: str
    errors: list[BadValue] = Field(description="The bad values of a 422, else empty.")


def responses(
    shape: type[BaseModel], example: JsonObject, *problems: int | str, status: int = 200
) -> dict[int | str, JsonObject]:
    """What a route may answer, for OpenAPI: `shape` with an example, and its problems by status, or by their kind."""
    good = {"model": shape, "content": {"application/json": {"example": example}}}
    return {status: good, **{_STATUS.get(found, found): _PROBLEMS[found] for found in problems}}


def cacheable(shape: type[BaseModel], example: JsonObject, *problems: int) -> dict[int | str, JsonObject]:
    """The same for what caches may keep: with its headers, and the 304 for who has it already."""
    found = responses(shape, example, *problems)
    return {
        **found,
        200: {**found[200], "headers": _CACHED},
        304: {"description": "The client has this very answer: its If-None-Match names it.", "headers": _CACHED},
    }


def _problem(status: int, kind: str, detail: str, *errors: JsonObject) -> JsonObject:
    title = kind.replace("-", " ").capitalize()
    example = {
        "type": f"urn:problem-type:{kind}", "title": title, "status": status, "detail": detail,
        "instance": "/v1/articles/mc-a-01/similar", "errors": list(errors),
    }  # fmt: skip
    return {"model": Problem, "description": title, "content": {"application/json": {"example": example}}}


_CACHED: JsonObject = {
    name: {"description": description, "schema": {"type": "string"}, "example": example}
    for name, description, example in (
        ("ETag", "Of the bytes of the answer; send it back as If-None-Match.", '"5f2b6c1e9a7d4f30c8e1b2a4"'),
        ("Cache-Control", "For how long anybody may keep the answer.", "public, max-age=1, must-revalidate"),
        ("Surrogate-Key", "Keys by which a cache is purged; the deployment chooses the header.", "lists a-mc-a-01"),
    )
}
_STATUS: dict[int | str, int | str] = {
    "rule-not-found": 404,
    "takedown-not-found": 404,
    "webhook-not-found": 404,
    "signature-refused": 401,
    "store-unavailable": 503,
    "drafts-busy": 503,
}
_PROBLEMS: dict[int | str, JsonObject] = {
    401: _problem(401, "key-refused", "no key has this secret, or it is revoked"),
    403: _problem(403, "key-lacks-scope", "this key is not for rules"),
    404: _problem(404, "article-not-found", "no article 'mc-a-01' in this release"),
    "rule-not-found": _problem(404, "rule-not-found", "no rule 17"),
    "takedown-not-found": _problem(404, "takedown-not-found", "article 'mc-court-02' is not taken down"),
    409: _problem(409, "stale-article", "article 'mc-a-01' was updated at 2026-03-01T06:00:00+00:00"),
    412: _problem(412, "precondition-failed", "article 'mc-a-01' is not in the store"),
    "webhook-not-found": _problem(404, "webhook-not-found", "no webhook 'cms'"),
    "signature-refused": _problem(401, "signature-refused", "the signature is not that of this body under the secret"),
    413: _problem(413, "body-too-large", "a body may have 65536 bytes"),
    422: _problem(
        422,
        "bad-parameters",
        "query.k: Input should be less than or equal to 100",
        {"where": "query.k", "value": "1000", "reason": "Input should be less than or equal to 100"},
    ),
    503: _problem(503, "no-release", "no release is published yet; try again later"),
    "drafts-busy": _problem(503, "drafts-busy", "too many drafts at once; try again soon"),
    "store-unavailable": _problem(503, "store-unavailable", "the article store cannot be used; try again later"),
}
