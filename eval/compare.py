"""Which system is better, from the figures of each query: effect, interval, corrected p, and what could be found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from eval.markdown import cell
from eval.pairing import ByQuery, Paired
from eval.significance import (
    Clusters,
    bootstrap_intervals,
    detectable,
    holm,
    sign_flip_p,
    standard_errors,
)
from recsys.errors import ConfigError


@dataclass(frozen=True, slots=True)
class CompareConfig:
    """How to compare.

    Attributes:
        alpha: share of false findings that is accepted, in (0, 1); intervals are at 1 - alpha.
        resamples: draws of the bootstrap and of the permutation, at least 99.
        seed: same seed, same bytes.
        variants: how many systems were tried in all, also those that are not shown (a tuned system was the best of
            many); None where all are given. Without the baseline, if there is one.

    Raises:
        ConfigError: a value out of range.
    """

    alpha: float = 0.05
    resamples: int = 10_000
    seed: int = 0
    variants: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ConfigError(f"alpha is {self.alpha!r}: give a number between 0 and 1, such as 0.05")
        if self.resamples < 99:
            raise ConfigError(f"resamples is {self.resamples!r}: give at least 99, better 10000")
        if self.seed < 0:
            raise ConfigError(f"seed is {self.seed!r}: give 0 or more")


@dataclass(frozen=True, slots=True)
class Comparison:
    """`system` against `baseline`, paired by query.

    Attributes:
        effect: mean of system - baseline over queries, in the unit of the metric.
        low, high: the 1 - alpha bootstrap interval of the effect, not corrected for several comparisons.
        p: permutation p, not corrected, never 0.
        corrected_p: p after Holm over all variants tried.
        detectable: smallest difference found with 80 % power at the corrected alpha.
        queries: number of queries; clusters: how many independent groups they form.
        variants: systems tried; alpha: as in `CompareConfig`.
    """

    system: str
    baseline: str
    effect: float
    low: float
    high: float
    p: float
    corrected_p: float
    detectable: float
    queries: int
    clusters: int
    variants: int
    alpha: float

    @property
    def winner(self) -> str | None:
        """The better of the two, or None where corrected p >= alpha or the interval includes 0."""
        if self.corrected_p >= self.alpha or self.low <= 0 <= self.high:
            return None
        return self.system if self.low > 0 else self.baseline


def compare(
    systems: Mapping[str, ByQuery],
    baseline: str | None = None,
    *,
    clusters: Mapping[str, str] | None = None,
    config: CompareConfig | None = None,
) -> tuple[Comparison, ...]:
    """Every system against `baseline`, by name; or all pairs, where `baseline` is None.

    Args:
        systems: for each system the metric of each query; all have the same queries.
        baseline: one of the systems.
        clusters: for each query the group it belongs to, such as the article that it was asked for; each query is
            its own group else. Queries of one group are never taken for independent.
        config: how; the defaults of `CompareConfig` else.

    Raises:
        ConfigError: fewer than two systems or clusters, queries that differ, a value that is not finite, a query
            without a cluster, an unknown baseline, or fewer variants than systems.
    """
    config = config or CompareConfig()
    pairs = _pairs(systems, baseline)
    paired = Paired.of(systems, clusters)
    variants, family = _family(len(systems) - (baseline is not None), baseline, config.variants)
    sums = np.array([paired.by_cluster(system, other) for system, other in pairs])
    found = Clusters(sums, paired.sizes)
    return _comparisons(pairs, found, len(paired.queries), variants, family, config)


def table(comparisons: Iterable[Comparison]) -> str:
    """A Markdown table; a system wins only where the corrected p and the interval both say so."""
    lines = [
        "| system | against | effect | interval | queries (clusters) | smallest detectable | corrected p |"
        " variants tried | verdict |",
        "|---|---|---:|---|---:|---:|---:|---:|---|",
    ]
    return "\n".join(lines + [_line(comparison) for comparison in comparisons])


def _line(c: Comparison) -> str:
    interval = f"[{c.low:+.3g}, {c.high:+.3g}] at {1 - c.alpha:.1%}"
    verdict = f"winner: {cell(c.winner)}" if c.winner is not None else "no difference shown"
    return (
        f"| {cell(c.system)} | {cell(c.baseline)} | {c.effect:+.3g} | {interval}"
        f" | {c.queries} ({c.clusters}) | {c.detectable:.3g} | {c.corrected_p:.3g} | {c.variants} | {verdict} |"
    )


def _pairs(systems: Mapping[str, ByQuery], baseline: str | None) -> list[tuple[str, str]]:
    """(system, what it is held against), in the order of the names whatever the order of the mapping."""
    if len(systems) < 2:
        raise ConfigError(f"{len(systems)} systems: give at least two to compare")
    if baseline is None:
        return [(second, first) for first, second in combinations(sorted(systems), 2)]
    if baseline not in systems:
        raise ConfigError(f"baseline {baseline!r} is none of the systems {', '.join(sorted(systems))}")
    return [(name, baseline) for name in sorted(systems) if name != baseline]


def _family(tried: int, baseline: str | None, variants: int | None) -> tuple[int, int]:
    """How many systems were tried, and how many comparisons that makes."""
    if variants is not None and variants < tried:
        raise ConfigError(f"variants is {variants}, but {tried} systems are compared: count every one that was tried")
    count = tried if variants is None else variants
    return count, count * (count - 1) // 2 if baseline is None else count


def _comparisons(
    pairs: list[tuple[str, str]], found: Clusters, queries: int, variants: int, family: int, config: CompareConfig
) -> tuple[Comparison, ...]:
    for_bootstrap, for_flips = np.random.SeedSequence(config.seed).spawn(2)
    intervals = bootstrap_intervals(found, config.alpha, config.resamples, np.random.default_rng(for_bootstrap))
    p = sign_flip_p(found, config.resamples, np.random.default_rng(for_flips))
    corrected, groups = holm(p, family), len(found.sizes)
    smallest = detectable(standard_errors(found), groups, config.alpha, family)
    figures = zip(pairs, found.effects, intervals, p, corrected, smallest, strict=True)
    return tuple(
        Comparison(
            system, other, float(effect), float(low), float(high), float(raw), float(holmed), float(least),
            queries, groups, variants, config.alpha,
        )
        for (system, other), effect, (low, high), raw, holmed, least in figures
    )  # fmt: skip
