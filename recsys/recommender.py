"""The lists of a page: similar stories, more from this author, coverage of an event, or all with no article twice.

How a list is filled is in `recsys.page`; who may stand in it in `recsys.eligibility` (what the request asks) and in
`recsys.standing` (what the newsroom says). What may narrow a list (`exclude`, `section`, `exclude_section`,
`published_after`, `as_of`) is explained in `recsys.eligibility.Filters`.
"""

from collections.abc import Callable, Sequence
from copy import copy
from datetime import UTC, datetime
from time import time
from typing import Unpack

import numpy as np

from recsys.answers import Answer, Fallback, Item, Order, PageStatus, RelatedAnswer, Source
from recsys.cards import Card
from recsys.eligibility import EVERYTHING, Filters, Narrowing
from recsys.errors import ConfigError
from recsys.explanation import Explanation, explain
from recsys.firsts import Firsts
from recsys.floor import floor
from recsys.lifecycles import Lifecycles
from recsys.overlay import Overlay
from recsys.page import Ladder, Page, Picks
from recsys.ranking import Weights
from recsys.release import Release
from recsys.standing import Standing
from recsys.variety import Variety

MAX_K = 100


class Recommender:
    """Answers for one release under one set of weights; it may serve many threads.

    Args:
        release: what the night built.
        weights: how much each signal counts.
        overlay: what the newsroom has said since: withdrawn articles, embargoes, editors' rules.
        variety: what a list may repeat.
        clock: seconds since 1970 UTC now; embargoes and rules begin and end by it.
    """

    def __init__(
        self,
        release: Release,
        weights: Weights | None = None,
        overlay: Overlay | None = None,
        variety: Variety | None = None,
        clock: Callable[[], float] = time,
    ) -> None:
        self.release = release
        self.weights = weights or Weights()
        self.overlay = overlay or Overlay()
        self.variety = variety or Variety()
        self.floor = floor(release, self.weights)
        self._firsts = Firsts(release, self.weights, self.floor)
        self._clock = clock
        self._lives = Lifecycles.of(release, self.overlay)
        self._standing = Standing.of(self._lives, clock())

    def followed(self, release: Release, overlay: Overlay) -> "Recommender":
        """The same for what has become of the release or the overlay; it costs what has changed."""
        later = copy(self)
        later.release, later.overlay = release, overlay
        if release.base is not self.release.base:
            later.floor = floor(release, self.weights)
            later._firsts = Firsts(release, self.weights, later.floor)
        later._lives = self._lives.followed(release, overlay)
        later._standing = Standing.of(later._lives, self._clock())
        return later

    @property
    def standing(self) -> Standing:
        """What is in force now. A request takes it once, so that its answer is of one moment."""
        standing, now = self._standing, self._clock()
        if not standing.since <= now < standing.until:
            standing = self._standing = Standing.of(self._lives, now)
        return standing

    def similar(
        self,
        article_id: str,
        k: int = 10,
        *,
        fallback: Fallback = Fallback.RECENT,
        explain: bool = False,
        **narrowing: Unpack[Narrowing],
    ) -> Answer:
        """The k articles most related to this one, best first.

        Exactly k where that many are eligible, never the article itself nor another version of its text. Articles whose
        texts have no more to do with it than chance has are not called similar: `fallback` says what may stand in their
        place. Ties: the newer first, then the smaller id.

        Raises:
            ArticleNotFound: the release has no such article.
            ConfigError: k is not in [0, MAX_K], or a moment has no time zone.
        """
        return self._answer(article_id, self._page_of(article_id, narrowing, explain).similar(_checked(k), fallback))

    def more_from_author(
        self,
        article_id: str,
        k: int = 10,
        *,
        by: str | None = None,
        order: Order = Order.NEWEST,
        co_authors: bool = True,
        fallback: Fallback = Fallback.NONE,
        explain: bool = False,
        **narrowing: Unpack[Narrowing],
    ) -> Answer:
        """The k newest (or most related) other articles by any of this article's authors, or by the one named `by`.

        Where these are too few, articles follow by those who have signed one with them (but without `co_authors`), then
        what `fallback` allows; each item says which. Empty where the article has no author.

        Raises:
            ArticleNotFound: the release has no such article.
            ConfigError: k is not in [0, MAX_K], or a moment has no time zone.
        """
        ladder = Ladder(by, order, co_authors, fallback)
        return self._answer(article_id, self._page_of(article_id, narrowing, explain).by_author(_checked(k), ladder))

    def coverage(
        self, article_id: str, k: int = 10, *, explain: bool = False, **narrowing: Unpack[Narrowing]
    ) -> Answer:
        """The k newest other articles on the same event; empty where the night found none.

        Raises:
            ArticleNotFound: the release has no such article.
            ConfigError: k is not in [0, MAX_K], or a moment has no time zone.
        """
        return self._answer(article_id, self._page_of(article_id, narrowing, explain).coverage(_checked(k)))

    def related(
        self,
        article_id: str,
        similar: int = 6,
        author: int = 4,
        coverage: int = 0,
        *,
        by: str | None = None,
        order: Order = Order.NEWEST,
        co_authors: bool = True,
        fallback: Fallback = Fallback.RECENT,
        author_fallback: Fallback = Fallback.NONE,
        explain: bool = False,
        **narrowing: Unpack[Narrowing],
    ) -> RelatedAnswer:
        """All lists of a page, with no article in two of them.

        What is pinned to the similar list is kept for it. Then the author's list is filled first, and coverage before
        similar: their candidates are few, while the similar list can always reach further.

        Raises:
            ArticleNotFound: the release has no such article.
            ConfigError: a count is not in [0, MAX_K], or a moment has no time zone.
        """
        ladder = Ladder(by, order, co_authors, author_fallback)
        page = self._page_of(article_id, narrowing, explain)
        alike, by_author, on_event = page.related(
            _checked(similar), _checked(author), _checked(coverage), ladder, fallback
        )
        return RelatedAnswer(
            article_id,
            self.release.id,
            self.release.manifest.model.name,
            status=PageStatus(alike.filled, by_author.filled, on_event.filled),
            similar=self._items(alike),
            author=self._items(by_author),
            coverage=self._items(on_event),
        )

    def parts(self, article_id: str, others: Sequence[str]) -> list[dict[str, float]]:
        """The parts of the score of each of these articles towards this one, whether or not a list would show it.

        Text parts are those of the night's neighbours: of an article that is none of them they are 0.

        Raises:
            ArticleNotFound: the release lacks one of them.
        """
        rows = np.array([self.release.row(other) for other in others], np.int64)
        by_part = self._page_of(article_id, {}).parts(rows)
        return [{name: float(values[place]) for name, values in by_part.items()} for place in range(len(rows))]

    def explain(self, article_id: str, other_id: str, k: int = 10, **narrowing: Unpack[Narrowing]) -> Explanation:
        """Why the other article stands where it does in the lists of k of this one, or which filter removed it.

        Raises:
            ArticleNotFound: the release lacks one of them.
            ConfigError: k is not in [0, MAX_K], or a moment has no time zone.
        """
        page, other = self._page_of(article_id, narrowing), self.release.row(other_id)
        return explain(page, other, self.overlay, datetime.fromtimestamp(self._clock(), UTC), _checked(k))

    def gone(self, article_id: str) -> bool:
        """Whether the article is withdrawn, embargoed or expired now, so that its own page is not to be seen.

        Raises:
            ArticleNotFound: the release has no such article.
        """
        return bool(self.standing.gone[self.release.row(article_id)])

    def page(self, row: int, standing: Standing, filters: Filters = EVERYTHING, explain: bool = True) -> Page:
        """What the lists of a row's page are picked from, under this standing; `explain` wants the parts of scores."""
        first = self._firsts.of(self.release, row, standing)
        return Page(self.release, self.weights, self.variety, self.floor, standing, row, filters, first, explain)

    def _page_of(self, article_id: str, narrowing: Narrowing, explain: bool = True) -> Page:
        return self.page(self.release.row(article_id), self.standing, Filters(**narrowing), explain)

    def _answer(self, article_id: str, picks: Picks) -> Answer:
        manifest = self.release.manifest
        return Answer(article_id, manifest.id, manifest.model.name, picks.filled, self._items(picks))

    def _items(self, picks: Picks) -> tuple[Item, ...]:
        parts: Sequence[dict[str, float] | None] = picks.parts or [None] * len(picks.rows)
        cards = map(self.release.card, picks.rows)
        return tuple(map(_item, cards, picks.scores, picks.sources, parts))


def _item(card: Card, total: float, source: Source, found: dict[str, float] | None) -> Item:
    return Item(  # by place: naming eleven arguments takes as long as passing them
        card.id, card.url, card.title, card.standfirst, card.section, card.published_at, card.authors, card.image,
        total, source, found,
    )  # fmt: skip


def _checked(k: int) -> int:
    if isinstance(k, bool) or not 0 <= k <= MAX_K:
        raise ConfigError(f"k is {k!r}: give a number from 0 to {MAX_K}")
    return k
