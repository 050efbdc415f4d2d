"""Stories: which articles are one text, and which are about one event.

A list shows one article of a text and few of an event. A wrong group hides an article, a missed one only shows a
repeat: what is doubtful stays apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from index.neighbours import NeighbourTable
from index.pair_table import PairBlock, PairTable
from index.pairs import Corpus
from recsys.columns import Int32, Int64, ListColumn
from recsys.errors import ConfigError
from recsys.grouping import Pairs, numbered_groups
from recsys.same_event import nearness, same_event
from recsys.same_text import LEAST_WORDS, same_text
from recsys.signals import Floats, calibrated, softened
from recsys.versions import Versions, preferred

SAME_TEXT = 0.75
EVENT_DAYS = 3


@dataclass(frozen=True, slots=True)
class StoryConfig:
    """What makes articles one story.

    Attributes:
        same_text: share of the smaller of two texts that must be in the other, in [0.5, 1].
        event_days: articles on one event are at most so many days apart, and so are versions of a text that differ
            much, and the copies of a headline; 0 or more.

    Raises:
        ConfigError: a number is out of its range.
    """

    same_text: float = SAME_TEXT
    event_days: int = EVENT_DAYS

    def __post_init__(self) -> None:
        if not 0.5 <= self.same_text <= 1.0:
            raise ConfigError(f"same_text is {self.same_text!r}: give a share from 0.5 to 1")
        if self.event_days < 0:
            raise ConfigError(f"event_days is {self.event_days!r}: give 0 days or more")


@dataclass(frozen=True, slots=True)
class Stories:
    """The stories of n articles; groups have two articles or more.

    Attributes:
        text: (n,) int32, the number of the group of articles with the same text, -1 for an article alone.
        event: (n,) int32, the same for articles on one event; articles of one text group have one event group.
        preference: (n,) int32, place of the article among those of its text group, 0 for the one to show: in-house
            before agency copy, then the newest (updated_at, then published_at), then the smaller id; 0 for an article
            alone.
    """

    text: Int32
    event: Int32
    preference: Int32

    @property
    def text_rows(self) -> ListColumn:
        """The rows of each text group, in order of preference."""
        return _rows(self.text, np.lexsort((self.preference, self.text)))

    def event_rows(self, published: Int64) -> ListColumn:
        """The rows of each event group, newest first, undated last; of one time the smaller row first."""
        return _rows(self.event, np.lexsort((np.arange(len(published)), -published.astype(np.float64), self.event)))


def stories(corpus: Corpus, table: NeighbourTable, versions: Versions, config: StoryConfig) -> Stories:
    """The stories among the pairs of the neighbour table; numbers rise with the smallest row of a group."""
    text = same_text(versions.prints, _alike(table.pairs), corpus.published, config.same_text, config.event_days)
    near = partial(_near, table)
    event = same_event(near, corpus.published, corpus.length, config.event_days, text)
    texts = numbered_groups(text)
    return Stories(texts, numbered_groups(event), _preference(texts, versions, corpus.published))


def _alike(pairs: PairTable) -> Pairs:
    """The pairs that may be one text, with their cosine by words."""
    found = [Pairs.none()]
    for block in pairs.blocks():
        first, second, places = _once(pairs, block)
        words = pairs.measured["words"][block.span][places]
        found.append(Pairs(first, second, words.astype(np.float64)).where(words >= LEAST_WORDS))
    return Pairs.joined(found)


def _near(table: NeighbourTable) -> Iterator[tuple[Pairs, Floats]]:
    """All pairs with their nearness, and their softened cosine by words, a block at a time."""
    for block in table.pairs.blocks():
        first, second, places = _once(table.pairs, block)
        cosine, words, kin = (table.pairs.measured[name][block.span][places] for name in ("cosine", "words", "kin"))
        near = nearness(calibrated(cosine, table.semantic_base), kin.astype(np.float64))
        yield Pairs(first, second, near), softened(words)


def _once(pairs: PairTable, block: PairBlock) -> tuple[Int64, Int64, Int64]:
    """(smaller row, larger row, place) of the block's pairs; of a pair that both rows have, that of the smaller row."""
    near = block.near.astype(np.int64)
    places = np.flatnonzero((block.owners < near) | ~pairs.holds(near, block.owners))
    owners, near = block.owners[places], near[places]
    return np.minimum(owners, near), np.maximum(owners, near), places


def _preference(text: Int32, versions: Versions, published: Int64) -> Int32:
    order = preferred(versions.agency, versions.updated, published, np.arange(len(text)))
    order = order[np.argsort(text[order], kind="stable")]
    place = np.empty(len(text), np.int32)
    place[order] = np.arange(len(text)) - np.searchsorted(text[order], text[order], "left")
    place[text < 0] = 0
    return place


def _rows(group: Int32, order: Int64) -> ListColumn:
    """The rows of groups 0, 1, … from all rows in an order that has the groups one after the other, -1 first."""
    alone = int((group < 0).sum())
    sizes = np.bincount(group[group >= 0], minlength=0)
    return ListColumn(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), order[alone:].astype(np.int32))
