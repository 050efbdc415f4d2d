"""The newsroom's tempo: what the time between two articles says about whether they belong together.

A daily links to yesterday, a magazine to last year, a wire to the last minutes. No reader and no editor has to tell:
articles that are near by text lie closer in time than any two do, and how much closer is the evidence

    evidence(days) = ln( P(days | near by text) / P(days | any two) )

estimated at build from the archive itself (a likelihood ratio, as in naive Bayes). Times are compared on a scale of
powers of ten, because a minute matters within an hour and a week within a year.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

GRID = np.linspace(-5.0, 4.5, 96)  # log10 of days: from one second to 87 years
SPREAD = 0.25  # standard deviation of the smoothing, in powers of ten
RARE = 1e-4  # added to both shares: a time that hardly occurs tells nothing
PRIOR = 50.0  # as many pairs are assumed to show no tempo at all, so that a small archive shows little


@dataclass(frozen=True, slots=True)
class Tempo:
    """`evidence` is (len(GRID),) float64, natural logarithms; 0 tells nothing, more speaks for belonging together."""

    evidence: Floats

    @classmethod
    def none(cls) -> "Tempo":
        """The tempo of an archive that shows none."""
        return cls(np.zeros(len(GRID)))

    @classmethod
    def learn(cls, near: npt.NDArray[np.floating], any_two: npt.NDArray[np.floating]) -> "Tempo":
        """The tempo from days (>= 0) between articles near by text, and between any two; NaN is left out."""
        close, usual = (values[~np.isnan(values)] for values in (near, any_two))
        if not len(close) or not len(usual):
            return cls.none()
        chance = _shares(usual)
        found = (_shares(close) * len(close) + chance * PRIOR) / (len(close) + PRIOR)
        return cls(np.log((found + RARE) / (chance + RARE)))

    @property
    def peak(self) -> float:
        """The largest evidence there is, at least the 0 of an unknown time."""
        return float(self.evidence.max(initial=0.0))

    def at(self, days: npt.NDArray[np.floating]) -> Floats:
        """The evidence of (m,) days (>= 0); an unknown time (NaN) tells nothing, 0."""
        found = np.interp(_scale(np.nan_to_num(days)), GRID, self.evidence)
        return np.where(np.isnan(days), 0.0, found)


def _scale(days: npt.NDArray[np.floating]) -> Floats:
    found: Floats = np.log10(np.maximum(days, 10.0 ** GRID[0]), dtype=np.float64)
    return found


def _shares(days: npt.NDArray[np.floating]) -> Floats:
    """(len(GRID),) smoothed share of the days at each point of the grid, summing to 1."""
    step = GRID[1] - GRID[0]
    edges = np.append(GRID - step / 2, GRID[-1] + step / 2)
    counts, _ = np.histogram(np.minimum(_scale(days), GRID[-1]), bins=edges)
    reach = np.arange(-10, 11) * step
    kernel = np.exp(-0.5 * (reach / SPREAD) ** 2)
    padded = np.pad(counts / len(days), 10)
    return np.convolve(padded, kernel / kernel.sum(), "valid")
