"""A web server that plays a CMS for tests: WordPress's REST interface, Drupal's JSON:API, and plain files."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACCOUNT = "Basic " + base64.b64encode(b"ann:secret words").decode()


@dataclass
class Reply:
    """What the server answers."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Query = dict[str, str]
Route = Callable[[Query, dict[str, str]], Reply]


def as_json(value: object, status: int = 200, **headers: str) -> Reply:
    return Reply(json.dumps(value).encode(), status, {"Content-Type": "application/json", **headers})


class Cms:
    """Routes by path. `asked` keeps path and query of each request; `broken` counts down to a request that fails."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.asked: list[tuple[str, Query]] = []
        self.broken: Reply | None = None
        self.good = 0  # requests that succeed before `broken` is the answer
        self.address = ""

    def reply(self, target: str, headers: dict[str, str]) -> Reply:
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.asked.append((parts.path, query))
        if self.broken is not None and self.good <= 0:
            return self.broken
        self.good -= 1
        route = self.routes.get(parts.path)
        return Reply(b"", 404) if route is None else route(query, headers)

    def fails_after(self, good: int, status: int = 500, **headers: str) -> None:
        self.good, self.broken = good, Reply(b"out of order", status, headers)

    def mended(self) -> None:
        self.broken = None


@contextmanager
def serving() -> Iterator[Cms]:
    """The server on a port of its own, in a thread."""
    cms = Cms()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply = cms.reply(self.path, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    cms.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield cms
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def gmt(moment: datetime) -> str:
    """As WordPress writes it: no zone."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


class WordPressSite:
    """Posts by id, in the order and the pages that WordPress gives; without an account only what is published."""

    def __init__(self, cms: Cms) -> None:
        self.posts: dict[int, dict[str, Any]] = {}
        self.categories = [
            {"id": 3, "name": "World", "parent": 0},
            {"id": 5, "name": "Europe &amp; Asia", "parent": 3},
            {"id": 9, "name": "Features", "parent": 0},
        ]
        cms.routes |= {"/wp-json/wp/v2/posts": self._posts, "/wp-json/wp/v2/categories": self._categories}
        self.before_page: Callable[[Query], None] = lambda query: None

    def save(self, number: int, moment: datetime, published: datetime | None = None, **more: Any) -> None:
        """A post as it is saved at this moment."""
        self.posts[number] = {
            "id": number,
            "date_gmt": gmt(published or moment),
            "modified_gmt": gmt(moment),
            "link": f"https://paper.example/{number}",
            "status": "publish",
            "title": {"rendered": f"Story {number} &#8211; at sea"},
            "content": {"rendered": f"<p>Boats {number} stay in.</p>", "protected": False},
            "excerpt": {"rendered": "<p>Boats stay [&hellip;]</p>\n"},
            "categories": [9, 5],
            "_embedded": {
                "author": [{"id": 4, "name": "Ann Lee"}],
                "wp:term": [
                    [{"id": 5, "name": "Europe &amp; Asia", "taxonomy": "category"}],
                    [{"id": 8, "name": "storm", "taxonomy": "post_tag"}],
                ],
                "wp:featuredmedia": [{"source_url": "https://paper.example/i.jpg", "alt_text": "waves"}],
            },
            **more,
        }

    def _posts(self, query: Query, headers: dict[str, str]) -> Reply:
        self.before_page(query)
        statuses = query.get("status", "publish").split(",")
        if statuses != ["publish"] and headers.get("authorization") != ACCOUNT:
            return as_json({"code": "rest_forbidden"}, 401)
        assert query["order"] == "asc"
        assert query["_embed"] == "1"
        key = f"{query['orderby']}_gmt"
        after = query.get("modified_after" if query["orderby"] == "modified" else "after", "")
        found = [post for post in self.posts.values() if post["status"] in statuses and post[key] > after.rstrip("Z")]
        return self._page(sorted(found, key=lambda post: (post[key], post["id"])), query)

    def _categories(self, query: Query, headers: dict[str, str]) -> Reply:
        return self._page(self.categories, query)

    def _page(self, found: list[dict[str, Any]], query: Query) -> Reply:
        size, number = int(query["per_page"]), int(query["page"])
        assert 1 <= size <= 100
        pages = -(-len(found) // size)
        if number > max(1, pages):
            return as_json({"code": "rest_post_invalid_page_number"}, 400)
        return as_json(found[(number - 1) * size : number * size], **{"X-WP-TotalPages": str(pages)})


class DrupalSite:
    """Nodes by number, in the order and the pages that Drupal gives."""

    def __init__(self, cms: Cms) -> None:
        self.nodes: dict[int, dict[str, Any]] = {}
        self.included: list[dict[str, Any]] = [
            {"type": "user--user", "id": "u-4", "attributes": {"display_name": "Ann Lee"}},
            {"type": "taxonomy_term--tags", "id": "t-8", "attributes": {"name": "storm"}},
            {"type": "taxonomy_term--sections", "id": "s-3", "attributes": {"name": "World"}},
            {
                "type": "taxonomy_term--sections",
                "id": "s-5",
                "attributes": {"name": "Europe"},
                "relationships": {"parent": {"data": [{"type": "taxonomy_term--sections", "id": "s-3"}]}},
            },
            {"type": "file--file", "id": "f-1", "attributes": {"uri": {"value": "public://i.jpg", "url": "/i.jpg"}}},
        ]
        cms.routes["/jsonapi/node/article"] = self._list

    def save(self, number: int, moment: datetime, **more: Any) -> None:
        """A node as it is saved at this moment."""
        attributes = {
            "drupal_internal__nid": number,
            "langcode": "en",
            "status": True,
            "title": f"Story {number}",
            "created": moment.isoformat(),
            "changed": moment.isoformat(),
            "path": {"alias": f"/story/{number}", "pid": 1, "langcode": "en"},
            "body": {"value": "raw", "processed": f"<p>Boats {number}.</p>", "summary": "In short."},
            **more,
        }
        picture = {"type": "file--file", "id": "f-1", "meta": {"alt": "waves"}}
        self.nodes[number] = {
            "type": "node--article",
            "id": f"uuid-{number}",
            "attributes": attributes,
            "relationships": {
                "uid": {"data": {"type": "user--user", "id": "u-4"}},
                "field_tags": {"data": [{"type": "taxonomy_term--tags", "id": "t-8"}]},
                "field_section": {"data": {"type": "taxonomy_term--sections", "id": "s-5"}},
                "field_image": {"data": picture},
                "field_none": {"data": None},
            },
        }

    def _list(self, query: Query, headers: dict[str, str]) -> Reply:
        assert query["sort"] == "changed,drupal_internal__nid"
        name = "filter[since][condition]"
        since = int(query.get(f"{name}[value]", "0"))
        assert query.get(f"{name}[operator]", ">=") == ">="
        found = [node for node in self.nodes.values() if self._changed(node) >= since]
        found.sort(key=lambda node: (self._changed(node), node["attributes"]["drupal_internal__nid"]))
        start, size = int(query["page[offset]"]), int(query["page[limit]"])
        assert size <= 50
        links = {"next": {"href": "http://elsewhere.example/"}} if len(found) > start + size else {}
        included = self.included if query.get("include") else []
        return as_json({"data": found[start : start + size], "included": included, "links": links})

    @staticmethod
    def _changed(node: dict[str, Any]) -> float:
        return datetime.fromisoformat(node["attributes"]["changed"]).timestamp()
