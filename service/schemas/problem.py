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


def _problem(status: int, kind: str, detail: str, *errors: JsonObject) -> JsonObject:
    title = kind.replace("-", " ").capitalize()
    example = {
        "type": f"urn:problem-type:{kind}", "title": title, "status": status, "detail": detail,
        "instance": "/v1/articles/mc-a-01/similar", "errors": list(errors),
    }  # fmt: skip
    return {"model": Problem, "description": title, "content": {"application/json": {"example": example}}}


_STATUS: dict[int | str, int | str] = {
    "rule-not-found": 404,
    "webhook-not-found": 404,
    "signature-refused": 401,
    "store-unavailable": 503,
}
_PROBLEMS: dict[int | str, JsonObject] = {
    401: _problem(401, "key-refused", "no key has this secret, or it is revoked"),
    403: _problem(403, "key-lacks-scope", "this key is not for rules"),
    404: _problem(404, "article-not-found", "no article 'mc-a-01' in this release"),
    "rule-not-found": _problem(404, "rule-not-found", "no rule 17"),
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
    "store-unavailable": _problem(503, "store-unavailable", "the article store cannot be used; try again later"),
}
