"""Drupal by its JSON:API: nodes in the order of their changes. A deleted node is not seen."""

from collections.abc import Iterator
from datetime import datetime

import httpx

from index.origins.batch import Batch, Cursor
from index.origins.client import Client, shown
from index.origins.drupal_node import by_identity, record
from index.origins.moments import OVERLAP, later, moment, written
from index.origins.walk import Page, walk
from index.sources import Row
from recsys.errors import SourceError

PER_PAGE = 50  # the most that Drupal gives
INCLUDE = "uid,field_tags,field_image"  # of the standard article


class Drupal:
    """One kind of node.

    Args:
        address: such as `https://paper.example/jsonapi/node/article`; with `?include=…` where its fields are others.
        client: who asks; with an account it sees what is not published as well.
    """

    def __init__(self, address: str, client: Client) -> None:
        self._url, self._client = httpx.URL(address), client

    def batches(self, cursor: Cursor) -> Iterator[Batch]:
        """One batch a page."""
        known = moment(cursor.get("changed"))
        for page in walk(self._ask, None if known is None else known - OVERLAP):
            known = later(known, page.latest)
            yield _batch(shown(str(self._url)), page, known)

    def _ask(self, since: datetime | None, number: int) -> Page:
        params: dict[str, str | int] = {
            "sort": "changed,drupal_internal__nid",
            "page[limit]": PER_PAGE,
            "page[offset]": (number - 1) * PER_PAGE,
        }
        if "include" not in self._url.params:
            params["include"] = INCLUDE
        if since is not None:
            name = "filter[since][condition]"
            params |= {f"{name}[path]": "changed", f"{name}[operator]": ">=", f"{name}[value]": int(since.timestamp())}
        value = self._client.json(str(self._url), params).value
        nodes = value.get("data") if isinstance(value, dict) else None
        if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
            raise SourceError(f"{shown(str(self._url))} gave no list of nodes: is it a Drupal site's JSON:API?")
        included = by_identity(value.get("included"))
        items = [record(node, included, str(self._url)) for node in nodes]
        latest = max((found for item in items if (found := moment(item.get("changed")))), default=None)
        return Page(items, latest, "next" in (value.get("links") or {}))


def _batch(where: str, page: Page, known: datetime | None) -> Batch:
    def after(_latest: datetime | None) -> Cursor:
        return {"changed": None if known is None else written(known)}

    rows = [Row(number, item) for number, item in enumerate(page.items, 1)]
    return Batch(where, rows, after)
