"""When which event was reported, in which section and by whom: all that a text and a vector are then drawn from."""

from dataclasses import dataclass

import numpy as np

from eval.bench.corpus.config import LAST_DAY, CorpusConfig
from eval.bench.corpus.draws import Floats, Ints, Zipf

_DAY = 86_400
_TAIL = 1.6  # exponent of the size of events: most are reported once, some a hundred times
_LARGEST = 120
_FADES = 1.5  # days after which the reports on an event have become e times rarer
_BY_HOUR = np.array([1, 1, 1, 1, 2, 4, 7, 8, 8, 7, 6, 6, 6, 6, 6, 6, 7, 7, 6, 5, 4, 3, 2, 2], np.float64)
_BY_DAY = np.array([1.1, 1.1, 1.1, 1.1, 1.0, 0.7, 0.6])
NO_AUTHOR = -1


@dataclass(frozen=True, slots=True)
class Plan:
    """One number an article, in the order of publication, each (n,) int64.

    Attributes:
        event: what it reports.
        section: of the event, below the top sections.
        author: who wrote it, `NO_AUTHOR` for nobody.
        published: seconds since 1970 UTC.
    """

    event: Ints
    section: Ints
    author: Ints
    published: Ints

    def __len__(self) -> int:
        return len(self.event)


def archive_plan(config: CorpusConfig) -> Plan:
    """The plan of the archive."""
    rng = np.random.default_rng([config.seed, 1])
    event = _events(rng, config.articles)
    number = int(event.max()) + 1
    span = round(config.years * 365.25)
    days = rng.choice(span, number, p=_shares(np.resize(_BY_DAY, span)))
    begun = days * _DAY + rng.choice(24, number, p=_shares(_BY_HOUR)) * 3600 + rng.integers(0, 3600, number)
    late = rng.exponential(_FADES * _DAY, len(event)).astype(np.int64)
    late[np.unique(event, return_index=True)[1]] = 0  # the first report of each event begins it
    start = int(LAST_DAY.timestamp()) - span * _DAY
    published = np.minimum(start + begun[event] + late, int(LAST_DAY.timestamp()) - 1)
    order = np.argsort(published, kind="stable")
    sections = Zipf(config.sections, 0.9).draw(rng, number)
    return _plan(config, rng, event[order], sections[event[order]], published[order])


def later_plan(config: CorpusConfig, archive: Plan, count: int, seconds: float = 6.0) -> Plan:
    """The plan of `count` articles that come after the archive, one in `seconds`: a third go on with recent events."""
    rng = np.random.default_rng([config.seed, 2, count])
    recent = np.unique(archive.event[-max(20, len(archive) // 200) :])
    event = int(archive.event.max()) + 1 + _events(rng, count)
    rng.shuffle(event)
    goes_on = rng.random(count) < 1 / 3
    event[goes_on] = rng.choice(recent, int(goes_on.sum()))
    known = np.full(int(max(event.max(), archive.event.max())) + 1, -1, np.int64)
    known[archive.event] = archive.section
    fresh = np.flatnonzero(known < 0)
    known[fresh] = Zipf(config.sections, 0.9).draw(rng, len(fresh))
    published = int(LAST_DAY.timestamp()) + (np.arange(count) * seconds).astype(np.int64)
    return _plan(config, rng, event, known[event], published)


def _plan(config: CorpusConfig, rng: np.random.Generator, event: Ints, section: Ints, published: Ints) -> Plan:
    """With authors: 7 in 10 by anybody, the others by those of the section, both by Zipf's law."""
    n, authors = len(event), author_count(config)
    by_all = Zipf(authors, 1.1, 1.0).draw(rng, n)
    of_section = Zipf(min(25, authors), 1.0, 1.0).draw(rng, n)
    author = np.where(rng.random(n) < 0.7, by_all, (section * 37 + of_section * 101) % authors)
    author[rng.random(n) < 0.15] = NO_AUTHOR
    return Plan(event, section, author, published)


def author_count(config: CorpusConfig) -> int:
    """How many have written for the archive: it grows more slowly than what they wrote (Heaps' law)."""
    return max(5, int(1.2 * pow(float(config.articles), 0.6)))


def _events(rng: np.random.Generator, n: int) -> Ints:
    """(n,) the event of each article, equal ones together."""
    sizes = np.minimum(np.floor(rng.pareto(_TAIL, n) + 1), _LARGEST).astype(np.int64)
    found: Ints = np.repeat(np.arange(n), sizes)[:n]
    return found


def _shares(weights: Floats) -> Floats:
    shares: Floats = weights / weights.sum()
    return shares
