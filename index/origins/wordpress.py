"""WordPress by its REST interface: posts in the order of their changes.

Two passes, because a post that was scheduled goes online without being changed: by when posts were changed, and by
when they were published. A deleted post is in neither. With an account that may edit posts, those in the trash and
those taken back to drafts are seen; without one only what is public is, so a post that is taken down stays unseen.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from index.origins.batch import Batch, Cursor
from index.origins.client import Client, Params, shown
from index.origins.moments import OVERLAP, later, moment, written
from index.origins.walk import Page, walk
from index.origins.wordpress_post import Section, record
from index.sources import Row
from recsys.errors import SourceError

PER_PAGE = 100  # the most that WordPress gives
_ALL = "publish,future,draft,pending,private,trash"
_PASSES = {"modified": "modified_after", "date": "after"}  # field to its parameter
_MOST_CATEGORIES = 100  # pages


class WordPress:
    """A site, or one of its routes.

    Args:
        address: of the site; or of the route of a post type, with `wp-json` or `rest_route` in it.
        client: who asks; with an account it sees drafts, private posts and the trash as well.
        now: the time; publications begin with it, as all earlier ones are seen as changes.
    """

    def __init__(self, address: str, client: Client, now: Callable[[], datetime]) -> None:
        named = "wp-json" in address or "rest_route=" in address
        self._route = address if named else f"{address.rstrip('/')}/wp-json/wp/v2/posts"
        self._client, self._now = client, now
        self._sections: dict[int, Section] = {}

    def batches(self, cursor: Cursor) -> Iterator[Batch]:
        """One batch a page."""
        known = {"modified": moment(cursor.get("modified")), "date": moment(cursor.get("date")) or self._now()}
        for field in _PASSES:
            since = known[field]
            for page in walk(self._ask(field), None if since is None else since - OVERLAP):
                yield self._batch(field, page, known)

    def _batch(self, field: str, page: Page, known: dict[str, datetime | None]) -> Batch:
        def after(_latest: datetime | None) -> Cursor:
            # not beyond now: of scheduled posts the date lies ahead, and others come before it
            latest = None if page.latest is None else min(page.latest, self._now())
            known[field] = later(known[field], latest)
            return {name: None if found is None else written(found) for name, found in known.items()}

        rows = [Row(number, record(post, self._section)) for number, post in enumerate(page.items, 1)]
        return Batch(shown(self._route), rows, after)

    def _ask(self, field: str) -> Callable[[datetime | None, int], Page]:
        def ask(since: datetime | None, number: int) -> Page:
            params: dict[str, str | int] = {
                "orderby": field, "order": "asc", "per_page": PER_PAGE, "page": number, "_embed": "1",
            }  # fmt: skip
            if since is not None:  # "after" leaves out the moment itself
                params[_PASSES[field]] = written(since - timedelta(seconds=1))
            if self._client.signed_in:
                params["status"] = _ALL
            items, more = self._list(self._route, params, number)
            latest = max((found for post in items if (found := moment(post.get(f"{field}_gmt")))), default=None)
            return Page(items, latest, more)

        return ask

    def _list(self, url: str, params: Params, number: int) -> tuple[list[dict[str, Any]], bool]:
        """(the items of a page, whether there are more). A page behind the last is empty."""
        answer = self._client.json(url, params, allowed=(400,) if number > 1 else ())
        if answer.status == 400:
            code = answer.value.get("code") if isinstance(answer.value, dict) else None
            if code != "rest_post_invalid_page_number":
                raise SourceError(f"{shown(url)} answers 400 {code}: check the address")
            return [], False
        found = answer.value
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise SourceError(f"{shown(url)} gave no list: is it a WordPress site's REST interface?")
        pages = answer.headers.get("x-wp-totalpages", "")
        return found, number < int(pages) if pages.isdecimal() else len(found) >= PER_PAGE

    def _section(self, category: int) -> Section | None:
        """The category, from a table that is asked for again when it lacks one."""
        if category not in self._sections and "wp/v2/" in self._route:
            self._sections = self._all_sections()
        return self._sections.get(category)

    def _all_sections(self) -> dict[int, Section]:
        head = self._route.partition("wp/v2/")[0]
        found: dict[int, Section] = {}
        for number in range(1, _MOST_CATEGORIES + 1):
            params: Params = {"per_page": PER_PAGE, "page": number, "_fields": "id,name,parent"}
            items, more = self._list(f"{head}wp/v2/categories", params, number)
            found |= {
                item["id"]: Section(str(item.get("name") or ""), int(item.get("parent") or 0), found)
                for item in items
                if isinstance(item.get("id"), int)
            }
            if not more:
                break
        return found
