"""Judgments from the site's own log of its two lists, and what that log looks like.

JSON lines, one for each time that a list came into view (`.gz` too):

    {"time": "2026-01-17T06:10:00Z", "article": "a17", "list": "similar", "shown": ["a42", "a08"], "clicked": "a42"}

`time` has a zone; `article` is the page's article; `list` is "similar" or "author"; `shown` are the ids in view, from
the first place down; `clicked` is the one that was chosen, or null. There is no other field: no reader is tracked, so a
line with one (`user`, a cookie, an address) is refused like any bad line, and a log of such lines as a whole.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from eval.judged.coec import ClickConfig, Evidence, judged
from eval.judged.lines import log_lines
from eval.judgments import Judgments

Place = tuple[str, int]  # list, place from 0


class Showing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the log, see above."""

    time: Annotated[datetime, msgspec.Meta(tz=True)]
    article: str
    list: Literal["similar", "author"]
    shown: tuple[str, ...]
    clicked: str | None


def read_widget_log(
    path: Path,
    config: ClickConfig | None = None,
    lists: Collection[str] = ("similar",),
    source: str = "widget log",
) -> Judgments:
    """Judgments for the pairs (article of the page, article shown) of these lists, with gains of `eval.judged.coec`.

    The first places are clicked more whatever stands there. So a pair's expected clicks are, added up over its
    showings, the share of all showings of that list at that place that were clicked. This share is measured on the log
    itself and holds what the ranking got right as well: gains tell which article does better than its place, and
    underrate articles that always stand first. Only a site that shuffles some of its lists can tell the two apart.

    All that a list shows is related to some degree, so gains count from 0 clicks; 1 is `prior` clicks more than an
    average article gets in these places.

    Raises:
        SourceError: the file cannot be read, or not one line of it.
    """
    shown, clicks = Counter[Place](), Counter[Place]()
    places: dict[str, dict[str, Counter[Place]]] = {}
    chosen: dict[str, Counter[str]] = {}
    for line in log_lines(path, parse):
        if line.list not in lists:
            continue
        for number, other in enumerate(line.shown):
            shown[line.list, number] += 1
            places.setdefault(line.article, {}).setdefault(other, Counter())[line.list, number] += 1
        if line.clicked is not None:
            clicks[line.list, line.shown.index(line.clicked)] += 1
            chosen.setdefault(line.article, Counter())[line.clicked] += 1
    rates = {place: clicks[place] / showings for place, showings in shown.items()}
    return judged(_evidence(places, chosen, rates), config or ClickConfig(), source, neutral=0.0)


_decoder = msgspec.json.Decoder(Showing)


def parse(line: bytes) -> Showing:
    """The showing of a line.

    Raises:
        ValueError, msgspec.ValidationError: the line is none.
    """
    found = _decoder.decode(line)
    if len(set(found.shown)) != len(found.shown):
        raise ValueError("an article is shown twice")
    if found.clicked is not None and found.clicked not in found.shown:
        raise ValueError(f"{found.clicked!r} was clicked but not shown")
    return found


def _evidence(
    places: dict[str, dict[str, Counter[Place]]], chosen: dict[str, Counter[str]], rates: dict[Place, float]
) -> Iterator[Evidence]:
    for article, others in places.items():
        for other, at in others.items():
            if other != article:
                expected = sum(count * rates[place] for place, count in at.items())
                clicks = chosen.get(article, Counter())[other]
                yield Evidence(article, other, at.total(), clicks, expected)
