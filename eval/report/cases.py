"""Lists side by side: where a system won most and where it lost most, so that an editor can read why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eval.judgments import Judgments
from eval.pairing import ByQuery
from eval.runs import Ranked, Run
from recsys.release import Release


@dataclass(frozen=True, slots=True)
class Entry:
    """An article as a list shows it.

    `rank` is 0 for what stands in no list; `gain` is how related it is judged, None where nothing is known; `url` is ""
    where it is none that a browser may follow; `source` is "" where the run does not tell why it is there.
    """

    rank: int
    id: str
    title: str
    section: str
    published: str
    url: str
    gain: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One article, its list by the system and by the baseline, and what is judged related but in neither."""

    article: Entry
    difference: float
    ours: tuple[Entry, ...]
    theirs: tuple[Entry, ...]
    missed: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Cases:
    """The largest differences, each largest first; ties by id."""

    won: tuple[Case, ...]
    lost: tuple[Case, ...]


def cases(
    release: Release,
    judgments: Judgments,
    differences: ByQuery,
    ours: Run,
    theirs: Run,
    *,
    show: int,
    length: int,
) -> Cases:
    """The `show` articles with the largest gain and as many with the largest loss, of lists of `length`."""

    def case(query: str) -> Case:
        known = judgments.gains[query]
        lists = [tuple(_entries(release, run.lists.get(query, ())[:length], known)) for run in (ours, theirs)]
        seen = {entry.id for entries in lists for entry in entries}
        missed = (_entry(release, doc, 0, gain) for doc, gain in known.items() if gain > 0 and doc not in seen)
        return Case(_entry(release, query), differences[query], lists[0], lists[1], tuple(missed)[:length])

    return Cases(
        tuple(case(query) for query in _largest({q: d for q, d in differences.items() if d > 0}, show)),
        tuple(case(query) for query in _largest({q: -d for q, d in differences.items() if d < 0}, show)),
    )


def _largest(values: Mapping[str, float], count: int) -> list[str]:
    return sorted(values, key=lambda query: (-values[query], query))[:count]


def _entries(release: Release, answers: Iterable[Ranked], known: Mapping[str, float]) -> Iterable[Entry]:
    return (_entry(release, answer.doc, answer.rank, known.get(answer.doc), answer.source or "") for answer in answers)


def _entry(release: Release, article: str, rank: int = 0, gain: float | None = None, source: str = "") -> Entry:
    rows = release.rows([article])
    if not rows:  # judged, but not in the release
        return Entry(rank, article, article, "", "", "", gain, source)
    card = release.card(rows[0])
    published = card.published_at.date().isoformat() if card.published_at else ""
    url = card.url if card.url.lower().startswith(("http://", "https://")) else ""
    return Entry(rank, article, card.title, card.section, published, url, gain, source)
