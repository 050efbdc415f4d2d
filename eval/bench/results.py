"""What a benchmark finds: numbers with their spread over repetitions, and the samples that they are made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Statistic = Callable[[Sequence[float]], float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: the median over repetitions, and the quartiles that half of them lie between.

    `low` and `high` are None where there was one repetition only: it says nothing of spread.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured of one case.

    Attributes:
        case: what was varied, such as "4 workers".
        what: what was measured, such as "read latency".
        unit: such as "ms"; "" for plain numbers.
        figures: in the order to show.
        samples: raw, a tuple for each repetition, in `unit`.
        note: what a reader must know to not be misled.
    """

    case: str
    what: str
    unit: str
    figures: tuple[Figure, ...]
    samples: tuple[tuple[float, ...], ...] = ()
    note: str = ""


def quantile(share: float) -> Statistic:
    """The quantile of this share in [0, 1], between two samples by the line through them."""
    return lambda samples: float(np.quantile(samples, share))


MEDIAN = {"": quantile(0.5)}
LATENCY = {"p50": quantile(0.5), "p99": quantile(0.99), "max": quantile(1.0)}


def over_repetitions(name: str, values: Sequence[float]) -> Figure:
    """The figure of one value for each repetition.

    Raises:
        ValueError: there is none.
    """
    if not values:
        raise ValueError(f"{name or 'a figure'}: nothing was measured")
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    return Figure(name, middle, low, high) if len(values) > 1 else Figure(name, middle)


def result(
    case: str,
    what: str,
    unit: str,
    repetitions: Sequence[Sequence[float]],
    statistics: Mapping[str, Statistic] = MEDIAN,
    note: str = "",
) -> Result:
    """Each statistic of each repetition's samples, and their median and quartiles; empty repetitions say nothing."""
    measured = [samples for samples in repetitions if len(samples)]
    if not measured:
        return Result(case, what, unit, (), note=note or "nothing was measured")
    figures = [over_repetitions(name, [of(samples) for samples in measured]) for name, of in statistics.items()]
    return Result(case, what, unit, tuple(figures), tuple(tuple(map(float, one)) for one in repetitions), note)


def ratio(case: str, what: str, ours: Sequence[float], theirs: Sequence[float], note: str = "") -> Result:
    """Ours over theirs, repetition by repetition: what slows the machine for a while slows both.

    Args:
        ours, theirs: one positive number each for each repetition; the i-th of both were measured side by side.

    Raises:
        ValueError: not as many of one as of the other.
    """
    pairs = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return Result(case, what, "×", (over_repetitions("ratio", pairs),), tuple((pair,) for pair in pairs), note)
