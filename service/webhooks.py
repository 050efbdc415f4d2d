"""The webhook receiver: a CMS says what it published, changed or took down, and the answer comes when that is durable.

No key is asked for: the signature over the body is who sent it. What is taken in is what `ingest` takes in, read alike.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from recsys.cms import Fate, Gone
from recsys.records import Reading
from service import schemas
from service.asking import json_response, now
from service.office import in_force, office_of
from service.problems import Problem
from service.schemas import responses
from service.signatures import BadSignature, Secrets, check, signed
from service.webhook_body import raw_body, said

log = logging.getLogger(__name__)
webhooks = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
_TAKEN = responses(
    schemas.Received, schemas.RECEIVED, "signature-refused", "webhook-not-found", 413, 422, "store-unavailable"
)
_Name = Annotated[str, Path(description="As the deployment named it.", examples=["cms"])]


@webhooks.post("/{name}", responses=_TAKEN, summary="Take in what a CMS sends", openapi_extra=schemas.body_of_webhook())
async def receive(request: Request, name: _Name) -> Response:
    """Store articles, or take them down; signed with the webhook's secret.

    The same message may come any number of times and in any order: an older `updated_at` than the store's is `stale`.
    What is taken down stays so, whatever is ingested, until a later version is published here or somebody lifts it.
    """
    secrets = _secrets(request, name)
    if not signed(request.headers):
        raise _refused("send X-Hub-Signature-256, or webhook-id, webhook-timestamp and webhook-signature")
    raw, moment = await raw_body(request), now(request)
    try:
        check(request.headers, raw, secrets, moment.timestamp())
    except BadSignature as error:
        log.warning("webhook %s: refused: %s", name, error)
        raise _refused(str(error)) from None
    found = said(raw, moment)
    taken = await office_of(request).ask(lambda store: store.cms.take(found, f"webhook {name}", moment))
    log.info("webhook %s: %d articles: %s", name, len(taken), dict(Counter(str(one.fate) for one in taken)))
    if any(one.fate in (Fate.NEW, Fate.CHANGED) for one in taken):
        await in_force(request)
    told = [
        {"id": _id(one), "outcome": its.fate, "taken_down": its.taken_down}
        for one, its in zip(found, taken, strict=True)
    ]
    return json_response({"results": told})


def _id(one: Reading | Gone) -> str:
    return one.id if isinstance(one, Gone) else one.article.id


def _secrets(request: Request, name: str) -> Secrets:
    known: Mapping[str, Secrets] = request.app.state.webhooks
    if name not in known:
        raise Problem(404, "webhook-not-found", f"no webhook {name[:200]!r}: the setting `webhooks` names them")
    return known[name]


def _refused(detail: str) -> Problem:
    return Problem(401, "signature-refused", detail)
