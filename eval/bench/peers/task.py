"""The task of all peers: given an article's id, its most similar of those that a filter lets through, with cards."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eval.bench.corpus import Archive, CorpusConfig
from eval.bench.corpus.config import LAST_DAY
from recsys.articles import Article

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

FILTERS = ("shown", "year", "section")
_HIDDEN = 0.03  # share of articles that were withdrawn since they were indexed
YEAR_AGO = LAST_DAY - timedelta(days=365)


class Item(NamedTuple):
    """What a widget needs of one article."""

    id: str
    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Narrow:
    """What an article must meet besides that it may be shown; None asks for nothing.

    Attributes:
        section: its section, as the article says it.
        since: it was published at this moment or later; aware, of whole seconds.
    """

    section: str | None = None
    since: datetime | None = None


class Task:
    """Articles of an invented archive, and which of them may be shown. Rows are in the order of ids.

    Attributes:
        archive: where they are from.
        vectors: (n, dim) float32 unit rows.
        items: their cards.
        sections: the section of each.
        published: (n,) int64, seconds since 1970 UTC.
        shown: (n,) bool; the others were withdrawn.
        row_of: row by id.
    """

    def __init__(self, config: CorpusConfig) -> None:
        self.archive = Archive(config)
        self.vectors: Vectors = np.empty((config.articles, config.dim), np.float32)
        self.items, self.sections, moments = list[Item](), list[str](), list[int]()
        for chunk in self.archive.chunks():
            self.vectors[len(self.items) : len(self.items) + len(chunk.articles)] = chunk.vectors
            self.items += [Item(one.id, one.url, one.title) for one in chunk.articles]
            self.sections += [one.section for one in chunk.articles]
            moments += [_seconds(one.published_at) for one in chunk.articles]
        self.published: Rows = np.array(moments, np.int64)
        self.shown: Mask = np.random.default_rng([config.seed, 60]).random(len(self.items)) >= _HIDDEN
        self.row_of = {item.id: row for row, item in enumerate(self.items)}
        self._allowed = dict[Narrow, Mask]()
        if any(one.id >= other.id for one, other in zip(self.items, self.items[1:], strict=False)):
            raise ValueError("ids of an archive must rise")

    def __len__(self) -> int:
        return len(self.items)

    def articles(self) -> Iterator[tuple[int, Article]]:
        """Each row with its whole text, drawn anew: an archive's texts need not fit into memory."""
        row = 0
        for chunk in self.archive.chunks():
            for article in chunk.articles:
                yield row, article
                row += 1

    def narrow(self, name: str, row: int) -> Narrow:
        """What the filter of this name asks for the page of the article in this row.

        Args:
            name: "shown" (nothing more), "year" (published in the archive's last year), or "section" (the article's).
        """
        if name not in FILTERS:
            raise ValueError(f"no filter {name!r}; there are {', '.join(FILTERS)}")
        return Narrow(self.sections[row] if name == "section" else None, YEAR_AGO if name == "year" else None)

    def allowed(self, narrow: Narrow) -> Mask:
        """(n,) bool: what may stand in a list; kept, as anybody would who asks for it at each request."""
        if narrow not in self._allowed:
            mask = self.shown.copy()
            if narrow.section is not None:
                mask &= np.array([section == narrow.section for section in self.sections])
            if narrow.since is not None:
                mask &= self.published >= _seconds(narrow.since)
            self._allowed[narrow] = mask
        return self._allowed[narrow]


def _seconds(moment: datetime | None) -> int:
    if moment is None:
        raise ValueError("an invented article has a date")
    return int(moment.timestamp())
