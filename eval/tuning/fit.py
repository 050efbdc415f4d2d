"""Weights fitted to pools of judged candidates by CMA-ES.

The score stays what it is, a sum of named parts times named factors, so a fitted file can be read and argued with.
CMA-ES (Hansen 2016, "The CMA evolution strategy: a tutorial") needs no gradient, which nDCG has not, follows weights
that trade off against each other, and gives the same weights for the same seed. Few judgments tell little, so going
far from the start costs: PRIOR / n of a pool's error for each whole range, squared.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import exp
from math import log as log_of

import numpy as np
import numpy.typing as npt

from eval.tuning.pool import Pool
from recsys.errors import ConfigError, MissingExtra
from recsys.progress import progress
from recsys.ranking import Weights

PRIOR = 1.0
STEP = 0.2  # of a range: how far around the start CMA-ES looks first

Floats = npt.NDArray[np.float64]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Range:
    """Where a weight is looked for; `by_ratio` looks on a scale of ratios instead of differences."""

    low: float
    high: float
    by_ratio: bool = False

    def place(self, value: float) -> float:
        """Where a value lies in the range, in [0, 1]; one outside is moved to the edge."""
        low, high, inside = (self._scale(x) for x in (self.low, self.high, min(max(value, self.low), self.high)))
        return (inside - low) / (high - low)

    def value(self, place: float) -> float:
        """The value at a place in [0, 1], in three digits: more would claim what judgments cannot tell."""
        low, high = self._scale(self.low), self._scale(self.high)
        found = low + (high - low) * place
        return float(f"{exp(found) if self.by_ratio else found:.3g}")

    def _scale(self, value: float) -> float:
        return log_of(value) if self.by_ratio else value


RANGES = {
    "words_short": Range(0.0, 0.9),
    "words_long": Range(0.3, 1.0),
    "long_text": Range(200.0, 4_000.0, by_ratio=True),
    "names_short": Range(0.0, 0.6),
    "names_long": Range(0.0, 0.4),
    "kin_short": Range(0.0, 3.0),
    "kin_long": Range(0.0, 1.5),
    "section": Range(0.0, 3.0),
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

    trials: int = 400
    seed: int = 0
    start: Weights = field(default_factory=Weights)
    keep: frozenset[str] = frozenset()
    queries: int = 2_000

    def __post_init__(self) -> None:
        if self.trials < 1 or self.queries < 1:
            raise ConfigError(f"trials is {self.trials} and queries {self.queries}: give at least 1 of each")
        if unknown := self.keep - set(RANGES):
            raise ConfigError(f"keep {', '.join(sorted(unknown))}: known are {', '.join(RANGES)}")


def fit(pools: Sequence[Pool], config: FitConfig | None = None) -> Weights:
    """The weights that leave least error over all pools, each counting alike however many articles it has.

    What is minimised is the mean over pools of (1 - nDCG@10) / (1 - nDCG@10 of the start), and the prior.

    Raises:
        ConfigError: there is no pool.
        MissingExtra: cmaes is not installed.
    """
    config = config or FitConfig()
    if not pools:
        raise ConfigError("no judged articles to fit weights to")
    pools = [_sample(pool, config) for pool in pools]
    first = [max(_error(pool, config.start), 1e-6) for pool in pools]
    prior = PRIOR / float(np.mean([len(pool) for pool in pools]))
    ranges = {name: found for name, found in RANGES.items() if name not in config.keep}
    start = np.array([found.place(getattr(config.start, name)) for name, found in ranges.items()])

    def weights_at(places: Floats) -> Weights:
        values = {name: found.value(place) for (name, found), place in zip(ranges.items(), places, strict=True)}
        return replace(config.start, **values)

    def left(places: Floats) -> float:
        weights = weights_at(places)
        errors = [_error(pool, weights) / before for pool, before in zip(pools, first, strict=True)]
        return float(np.mean(errors) + prior * np.square(places - start).sum())

    places = _search(left, start, config)
    least = left(places)
    log.info("%d weights fitted: %.1f %% of the error taken away, where it was fitted", len(ranges), 100 * (1 - least))
    return weights_at(places) if least < 1.0 else config.start


def _search(left: Callable[[Floats], float], start: Floats, config: FitConfig) -> Floats:
    """Where the search ends: the mean of what it draws from, which chance moves less than the best single draw."""
    try:
        from cmaes import CMA
    except ImportError as error:
        raise MissingExtra("tuning needs cmaes: pip install 'news-recsys[eval]'") from error

    search = CMA(mean=start, sigma=STEP, bounds=np.tile([0.0, 1.0], (len(start), 1)), seed=config.seed)
    with progress("weights", config.trials) as advance:
        for _ in range(max(1, config.trials // search.population_size)):
            asked = [search.ask() for _ in range(search.population_size)]
            search.tell([(found, left(found)) for found in asked])
            advance(search.population_size)
    return np.clip(np.asarray(search.mean, np.float64), 0.0, 1.0)


def _error(pool: Pool, weights: Weights) -> float:
    return float(1.0 - pool.figures(weights).mean())


def _sample(pool: Pool, config: FitConfig) -> Pool:
    if len(pool) <= config.queries:
        return pool
    places = np.random.default_rng(config.seed).permutation(len(pool))[: config.queries]
    return pool.only(np.sort(places).tolist())
