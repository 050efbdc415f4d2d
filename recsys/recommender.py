"""The lists of a page: similar stories, more from this author, or both with no article twice.

A list is made in one direction: candidates, then who is eligible, then the score, then the first k. Where the nearest
articles are too few for k, newer ones of the same section follow, then of the whole paper; each item says its source.
What may narrow a list (`exclude`, `section`, `published_after`, `as_of`) is explained in `recsys.eligibility.Filters`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from recsys.answers import Answer, Item, RelatedAnswer, Source
from recsys.cards import Card
from recsys.columns import Rows
from recsys.eligibility import Eligibility, Filters
from recsys.errors import ConfigError
from recsys.ranking import Weights, parts, score
from recsys.release import Neighbours, Release
from recsys.signals import Floats, signals

MAX_K = 100
_FIRST_BLOCK = 64


@dataclass(frozen=True, slots=True)
class _Picks:
    """Rows chosen for a list, best first, with their scores and the parts of these by name."""

    rows: list[int]
    sources: list[Source]
    scores: list[float]
    parts: list[dict[str, float]]

    def then(self, more: "_Picks") -> "_Picks":
        """These and, after them, more."""
        return _Picks(
            self.rows + more.rows, self.sources + more.sources, self.scores + more.scores, self.parts + more.parts
        )


class Recommender:
    """Answers for one release under one set of weights; it holds no state of its own and may serve many threads.

    Args:
        release: what the night built.
        weights: how much each signal counts.
        withdrawn: rows that may not be shown any more since the release was built.
    """

    def __init__(
        self, release: Release, weights: Weights | None = None, withdrawn: frozenset[int] = frozenset()
    ) -> None:
        self.release = release
        self.weights = weights or Weights()
        self.withdrawn = withdrawn
        self._hidden = np.zeros(len(release), np.bool_)  # made once: a request must not pay for many takedowns
        self._hidden[list(withdrawn)] = True

    def similar(
        self,
        article_id: str,
        k: int = 10,
        *,
        exclude: Iterable[str] = (),
        section: str | None = None,
        published_after: datetime | None = None,
        as_of: datetime | None = None,
        explain: bool = False,
    ) -> Answer:
        """The k articles most related to this one, best first.

        Exactly k where that many are eligible, never the article itself. Ties: the newer first, then the smaller id.

        Raises:
            ArticleNotFound: the release has no such article.
            ConfigError: k is not in [0, MAX_K], or a moment has no time zone.
        """
        row = self.release.row(article_id)
        eligible = self._eligibility(row, Filters(frozenset(exclude), section, published_after, as_of))
        return self._answer(article_id, self._similar(row, _checked(k), eligible), explain)

    def more_from_author(
        self,
        article_id: str,
        k: int = 10,
        *,
        exclude: Iterable[str] = (),
        section: str | None = None,
        published_after: datetime | None = None,
        as_of: datetime | None = None,
        explain: bool = False,
    ) -> Answer:
        """The k newest other articles by any of this article's authors, newest first; empty where it has none.

        Raises:
            ArticleNotFound: the release has no such article.
            ConfigError: k is not in [0, MAX_K], or a moment has no time zone.
        """
        row = self.release.row(article_id)
        eligible = self._eligibility(row, Filters(frozenset(exclude), section, published_after, as_of))
        return self._answer(article_id, self._more_from_author(row, _checked(k), eligible), explain)

    def related(
        self,
        article_id: str,
        similar: int = 6,
        author: int = 4,
        *,
        exclude: Iterable[str] = (),
        section: str | None = None,
        published_after: datetime | None = None,
        as_of: datetime | None = None,
        explain: bool = False,
    ) -> RelatedAnswer:
        """Both lists of a page, with no article in both.

        The author's list is filled first: its candidates are few, while the similar list can always reach further.

        Raises:
            ArticleNotFound: the release has no such article.
            ConfigError: a count is not in [0, MAX_K], or a moment has no time zone.
        """
        row = self.release.row(article_id)
        filters = Filters(frozenset(exclude), section, published_after, as_of)
        by_author = self._more_from_author(row, _checked(author), self._eligibility(row, filters))
        eligible = self._eligibility(row, filters, taken=by_author.rows)
        alike = self._similar(row, _checked(similar), eligible)
        return RelatedAnswer(
            article_id,
            self.release.id,
            self.release.manifest.model.name,
            similar=self._items(alike, explain),
            author=self._items(by_author, explain),
        )

    def explain(self, article_id: str, others: Sequence[str]) -> list[dict[str, float]]:
        """The parts of the score of each of these articles towards this one, whether or not a list would show it.

        Text parts are those of the night's neighbours: of an article that is none of them they are 0.

        Raises:
            ArticleNotFound: the release lacks one of them.
        """
        row = self.release.row(article_id)
        rows = np.array([self.release.row(other) for other in others], np.int64)
        return _picks(rows, Source.SIMILAR, self._known_parts(row, rows)).parts

    def _eligibility(self, row: int, filters: Filters, taken: Iterable[int] = ()) -> Eligibility:
        return Eligibility(self.release, row, filters, self._hidden, taken)

    def _similar(self, row: int, k: int, eligible: Eligibility) -> _Picks:
        near = self.release.neighbours(row)
        near = near.of(eligible.mask(near.rows))
        rows = near.rows
        by_part = self._parts(row, near)
        best = np.lexsort((rows, -self.release.published[rows].astype(np.float64), -score(by_part)))[:k]
        picks = _picks(rows[best], Source.SIMILAR, {name: values[best] for name, values in by_part.items()})
        return self._fill(row, k, eligible, picks, rows)

    def _fill(self, row: int, k: int, eligible: Eligibility, picks: _Picks, shown: Rows) -> _Picks:
        """Add the newest of the section, then of the paper, until k are found or there are no more."""
        for source, newest in self._fallbacks(row):
            missing = k - len(picks.rows)
            if missing <= 0:
                break
            seen = np.concatenate([shown, np.array(picks.rows, np.int64)])
            rows = _first(newest, missing, eligible, seen)
            more = _picks(rows, source, self._parts(row, Neighbours.unknown(rows)))
            picks = picks.then(more)
        return picks

    def _fallbacks(self, row: int) -> Iterator[tuple[Source, Rows]]:
        """Lists of rows, newest first, from the article's own section upwards to the whole paper."""
        node = int(self.release.section[row])
        if node >= 0:
            path = self.release.section_ancestors[node]
            for ancestor in path[path >= 0][::-1]:
                yield Source.SECTION, self.release.section_rows[int(ancestor)]
        yield Source.RECENT, self.release.recent

    def _more_from_author(self, row: int, k: int, eligible: Eligibility) -> _Picks:
        lists = [
            _first(self.release.author_rows[int(author)], k, eligible, np.empty(0, np.int64))
            for author in self.release.authors[row]
        ]
        rows = np.unique(np.concatenate([np.empty(0, np.int64), *lists]))
        newest = rows[np.lexsort((rows, -self.release.published[rows].astype(np.float64)))[:k]]
        return _picks(newest, Source.AUTHOR, self._known_parts(row, newest))

    def _known_parts(self, row: int, rows: Rows) -> dict[str, Floats]:
        """The parts of any rows, with what the night measured of them."""
        return self._parts(row, self.release.neighbours(row).lookup(rows))

    def _parts(self, row: int, near: Neighbours) -> dict[str, Floats]:
        return parts(signals(self.release, row, near), float(self.release.text_length[row]), self.weights)

    def _answer(self, article_id: str, picks: _Picks, explain: bool) -> Answer:
        return Answer(article_id, self.release.id, self.release.manifest.model.name, self._items(picks, explain))

    def _items(self, picks: _Picks, explain: bool) -> tuple[Item, ...]:
        return tuple(
            _item(self.release.card(row), total, source, found if explain else None)
            for row, source, total, found in zip(picks.rows, picks.sources, picks.scores, picks.parts, strict=True)
        )


def _item(card: Card, total: float, source: Source, found: dict[str, float] | None) -> Item:
    return Item(
        id=card.id, url=card.url, title=card.title, standfirst=card.standfirst, section=card.section,
        published_at=card.published_at, authors=card.authors, image=card.image, score=total, source=source, parts=found,
    )  # fmt: skip


def _checked(k: int) -> int:
    if isinstance(k, bool) or not 0 <= k <= MAX_K:
        raise ConfigError(f"k is {k!r}: give a number from 0 to {MAX_K}")
    return k


def _picks(rows: Rows, source: Source, by_part: dict[str, Floats]) -> _Picks:
    columns = {name: values.tolist() for name, values in by_part.items()}
    found = [{name: values[place] for name, values in columns.items()} for place in range(len(rows))]
    return _Picks([int(row) for row in rows], [source] * len(rows), score(by_part).tolist(), found)


def _first(rows: Rows, k: int, eligible: Eligibility, seen: Rows) -> Rows:
    """The first k of `rows` that are eligible and not in `seen`; looks no further than it must."""
    found: list[Rows] = [np.empty(0, np.int64)]
    missing, start, size = k, 0, _FIRST_BLOCK
    while missing > 0 and start < len(rows):
        block = rows[start : start + size]
        good = block[eligible.mask(block) & np.isin(block, seen, invert=True)][:missing]
        found.append(good)
        missing -= len(good)
        start, size = start + size, size * 2
    return np.concatenate(found)
