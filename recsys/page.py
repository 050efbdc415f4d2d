"""The lists of one article's page, as rows: candidates, who is eligible, the score, the first k that do not repeat.

Data flows one way. What is pinned takes its place first; the list's own articles follow, best first; where they are too
few, the newest of the section and of the paper fill it, as far as the request allows. Each row says its source.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recsys.answers import Fallback, Filled, Order, Source
from recsys.columns import Rows
from recsys.eligibility import Eligibility, Filters
from recsys.neighbours import Neighbours
from recsys.pins import Pin, arranged, placed
from recsys.ranked import First
from recsys.ranking import Weights, parts, score, text_relevance
from recsys.release import Release
from recsys.rules import Widget
from recsys.signals import Floats, Signals, signals
from recsys.standing import Standing
from recsys.subjects import author_numbers
from recsys.variety import Shelf, Variety, best_versions, better_versions
from recsys.walk import Listing, by_authors, of_all, of_section, on_event, walk

Parts = dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Picks:
    """The rows of a list in its order, with their sources and their scores, and how far it came.

    `parts` are those of the scores, none unless the page is to explain.
    """

    rows: list[int]
    sources: list[Source]
    scores: list[float]
    parts: list[dict[str, float]]
    filled: Filled


HIDDEN = Picks([], [], [], [], Filled.HIDDEN)


@dataclass(frozen=True, slots=True)
class Ladder:
    """How "more from this author" goes on where the author has too few.

    Attributes:
        by: only this one of the authors, by key ("id:…") or name; None for all authors of the article.
        order: what comes first among articles of one step.
        co_authors: whether those who have signed an article with them follow.
        fallback: what may follow then.
    """

    by: str | None = None
    order: Order = Order.NEWEST
    co_authors: bool = True
    fallback: Fallback = Fallback.NONE


@dataclass(frozen=True, slots=True)
class Page:
    """One request about the article `row`: what is asked, and what is in force while it is answered.

    Attributes:
        floor: the least relevance by text that is called similar, in [0, 1].
        first: the first of this article's lists, None where they are not known.
        explained: whether the parts of scores are wanted.
    """

    release: Release
    weights: Weights
    variety: Variety
    floor: float
    standing: Standing
    row: int
    filters: Filters
    first: First | None
    explained: bool = True

    def eligibility(self, taken: Iterable[int] = ()) -> Eligibility:
        """Who may be shown here, beside what other lists have `taken`."""
        return Eligibility(
            self.release, self.row, self.filters, self.standing.hidden, taken, copies=self.variety.copies
        )

    def pinned(self, widget: Widget, k: int, taken: Iterable[int] = ()) -> list[Pin]:
        """The pins that stand in a list of k."""
        if self.silent(widget) or not (pins := self.standing.pins.on(self.release, self.row, widget)):
            return []
        return placed(pins, self.eligibility(taken).mask(np.array([pin.row for pin in pins], np.int64)), k)

    def silent(self, widget: Widget) -> bool:
        """Whether this page shows no such list."""
        return self.standing.silent[widget].item(self.row)

    def similar(self, k: int, fallback: Fallback, taken: Iterable[int] = ()) -> Picks:
        """The k most related."""
        if self.silent(Widget.SIMILAR):
            return HIDDEN
        eligible, shelf, pins = self._begun(Widget.SIMILAR, k, taken)
        if self.first is None or not self._offered(self.first, eligible, shelf):
            shelf.offer(self.ranked(eligible).tolist(), Source.SIMILAR)
        self._fill(shelf, eligible, fallback)
        return self._picks(shelf, pins, k)

    def by_author(self, k: int, ladder: Ladder, taken: Iterable[int] = ()) -> Picks:
        """The k newest, or most related, by the article's authors, then what the ladder allows."""
        if self.silent(Widget.AUTHOR):
            return HIDDEN
        eligible, shelf, pins = self._begun(Widget.AUTHOR, k, taken)
        ordered = self._related if ladder.order == Order.RELATED else self._walk
        for source, authors in self._authors(ladder):
            if shelf.full:
                break
            shelf.offer(ordered(by_authors(self.release, authors), eligible), source)
        self._fill(shelf, eligible, ladder.fallback)
        return self._picks(shelf, pins, k)

    def coverage(self, k: int, taken: Iterable[int] = ()) -> Picks:
        """The k newest on the article's event, but for other versions of its own text."""
        if self.silent(Widget.COVERAGE):
            return HIDDEN
        shelf = Shelf(self.release, Variety(self.variety.copies, per_event=None), k)
        group = self.release.event_group.item(self.row)
        if group >= 0 and not shelf.full:
            listings = [on_event(self.release, group)]
            shelf.offer(self._walk(listings, self.eligibility(taken)), Source.COVERAGE)
        return self._picks(shelf, [], k)

    def related(
        self, similar: int, author: int, coverage: int, ladder: Ladder, fallback: Fallback
    ) -> tuple[Picks, Picks, Picks]:
        """(similar, by the author, on the event), with no article in two of them.

        What is pinned to the similar list is kept for it. Then the author's list is filled first, and coverage before
        similar: their candidates are few, while the similar list can always reach further.
        """
        kept = [pin.row for pin in self.pinned(Widget.SIMILAR, similar)]
        by_author = self.by_author(author, ladder, taken=kept)
        on_event = self.coverage(coverage, taken=[*kept, *by_author.rows])
        return self.similar(similar, fallback, taken=[*by_author.rows, *on_event.rows]), by_author, on_event

    def ranked(self, eligible: Eligibility) -> Rows:
        """Candidates that are eligible and nearer than chance, best first; of equals the newer, then the smaller."""
        near = self.release.neighbours(self.row)
        near = near.of(eligible.mask(near.rows))
        by_part = self._parts(near)
        kept = text_relevance(by_part) >= self.floor
        if not self.variety.copies:
            kept[kept] = best_versions(self.release, near.rows[kept])
        rows = near.rows[kept]
        return rows[self._best_first(rows, score(by_part)[kept])]

    def _offered(self, first: First, eligible: Eligibility, shelf: Shelf) -> bool:
        """Whether what `ranked` would give was offered, or as much of it as there is room for."""
        shelf.offer(self._best_of(first, eligible), Source.SIMILAR)
        return shelf.full or first.whole

    def _best_of(self, first: First, eligible: Eligibility) -> Iterator[int]:
        """What `ranked` would give, as far as the first tell."""
        text, place = self.release.text_group.item, self.release.text_preference.item
        for row in eligible.among(first.rows):
            if place(row) and text(row) >= 0 and not self.variety.copies:
                better = list(eligible.among(better_versions(self.release, row)))
                if not set(first.rows.tolist()).isdisjoint(better):
                    continue
                if better and not first.whole and self._relevant(better):  # it is further down
                    continue
            yield row

    def _relevant(self, rows: list[int]) -> bool:
        """Whether any of the rows is a candidate that is nearer than chance."""
        near = self.release.neighbours(self.row)
        near = near.of(np.isin(near.rows, rows))
        return bool((text_relevance(self._parts(near)) >= self.floor).any())

    def signals(self, rows: Rows) -> Signals:
        """The signals of any rows, with what the night measured of them."""
        return signals(self.release, self.row, self.release.neighbours(self.row).lookup(rows), self.standing.matching)

    def parts(self, rows: Rows) -> Parts:
        """The parts of the score of any rows."""
        return self._parts(self.release.neighbours(self.row).lookup(rows))

    def _begun(self, widget: Widget, k: int, taken: Iterable[int]) -> tuple[Eligibility, Shelf, list[Pin]]:
        """A shelf with the pinned rows on it."""
        others = list(taken)
        pins, shelf = self.pinned(widget, k, others), Shelf(self.release, self.variety, k)
        shelf.pin(pin.row for pin in pins)
        return self.eligibility(others), shelf, pins

    def _authors(self, ladder: Ladder) -> Iterator[tuple[Source, list[int]]]:
        """The authors, then those who have signed an article with them."""
        own = self.release.authors[self.row].tolist()
        first = own if ladder.by is None else author_numbers(self.release, ladder.by).tolist()
        first = [author for author in first if author not in self.standing.ignored_authors]
        yield Source.AUTHOR, first
        if not ladder.co_authors:
            return
        others = [*own, *(other for author in first for other in self.release.co_authors[author].tolist())]
        known = {*first, *self.standing.ignored_authors}
        yield Source.CO_AUTHOR, [other for other in dict.fromkeys(others) if other not in known]

    def _fill(self, shelf: Shelf, eligible: Eligibility, fallback: Fallback) -> None:
        """Add the newest of the section, then of the paper, until the shelf is full or there are no more."""
        for source, listing in () if shelf.full else self._fallbacks(fallback):
            if shelf.full:
                return
            shelf.offer(self._walk([listing], eligible), source)

    def _fallbacks(self, fallback: Fallback) -> Iterator[tuple[Source, Listing]]:
        """From the article's own section upwards to the whole paper."""
        node = int(self.release.section[self.row])
        if fallback != Fallback.NONE and node >= 0:
            path = self.release.section_ancestors[node]
            for step in path[path >= 0][::-1].tolist():
                if step not in self.standing.ignored_sections:
                    yield Source.SECTION, of_section(self.release, step)
        if fallback == Fallback.RECENT:
            yield Source.RECENT, of_all(self.release)

    def _walk(self, listings: Sequence[Listing], eligible: Eligibility) -> Iterator[int]:
        return walk(self.release, listings, eligible, self.variety.copies)

    def _related(self, listings: Sequence[Listing], eligible: Eligibility) -> Iterator[int]:
        rows = np.unique(np.concatenate([np.empty(0, np.int64), *(listing.rows for listing in listings)]))
        rows = rows[eligible.mask(rows)]
        if not self.variety.copies:
            rows = rows[best_versions(self.release, rows)]
        yield from rows[self._best_first(rows, score(self.parts(rows)))].tolist()

    def _best_first(self, rows: Rows, scores: Floats) -> Rows:
        return np.lexsort((rows, -self.release.published[rows].astype(np.float64), -scores))

    def _parts(self, near: Neighbours) -> Parts:
        found = signals(self.release, self.row, near, self.standing.matching)
        factor = None if self.standing.factor is None else self.standing.factor[near.rows]
        return parts(found, float(self.release.text_length[self.row]), self.weights, factor)

    def _picks(self, shelf: Shelf, pins: Sequence[Pin], k: int) -> Picks:
        rows, sources = shelf.rows, shelf.sources
        if pins:
            order = arranged(rows, pins)
            rows, sources = [rows[place] for place in order], [sources[place] for place in order]
        filled = Filled.FULL if len(rows) == k else Filled.SHORT if rows else Filled.EMPTY
        return Picks(rows, sources, *self._scored(rows), filled)

    def _scored(self, rows: list[int]) -> tuple[list[float], list[dict[str, float]]]:
        """The scores of the rows, and their parts where these are wanted."""
        if not rows:
            return [], []
        if not self.explained and self.first is not None and (known := self.first.scores_of(rows)) is not None:
            return known, []
        by_part = self.parts(np.array(rows, np.int64))
        columns = {name: values.tolist() for name, values in by_part.items()} if self.explained else {}
        found = [{name: values[place] for name, values in columns.items()} for place in range(len(rows))]
        return score(by_part).tolist(), found if self.explained else []
