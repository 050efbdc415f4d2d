"""Through a list that is sorted by when its items were changed, while they go on being changed.

To count pages would miss items: what is saved anew moves to the end, and all behind it move up into pages that were
read. So each page is asked from the last moment on; pages are counted only among items of one moment that are more than
a page holds, as after an import. Who saves one of these just then may hide another until that one is saved.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Page:
    """Some items, the last moment that they name, and whether there are more behind them."""

    items: list[dict[str, Any]]
    latest: datetime | None
    more: bool


def walk(ask: Callable[[datetime | None, int], Page], since: datetime | None) -> Iterator[Page]:
    """All pages from `since` on (None: from the beginning). `ask(since, number)` gives one, from 1 on.

    Items of the moment `since` must be among those asked for. Some come twice.
    """
    number = 1
    while True:
        page = ask(since, number)
        yield page
        if not page.more:
            return
        if page.latest is not None and (since is None or page.latest > since):
            since, number = page.latest, 1
        else:
            number += 1
