"""All signals of all judged articles' candidates, gathered once, so that weights can be tried by the hundred."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from eval.asof import ANY_TIME, AsOf
from eval.judgments import Judgments
from eval.metrics import dcg
from recsys.columns import Int64
from recsys.eligibility import Eligibility, Filters
from recsys.errors import ConfigError
from recsys.progress import track
from recsys.ranking import Weights, parts, score
from recsys.release import Release
from recsys.signals import Matching, Signals, signals

CUTOFF = 10
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pool:
    """The candidates of q judged articles, end to end: query i has those from `offsets[i]` to `offsets[i + 1]`.

    Attributes:
        queries: article ids.
        offsets: (q + 1,) int64.
        found: the signals of the m candidates, each (m,).
        length: (m,) characters of the query article.
        gain: (m,) what the judgments say, 0 for unjudged.
        newness: (m,) seconds of publication, for ties; rows: (m,) of the release, for ties of those.
        best: (q,) DCG of the best list that the judgments allow, > 0.
    """

    queries: tuple[str, ...]
    offsets: Int64
    found: Signals
    length: Floats
    gain: Floats
    newness: Floats
    rows: Int64
    best: Floats

    @classmethod
    def of(cls, release: Release, judgments: Judgments, as_of: AsOf = ANY_TIME) -> "Pool":
        """The pool of the judged articles that the release has and that have a related one.

        The candidates are those of the night, which `Recommender.similar` ranks; fallbacks are no part of it.

        Raises:
            ConfigError: the release has none of the judged articles.
        """
        queries = [a for a, known in judgments.gains.items() if a in release and any(g > 0 for g in known.values())]
        if not queries:
            raise ConfigError(f"none of the {len(judgments)} judged articles is in {release}: is it the right release?")
        hidden = ~release.present
        matching = Matching.of(release)
        columns = [
            _candidates(release, query, judgments, as_of, hidden, matching) for query in track(queries, "signals")
        ]
        counts = [len(rows) for _, rows, *_ in columns]
        found, rows, length, gain = zip(*columns, strict=True)
        return cls(
            tuple(queries),
            np.cumsum([0, *counts]),
            _joined(found),
            np.repeat(np.array(length, np.float64), counts),
            np.concatenate(gain),
            release.published[np.concatenate(rows)].astype(np.float64),
            np.concatenate(rows),
            np.array([dcg(sorted(judgments.gains[query].values(), reverse=True)[:CUTOFF]) for query in queries]),
        )

    def __len__(self) -> int:
        return len(self.queries)

    def only(self, wanted: Sequence[int]) -> "Pool":
        """The pool of the queries at these places."""
        places = np.concatenate([np.arange(self.offsets[i], self.offsets[i + 1]) for i in wanted])
        found = Signals(**{item.name: getattr(self.found, item.name)[places] for item in fields(Signals)})
        counts = np.diff(self.offsets)[list(wanted)]
        return Pool(
            tuple(self.queries[i] for i in wanted),
            np.cumsum([0, *counts]),
            found,
            self.length[places],
            self.gain[places],
            self.newness[places],
            self.rows[places],
            self.best[list(wanted)],
        )

    def figures(self, weights: Weights) -> Floats:
        """(q,) nDCG@10 of each query's candidates under these weights, as they would be listed without a floor."""
        owners = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        order = np.lexsort((self.rows, -self.newness, -score(parts(self.found, self.length, weights)), owners))
        rank = np.arange(len(order)) - self.offsets[owners]  # sorting keeps the owners in their places
        shown = rank < CUTOFF
        gains = self.gain[order[shown]] / np.log2(rank[shown] + 2)
        found: Floats = np.bincount(owners[shown], weights=gains, minlength=len(self)) / self.best
        return found


def _candidates(
    release: Release,
    query: str,
    judgments: Judgments,
    as_of: AsOf,
    hidden: npt.NDArray[np.bool_],
    matching: Matching,
) -> tuple[Signals, Int64, int, Floats]:
    row = release.row(query)
    moment = as_of.of(release.card(row))
    near = release.neighbours(row)
    near = near.of(Eligibility(release, row, Filters(as_of=moment), hidden, copies=True).mask(near.rows))
    if as_of and moment is None:
        near = near.of(np.zeros(len(near.rows), np.bool_))
    known = judgments.gains[query]
    gain = {place: known[article] for article in known for place in release.rows([article])}
    gains = np.array([gain.get(int(place), 0.0) for place in near.rows], np.float64)
    return signals(release, row, near, matching), near.rows.astype(np.int64), int(release.text_length[row]), gains


def _joined(found: Sequence[Signals]) -> Signals:
    return Signals(
        **{item.name: np.concatenate([getattr(one, item.name) for one in found]) for item in fields(Signals)}
    )
