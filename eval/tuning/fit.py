"""Weights fitted to pools of judged candidates with Optuna's tree-structured Parzen estimator.

The score stays what it is, a sum of named parts times named factors, so a fitted file can be read and argued with. TPE
(Bergstra et al. 2011, "Algorithms for hyper-parameter optimization") needs no gradient, which nDCG has not, and the
same seed gives the same weights.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from eval.tuning.pool import Pool
from recsys.errors import ConfigError
from recsys.progress import progress
from recsys.ranking import Weights

if TYPE_CHECKING:
    import optuna

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Range:
    """Where a weight is looked for; `by_ratio` looks on a scale of ratios instead of differences."""

    low: float
    high: float
    by_ratio: bool = False


RANGES = {
    "words_short": Range(0.0, 0.9),
    "words_long": Range(0.3, 1.0),
    "long_text": Range(200.0, 4_000.0, by_ratio=True),
    "names_short": Range(0.0, 0.6),
    "names_long": Range(0.0, 0.4),
    "kin_short": Range(0.0, 1.5),
    "kin_long": Range(0.0, 0.8),
    "section": Range(0.0, 0.5),
    "author": Range(0.0, 0.2),
    "tags": Range(0.0, 0.3),
    "tempo": Range(0.0, 0.8),
    "half_life_days": Range(1.0, 1_000.0, by_ratio=True),
    "freshness_floor": Range(0.3, 1.0),
    "later": Range(0.0, 1.0),
    "other_site": Range(0.0, 1.0),
}


@dataclass(frozen=True, slots=True)
class FitConfig:
    """How to fit.

    Attributes:
        trials: how many weights are tried.
        seed: same seed, same weights.
        start: the weights that are tried first, and kept where nothing better is found.
        keep: names of weights that stay as they are in `start`.
        queries: at most so many articles of a pool are looked at in a trial.

    Raises:
        ConfigError: a value out of range, or a weight that does not exist.
    """

    trials: int = 300
    seed: int = 0
    start: Weights = field(default_factory=Weights)
    keep: frozenset[str] = frozenset()
    queries: int = 1_000

    def __post_init__(self) -> None:
        if self.trials < 1 or self.queries < 1:
            raise ConfigError(f"trials is {self.trials} and queries {self.queries}: give at least 1 of each")
        if unknown := self.keep - set(RANGES):
            raise ConfigError(f"keep {', '.join(sorted(unknown))}: known are {', '.join(RANGES)}")


def fit(pools: Sequence[Pool], config: FitConfig | None = None) -> Weights:
    """The weights that leave least error over all pools, each counting alike however many articles it has.

    What is minimised is the mean over pools of (1 - nDCG@10) / (1 - nDCG@10 of the start).

    Raises:
        ConfigError: there is no pool.
    """
    config = config or FitConfig()
    if not pools:
        raise ConfigError("no judged articles to fit weights to")
    pools = [_sample(pool, config) for pool in pools]
    start = [_error(pool, config.start) for pool in pools]

    def left(weights: Weights) -> float:
        errors = [_error(pool, weights) / max(first, 1e-6) for pool, first in zip(pools, start, strict=True)]
        return float(np.mean(errors))

    return _search(left, config)


def _search(left: Callable[[Weights], float], config: FitConfig) -> Weights:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    ranges = {name: found for name, found in RANGES.items() if name not in config.keep}
    sampler = optuna.samplers.TPESampler(seed=config.seed, multivariate=True, n_startup_trials=min(40, config.trials))
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial({name: _inside(getattr(config.start, name), ranges[name]) for name in ranges})
    with progress("weights", config.trials) as advance:
        for _ in range(config.trials):
            trial = study.ask()
            study.tell(trial, left(replace(config.start, **_draw(trial, ranges))))
            advance(1)
    best = replace(config.start, **study.best_params)
    return _rounded(best) if study.best_value < 1.0 else config.start


def _draw(trial: "optuna.Trial", ranges: dict[str, Range]) -> dict[str, float]:
    return {name: trial.suggest_float(name, r.low, r.high, log=r.by_ratio) for name, r in ranges.items()}


def _inside(value: float, found: Range) -> float:
    return min(max(value, found.low), found.high)


def _rounded(weights: Weights) -> Weights:
    """Three digits: more would claim what the judgments cannot tell."""
    return Weights(**{name: float(f"{value:.3g}") for name, value in asdict(weights).items()})


def _error(pool: Pool, weights: Weights) -> float:
    return float(1.0 - pool.figures(weights).mean())


def _sample(pool: Pool, config: FitConfig) -> Pool:
    if len(pool) <= config.queries:
        return pool
    places = np.random.default_rng(config.seed).permutation(len(pool))[: config.queries]
    return pool.only(np.sort(places).tolist())
