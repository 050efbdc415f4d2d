"""A mean with its interval, for each system alone."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eval.compare import CompareConfig
from eval.pairing import ByQuery, Paired
from eval.significance import Clusters, bootstrap_intervals


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over n queries in c clusters, and the bootstrap interval of it."""

    value: float
    low: float
    high: float
    n: int
    clusters: int


def estimates(
    systems: Mapping[str, ByQuery], clusters: Mapping[str, str] | None, config: CompareConfig
) -> dict[str, Estimate]:
    """For each system its mean and the interval of it, in [0, 1]; all are drawn alike.

    Args:
        systems: for each system the figure of each query, in [0, 1]; all have the same queries.
        clusters: as for `eval.compare.compare`.
        config: alpha, draws and seed.

    Raises:
        ConfigError: see `Paired.of`.
    """
    pair = Paired.of(systems, clusters)
    sums = np.array([np.bincount(pair.groups, weights=values) for values in pair.values.values()])
    found = Clusters(sums, pair.sizes)
    ends = bootstrap_intervals(found, config.alpha, config.resamples, np.random.default_rng(config.seed)).clip(0, 1)
    n, c = len(pair.queries), len(pair.sizes)
    return {
        name: Estimate(float(value), float(low), float(high), n, c)
        for name, value, (low, high) in zip(pair.values, found.effects, ends, strict=True)
    }
