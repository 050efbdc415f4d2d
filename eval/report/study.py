"""What a report knows: every figure of every system over the same judged articles."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.aspects import ASPECTS, Aspect
from eval.beyond import catalogue, figure
from eval.beyond.ages import age
from eval.beyond.shown import Shown
from eval.clusters import story_clusters
from eval.compare import Comparison, compare
from eval.judgments import Judgments, merged
from eval.measures import Measure
from eval.metrics import mean, per_query
from eval.pairing import ByQuery, Floats
from eval.report.config import ReportConfig
from eval.report.estimates import Estimate, estimates
from eval.runs import Run
from recsys.errors import ConfigError
from recsys.recommender import MAX_K
from recsys.release import UNDATED, Release

CUTOFFS = (1, 2, 3, 5, 10, 20, 50, MAX_K)
SHOWN = 10  # answers of a list that ages and exposure look at
POINTS = 101  # of the curves of ages and exposure, 0 to 100 percent
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Looks:
    """What one system's lists look like.

    Attributes:
        by_cutoff: (cutoff, mean of the chosen measure at it).
        aspects: name -> figure, None where nothing can be measured.
        ages: (POINTS,) days, percentiles of the ages of the first ten answers; () where none has one; `dated` have one.
        exposure: (POINTS,) share of all showings that the most shown 0 … 100 percent of the catalogue have.
    """

    by_cutoff: tuple[tuple[int, float], ...]
    aspects: Mapping[str, float | None]
    ages: tuple[float, ...]
    dated: int
    exposure: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """One run, measured: for each measure each query's figure, and what the lists look like."""

    system: str
    by_query: Mapping[str, ByQuery]
    by_source: Mapping[str, float]
    looks: Looks


@dataclass(frozen=True, slots=True)
class Study:
    """Everything that is known when all runs were measured.

    Attributes:
        systems: in the order of the runs, baselines first; estimates[system][measure].
        ours: names of those systems that are no baselines.
        baseline: what all are held against; `best` tells whether it was chosen as the best of the baselines.
        comparisons: every system against it, in the order of `systems`.
        differences: for each query the chosen measure of the config's system less that of the baseline.
        judged_ages: like `Looks.ages`, of what is judged related; `judged_dated` pairs have one.
        catalogue: the catalogue's own figure of those aspects that have one.
    """

    config: ReportConfig
    systems: tuple[Measured, ...]
    ours: tuple[str, ...]
    estimates: Mapping[str, Mapping[str, Estimate]]
    baseline: str
    best: bool
    comparisons: tuple[Comparison, ...]
    differences: ByQuery
    judged_ages: tuple[float, ...]
    judged_dated: int
    catalogue: Mapping[str, float | None]


def measured(run: Run, release: Release, judgments: Judgments, config: ReportConfig) -> Measured:
    """All figures of one run; afterwards it need not be kept.

    Raises:
        ConfigError: the run is empty, or an answer is not in the release.
    """
    return Measured(
        run.system,
        {str(one): per_query(run, judgments, one) for one in config.measures},
        {part.source: mean(run, part, config.measure) for part in _sources(judgments)},
        _looks(run, Shown.of(run, release), judgments, config.measure),
    )


def study(
    systems: Sequence[Measured], ours: Sequence[str], release: Release, judgments: Judgments, config: ReportConfig
) -> Study:
    """Compare all systems; those that are not `ours` may be chosen as the baseline.

    Every system is held against one baseline and Holm's correction counts them all. Queries of one story are one
    cluster (`eval.clusters`).

    Raises:
        ConfigError: two systems have one name, the config's system or baseline is none of them, or fewer than two
            independent queries are judged.
    """
    names = [one.system for one in systems]
    if len(set(names)) < len(names):
        raise ConfigError(f"two systems have the same name: {', '.join(sorted(names))}; rename a weights file")
    key, clusters = str(config.measure), story_clusters(judgments)
    rivals = [name for name in names if name not in (*ours, config.system)]
    by_system = {one.system: one.by_query[key] for one in systems}
    for asked in filter(None, (config.system, config.baseline)):
        if asked not in by_system:
            raise ConfigError(f"no system {asked!r}: there are {', '.join(names)}")
    by_measure = {
        name: estimates({one.system: one.by_query[name] for one in systems}, clusters, config.compare)
        for name in map(str, config.measures)
    }
    baseline = config.baseline or _best(by_measure[key], rivals)
    found = {one.system: one for one in compare(by_system, baseline, clusters=clusters, config=config.compare)}
    ages = _judged_ages(release, judgments)
    return Study(
        config,
        tuple(systems),
        tuple(ours),
        {name: {measure: by_name[name] for measure, by_name in by_measure.items()} for name in names},
        baseline,
        config.baseline is None,
        tuple(found[name] for name in names if name != baseline),
        {query: value - by_system[baseline][query] for query, value in by_system[config.system].items()},
        _percentiles(ages),
        len(ages),
        {str(aspect): catalogue(release, aspect) for aspect in ASPECTS},
    )


def _looks(run: Run, shown: Shown, judgments: Judgments, measure: Measure) -> Looks:
    first = shown.cut(SHOWN)
    ages = age(first)
    ages = ages[~np.isnan(ages)]
    return Looks(
        tuple((k, mean(run, judgments, replace(measure, cutoff=k))) for k in CUTOFFS),
        dict(_figures(shown, ASPECTS)),
        _percentiles(ages),
        len(ages),
        _exposure(np.bincount(first.rows[first.filled], minlength=len(shown.release))),
    )


def _figures(shown: Shown, aspects: Iterable[Aspect]) -> Iterator[tuple[str, float | None]]:
    return ((str(aspect), figure(shown, aspect)) for aspect in aspects)


def _percentiles(values: Floats) -> tuple[float, ...]:
    return tuple(np.percentile(values, np.linspace(0, 100, POINTS)).tolist()) if len(values) else ()


def _exposure(counts: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> tuple[float, ...]:
    """The Lorenz curve with the most shown first: what share of showings the top x of the catalogue has."""
    shares = np.concatenate([[0.0], np.cumsum(np.sort(counts)[::-1]) / max(1, counts.sum())])
    return tuple(np.interp(np.linspace(0, len(counts), POINTS), np.arange(len(counts) + 1), shares).tolist())


def _best(estimates: Mapping[str, Estimate], names: Sequence[str]) -> str:
    if not names:
        raise ConfigError("no baseline to hold the systems against: give one by name")
    return max(names, key=lambda name: estimates[name].value)


def _sources(judgments: Judgments) -> list[Judgments]:
    """The judgments of each source alone, several files of one source together."""
    by_source: dict[str, list[Judgments]] = {}
    for part in judgments.parts or (judgments,):
        if len(part):
            by_source.setdefault(part.source, []).append(part)
    return [merged(parts) for parts in by_source.values()]


def _judged_ages(release: Release, judgments: Judgments) -> Floats:
    """Days that what is judged related was published before the article that it is related to."""
    published = {release.ids[row]: int(moment) for row, moment in enumerate(release.published) if moment != UNDATED}
    days = [
        (published[article] - published[related]) / _DAY
        for article, known in judgments.gains.items()
        if article in published
        for related, gain in known.items()
        if gain > 0 and related in published
    ]
    return np.array(days, np.float64)
