"""Beyond accuracy: what the lists of a run look like, whatever is known to be related.

Policies, the same for every aspect:

- **unjudged query**: judgments play no part; all queries of the run count;
- **empty list**: shows nothing, so it has no value in `per_query` and adds nothing to a share, a mean or a quantile;
  `short` and `empty` count it;
- **undefined**: where nothing can be measured (no pair, no date, no source told) there is no value, not a 0;
- **unknown id**: refused, see `Shown.of`.

| aspect | formula in (`eval.beyond`) | figure of a run | per query |
|---|---|---|---|
| coverage, unseen, hubness, Nmax | `exposure` | over all articles of the release | – |
| GiniAuthor, GiniSection | `exposure` | over all authors or sections of the release | – |
| ILD | `resemblance.diversity` | mean over lists | that of the list |
| dup | `resemblance.repeats` | share of all answers | share of the list |
| duplists | `resemblance.repeats` | share of lists that are not empty | 1 where one of the list is, else 0 |
| age, gap | `ages.age` | quantile of all answers | quantile of the list |
| stale, undated | `ages` | share of all answers | share of the list |
| source | `from_source` | share of all answers | share of the list |
| short, empty | `short` | share of lists | 1 or 0 |

What counts how often an article is shown (the first two lines) depends on how many queries are asked: hold only runs
of the same queries against each other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from eval.aspects import Aspect
from eval.beyond.ages import Floats, age, stale, undated
from eval.beyond.exposure import CONCENTRATIONS, concentration, coverage, hubness, largest_occurrence, unseen
from eval.beyond.resemblance import diversity, repeats
from eval.beyond.shown import NOTHING, SOURCES, Shown
from eval.markdown import cell
from eval.runs import Run
from recsys.answers import Source
from recsys.errors import ConfigError
from recsys.release import Release


def figure(shown: Shown, aspect: Aspect) -> float | None:
    """The figure of the whole run; None where nothing can be measured."""
    cut = shown.cut(aspect.cutoff)
    if aspect.name in _WHOLE:
        value = _WHOLE[aspect.name](cut)
    elif aspect.name in _LISTS:
        value = _mean(_LISTS[aspect.name](cut, aspect)[None, :])[0]
    else:
        value = _summary(_ANSWERS[aspect.name](cut, aspect).reshape(1, -1), aspect)[0]
    return _number(float(value))


def per_query(shown: Shown, aspect: Aspect) -> dict[str, float]:
    """The value of every query that has one, in the order of the run.

    Raises:
        ConfigError: the aspect is one of the whole run, such as coverage.
    """
    if aspect.name in _WHOLE:
        raise ConfigError(f"{aspect} is a figure of a whole run, not of each query: ask for such as ILD@10 or age@10")
    cut = shown.cut(aspect.cutoff)
    if aspect.name in _LISTS:
        values = _LISTS[aspect.name](cut, aspect)
    else:
        values = _summary(_ANSWERS[aspect.name](cut, aspect), aspect)
    return {query: float(value) for query, value in zip(cut.queries, values, strict=True) if not np.isnan(value)}


def catalogue(release: Release, aspect: Aspect) -> float | None:
    """The same figure of the catalogue, every article once, to read a Gini by; None for the other aspects."""
    if aspect.name not in CONCENTRATIONS:
        return None
    return _number(concentration(aspect.name, release, np.flatnonzero(release.present)))


def table(runs: Iterable[Run], release: Release, aspects: Sequence[Aspect]) -> str:
    """A Markdown table, one aspect a line, one run a column; then the catalogue's own figure where an aspect has one.

    Raises:
        ConfigError: see `Shown.of`.
    """
    seen = [Shown.of(run, release) for run in runs]
    lines = [
        f"| aspect | {' | '.join(cell(shown.system) for shown in seen)} | catalogue |",
        f"|---|{'---:|' * len(seen)}---:|",
        f"| queries | {' | '.join(str(len(shown.queries)) for shown in seen)} | {release.present.sum()} |",
    ]
    for aspect in aspects:
        figures = [figure(shown, aspect) for shown in seen]
        written = " | ".join(map(_written, [*figures, catalogue(release, aspect)]))
        lines.append(f"| {aspect} | {written} |")
    return "\n".join(lines)


def from_source(shown: Shown, source: Source) -> Floats:
    """(q, w) 1 where the answer is there by `source`, 0 else; NaN where the run does not tell (as in a TREC file).

    A plain share of answers: how often a list had to be filled with what is not known to be related.
    """
    told = shown.sources != NOTHING
    return np.where(told, shown.sources == SOURCES.index(source), np.nan)


def short(shown: Shown, length: int) -> Floats:
    """(q,) 1 where the list has fewer than `length` answers, also none, 0 else.

    Its mean is 1 - user space coverage, the share that can be served: Shani, Gunawardana, "Evaluating recommendation
    systems", in Recommender Systems Handbook, 2011.
    """
    return np.asarray(shown.lengths < length, np.float64)


def _summary(values: Floats, aspect: Aspect) -> Floats:
    """(m,) the mean of each line of (m, w), or its quantile for an age; NaN where a line has no value."""
    if aspect.name in ("age", "gap"):
        return _quantile(values, float(aspect.value or 0) / 100)
    return _mean(values)


def _mean(values: Floats) -> Floats:
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _quantile(values: Floats, q: float) -> Floats:
    """`np.nanquantile` over lines, which walks them one by one."""
    count = (~np.isnan(values)).sum(axis=1)
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    sorted_, lines = np.sort(values, axis=1), np.arange(len(values))  # NaN comes last
    place = q * np.maximum(count - 1, 0)
    below = np.floor(place).astype(np.int64)
    low, high = sorted_[lines, below], sorted_[lines, np.minimum(below + 1, np.maximum(count - 1, 0))]
    return np.asarray(low + (high - low) * (place - below))


def _written(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


def _concentration(name: str, shown: Shown) -> float:
    return concentration(name, shown.release, shown.rows[shown.filled])


def _repeated(shown: Shown, aspect: Aspect) -> Floats:
    return repeats(shown, aspect.key, float(aspect.value or 0))


_WHOLE: Mapping[str, Callable[[Shown], float]] = {
    "coverage": coverage,
    "unseen": unseen,
    "hubness": hubness,
    "Nmax": largest_occurrence,
    **{name: partial(_concentration, name) for name in CONCENTRATIONS},
}
_LISTS: Mapping[str, Callable[[Shown, Aspect], Floats]] = {
    "ILD": lambda shown, aspect: diversity(shown),
    "duplists": lambda shown, aspect: np.where(shown.lengths > 0, (_repeated(shown, aspect) == 1).any(axis=1), np.nan),
    "short": lambda shown, aspect: short(shown, aspect.cutoff or 0),
    "empty": lambda shown, aspect: short(shown, 1),
}
_ANSWERS: Mapping[str, Callable[[Shown, Aspect], Floats]] = {
    "dup": _repeated,
    "age": lambda shown, aspect: age(shown),
    "gap": lambda shown, aspect: np.abs(age(shown)),
    "stale": lambda shown, aspect: stale(shown, float(aspect.value or 0)),
    "undated": lambda shown, aspect: undated(shown),
    "source": lambda shown, aspect: from_source(shown, Source(aspect.key)),
}
