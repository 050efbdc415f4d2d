"""Whether a mean difference could be chance, where queries come in clusters and several systems are compared.

Arrays in, arrays out; `eval.compare` gives them their names. Every comparison uses the same draws, so a figure does not
depend on which other systems stand beside it. Sums go through `einsum`, not BLAS, whose last bits may depend on the
number of threads.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtrit

Floats = npt.NDArray[np.float64]
POWER = 0.8
_BLOCK_BYTES = 32 * 2**20  # of one block of draws, as float64


@dataclass(frozen=True, slots=True)
class Clusters:
    """Differences added up by cluster.

    Attributes:
        sums: (m, c) float64, for each of m comparisons the sum of the differences of each cluster.
        sizes: (c,) float64 > 0, how many queries a cluster has; c >= 2.
    """

    sums: Floats
    sizes: Floats

    @property
    def effects(self) -> Floats:
        """(m,) mean difference over queries, so a large cluster counts for more."""
        return np.asarray(self.sums.sum(axis=1) / self.sizes.sum())


def standard_errors(clusters: Clusters) -> Floats:
    """(m,) cluster-robust standard error of the mean difference, >= 0.

    With e_c = sum_c - effect * size_c: sqrt(c / (c - 1) * sum(e_c ** 2)) / n, the linearised variance of a ratio
    (Cochran, "Sampling Techniques", 3rd ed. 1977, 6.4; Cameron and Miller, Journal of Human Resources 50(2), 2015).
    """
    residuals = clusters.sums - clusters.effects[:, None] * clusters.sizes
    c = len(clusters.sizes)
    return np.asarray(np.sqrt(c / (c - 1) * (residuals**2).sum(axis=1)) / clusters.sizes.sum())


def bootstrap_intervals(clusters: Clusters, alpha: float, resamples: int, rng: np.random.Generator) -> Floats:
    """(m, 2) lower and upper end of the 1 - alpha interval of the mean difference; whole clusters are drawn.

    Expanded percentile interval: the quantiles are taken at Phi(-sqrt(c / (c - 1)) * t) with t the 1 - alpha / 2
    quantile of Student's t with c - 1 degrees of freedom, as the plain percentile interval is too narrow for few
    clusters (Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician 69(4), 2015).
    Clusters as units: Field and Welsh, "Bootstrapping clustered data", JRSS B 69(3), 2007.
    """
    c = len(clusters.sizes)

    def draw(rows: int) -> Floats:
        picked = rng.integers(0, c, size=(rows, c)) + np.arange(rows)[:, None] * c
        return np.bincount(picked.ravel(), minlength=rows * c).reshape(rows, c).astype(np.float64)

    sums = _products(draw, np.vstack([clusters.sums, clusters.sizes]), resamples)
    tail = float(ndtr(-np.sqrt(c / (c - 1)) * stdtrit(c - 1, 1 - alpha / 2)))
    return np.asarray(np.quantile(sums[:-1] / sums[-1], [tail, 1 - tail], axis=1).T)


def sign_flip_p(clusters: Clusters, resamples: int, rng: np.random.Generator) -> Floats:
    """(m,) two-sided p of "the two systems are exchangeable", in [1 / (resamples + 1), 1]: never 0.

    All differences of a cluster change their sign together. p = (b + 1) / (resamples + 1), b the number of draws with
    a mean at least as far from 0 as the one found (Phipson and Smyth, "Permutation P-values should never be zero",
    Statistical Applications in Genetics and Molecular Biology 9(1), 2010; paired randomisation test: Smucker, Allan,
    Carterette, CIKM 2007).
    """
    c = len(clusters.sizes)

    def draw(rows: int) -> Floats:
        return rng.integers(0, 2, size=(rows, c), dtype=np.int8).astype(np.float64) * 2 - 1

    flipped = np.abs(_products(draw, clusters.sums, resamples))
    # equal sums added in another order differ in their last bits and must still count as equal
    slack = 1e-12 * np.abs(clusters.sums).sum(axis=1)
    reached = flipped >= (np.abs(clusters.sums.sum(axis=1)) - slack)[:, None]
    return np.asarray((reached.sum(axis=1) + 1) / (resamples + 1))


def holm(p: Floats, family: int | None = None) -> Floats:
    """(m,) p values corrected for all m comparisons, in [0, 1]; compare them with alpha itself.

    The i-th smallest (from 0) is multiplied by family - i, and none is less than one before it (Holm, "A simple
    sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2), 1979). `family` (at least
    m, the default) counts comparisons whose p is not given too; they are taken for larger than all given, which can
    only make the result more careful.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    factors = (len(p) if family is None else family) - np.arange(len(p))
    out = np.empty(len(p))
    out[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return out


def detectable(errors: Floats, clusters: int, alpha: float, family: int) -> Floats:
    """(m,) smallest true difference that is found with a power of 80 %, in the unit of the metric.

    (t(1 - alpha / (2 * family)) + t(0.8)) * standard error, with clusters - 1 degrees of freedom (Bloom, "Minimum
    Detectable Effects", Evaluation Review 19(5), 1995); `family` makes it hold for Holm's strictest step.
    """
    return np.asarray((stdtrit(clusters - 1, 1 - alpha / (2 * family)) + stdtrit(clusters - 1, POWER)) * errors)


def _products(draw: Callable[[int], Floats], values: Floats, resamples: int) -> Floats:
    """(m, resamples): each of `resamples` drawn rows of length c times each row of `values` (m, c), in blocks."""
    out = np.empty((len(values), resamples))
    for rows in _blocks(resamples, values.shape[1]):
        out[:, rows] = np.einsum("rc,mc->mr", draw(rows.stop - rows.start), values, optimize=False)
    return out


def _blocks(resamples: int, width: int) -> Iterator[slice]:
    size = max(1, _BLOCK_BYTES // (8 * width))
    for start in range(0, resamples, size):
        yield slice(start, min(start + size, resamples))
