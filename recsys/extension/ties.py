"""How one article is tied to others, as one text and as one event: the night's measures, asked of a few rows."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

import numpy as np

from recsys.columns import Bools, Int64, Rows
from recsys.extension.facts import Facts
from recsys.grouping import Floats, Pairs, joined
from recsys.same_event import STRONG, apart, background_of, evident, least_mean, nearness
from recsys.same_text import LEAST_WORDS, SHORT, comes_again, overlapping
from recsys.signals import calibrated, softened

MOST = 60  # rows of several groups that are looked through for what ties these to each other
Beside = Callable[[int], list[int]]


class Ties(Protocol):
    """One of the two strengths in which articles are one story."""

    @property
    def strong(self) -> float:
        """The weight of a tie that the strongest between two groups has at the least."""

    def of(self, row: int, beside: Beside) -> Mapping[int, float]:
        """The ties of a row to all neighbours that are in one group with a strong one."""

    def between(self, rows: list[int]) -> Pairs:
        """The ties between rows; the pairs are of places in `rows`."""

    def least(self, rows: list[int]) -> Floats:
        """(m,) the mean that each row asks for at the least."""

    def rank(self, rows: list[int]) -> Int64:
        """(m,) distinct numbers: of equally near groups those of the smaller are joined first."""


def together(row: int, own: Collection[int], ties: Ties, beside: Beside) -> list[int]:
    """The rows that are in one group with this one: groups join as at night, and none comes apart.

    Args:
        own: the rows that it is together with from the outset, itself among them: whole groups.
        beside: the rows of a row's group.
    """
    known = {other: weight for other, weight in ties.of(row, beside).items() if other not in own}
    strong = [other for other, weight in known.items() if weight >= ties.strong]
    parts = {found[0]: found for found in (sorted(beside(other)) for other in strong)}
    if len(own) + sum(map(len, parts.values())) > MOST:  # only a group that grows by one row needs no other ties
        if len(own) > 1:
            return sorted(own)
        nearest = max(parts, key=lambda first: (_mean(known, parts[first]), -first))
        parts = {nearest: parts[nearest]}
    if not parts:
        return sorted(own)
    whole = [sorted(own), *parts.values()]
    rows = sorted(one for part in whole for one in part)
    place = {one: number for number, one in enumerate(rows)}
    start = np.empty(len(rows), np.int64)
    for part in whole:
        start[[place[one] for one in part]] = place[part[0]]
    pairs = _pairs(place[row], [(place[other], weight) for other, weight in known.items() if other in place])
    if len(whole) > 2 or len(own) > 1:
        others = ties.between(rows)
        others = others.where((others.first != place[row]) & (others.second != place[row]))
        pairs = Pairs(*(np.concatenate(both) for both in zip(_columns(pairs), _columns(others), strict=True)))
    ends = joined(pairs, ties.strong, ties.least(rows), start, ties.rank(rows))
    return [one for one, end in zip(rows, ends.tolist(), strict=True) if end == ends[place[row]]]


class TextTies:
    """Ties of one text: how much of the smaller is in the other.

    Args:
        same, days: as `recsys.same_text` has them.
    """

    def __init__(self, facts: Facts, same: float, days: float) -> None:
        self._facts, self._same, self._days = facts, same, days

    @property
    def strong(self) -> float:
        """A tie of the same text."""
        return self._same

    def of(self, row: int, beside: Beside) -> Mapping[int, float]:
        """How much of each neighbour with common words is in this text, or of this text in it."""
        near = self._facts.near(row)
        alike = near.words >= LEAST_WORDS
        if self._facts.print(row).total < SHORT or not alike.any():
            return {}
        rows = [row, *near.rows[alike].tolist()]
        ends = np.zeros(len(rows) - 1, np.int64), np.arange(1, len(rows))
        found = self._measured(rows, Pairs(*ends, near.words[alike].astype(np.float64)))
        return {rows[place]: weight for place, weight in zip(found.second.tolist(), found.weight.tolist(), strict=True)}

    def between(self, rows: list[int]) -> Pairs:
        """The ties between rows that have each other among their neighbours."""
        weight = {}
        for one in rows:
            near = self._facts.near(one)
            alike = np.isin(near.rows, rows) & (near.words >= LEAST_WORDS)
            for other, words in zip(near.rows[alike].tolist(), near.words[alike].tolist(), strict=True):
                weight[min(one, other), max(one, other)] = words
        return self._measured(rows, _local(rows, weight))

    def least(self, rows: list[int]) -> Floats:
        """The same for all."""
        return np.full(len(rows), self._same)

    def rank(self, rows: list[int]) -> Int64:
        """By the words themselves."""
        prints = self._facts.prints(rows)
        return np.lexsort((np.array(rows), prints.total, prints.whole)).argsort()

    def identical(self, row: int, gone: Collection[int]) -> list[int]:
        """The rows that are one text with this one since they have the very same words, itself among them."""
        print_ = self._facts.print(row)
        rows = [one for one in self._facts.with_words(print_.whole) if one not in gone]
        same = print_.total and not comes_again(print_.total, self._facts.published(np.array(rows)), self._days)
        return rows if same else [row]

    def is_version(self, row: int, other: int) -> bool:
        """Whether a row is a version of the text of another, whenever the two appeared."""
        one, two = self._facts.print(row), self._facts.print(other)
        return one.whole == two.whole or (min(one.total, two.total) >= SHORT and one.overlap(two) >= self._same)

    def _measured(self, rows: list[int], pairs: Pairs) -> Pairs:
        return overlapping(self._facts.prints(rows), pairs, self._facts.published(np.array(rows)), self._days)


class EventTies:
    """Ties of one event: evidence that two articles stand out from what is on their topic at other times.

    Backgrounds stay those of the night: what comes now is late only for articles that nothing new is on one event with.

    Args:
        days: as `recsys.same_event` has it.
        base: the release's semantic base.
    """

    strong = STRONG

    def __init__(self, facts: Facts, days: float, base: float) -> None:
        self._facts, self._days, self._base = facts, days, base
        self._backgrounds: dict[int, tuple[float, bool]] = {}  # and whether there is a pair that could be joined
        self._judged: dict[int, tuple[float, bool]] = {}  # the same while a row is judged that may not come

    def begin(self) -> None:
        """Forget what was found since the last row was taken."""
        self._judged = {}

    def take(self) -> None:
        """The row that was judged has come: keep it."""
        self._backgrounds |= self._judged
        self._judged = {}

    def kept(self) -> list[tuple[int, float]]:
        """The backgrounds that are asked for because of an arrival, for `restore`; others are worked out again."""
        return [(row, value) for row, (value, asked) in self._backgrounds.items() if asked]

    def restore(self, backgrounds: Iterable[tuple[int, float]]) -> None:
        """As it was when these were `kept`."""
        self._backgrounds = {row: (value, True) for row, value in backgrounds}

    def of(self, row: int, beside: Beside) -> Mapping[int, float]:
        """The evidence for one event with the neighbours."""
        rows, weight, _, may = self._seen(row)
        strong = rows[may & (weight >= STRONG)].tolist()
        if not strong:
            return {}
        self._judged |= {one: (self._background(one)[0], True) for one in strong}
        asked = may & np.isin(rows, [mate for one in strong for mate in beside(one)])
        ends = np.zeros(asked.sum(), np.int64), np.arange(1, asked.sum() + 1)
        return self._evidence([row, *rows[asked].tolist()], Pairs(*ends, weight[asked]))

    def between(self, rows: list[int]) -> Pairs:
        """The evidence between rows that have each other among their neighbours."""
        weights = {}
        for one in rows:
            others, weight, _, may = self._seen(one)
            may &= np.isin(others, rows)
            for other, value in zip(others[may].tolist(), weight[may].tolist(), strict=True):
                weights[min(one, other), max(one, other)] = value
        return self._told(rows, _local(rows, weights))

    def least(self, rows: list[int]) -> Floats:
        """More where a date is unknown."""
        return least_mean(self._facts.published(np.array(rows)))

    def rank(self, rows: list[int]) -> Int64:
        """By row."""
        return np.arange(len(rows))

    def _evidence(self, rows: list[int], pairs: Pairs) -> Mapping[int, float]:
        found = self._told(rows, pairs)
        return {rows[place]: weight for place, weight in zip(found.second.tolist(), found.weight.tolist(), strict=True)}

    def _told(self, rows: list[int], pairs: Pairs) -> Pairs:
        behind = [background if asked else 0.0 for background, asked in map(self._background, rows)]
        return evident(pairs, np.array(behind))

    def _background(self, row: int) -> tuple[float, bool]:
        known = self._judged.get(row) or self._backgrounds.get(row)
        if known is None:
            _, weight, late, may = self._seen(row)
            known = self._judged[row] = background_of(weight[late]), bool((weight[may] >= STRONG).any())
        return known

    def _seen(self, row: int) -> tuple[Rows, Floats, Bools, Bools]:
        """Of its neighbours (rows, nearness, late, may be one event)."""
        near = self._facts.near(row)
        rows = np.concatenate([[row], near.rows]).astype(np.int64)
        meaning = np.nan_to_num(calibrated(near.cosine, self._base))
        weight = nearness(meaning, near.kin.astype(np.float64))
        pairs = Pairs(np.zeros(len(weight), np.int64), np.arange(1, len(rows)), weight)
        published, lengths = self._facts.published(rows), self._facts.lengths(rows)
        return near.rows, weight, *apart(pairs, softened(near.words), published, lengths, self._days)


def _local(rows: list[int], weight: Mapping[tuple[int, int], float]) -> Pairs:
    """Pairs of rows as pairs of places in `rows`, which rise."""
    ends = np.searchsorted(rows, np.array(list(weight), np.int64).reshape(-1, 2))
    return Pairs(ends[:, 0], ends[:, 1], np.array(list(weight.values()), np.float64))


def _mean(known: Mapping[int, float], rows: list[int]) -> float:
    return sum(known.get(row, 0.0) for row in rows) / len(rows)


def _pairs(own: int, others: list[tuple[int, float]]) -> Pairs:
    """Pairs of one place with others."""
    theirs = np.array([other for other, _ in others], np.int64)
    weight = np.array([value for _, value in others], np.float64)
    return Pairs(np.minimum(theirs, own), np.maximum(theirs, own), weight)


def _columns(pairs: Pairs) -> tuple[Int64, Int64, Floats]:
    return pairs.first, pairs.second, pairs.weight
