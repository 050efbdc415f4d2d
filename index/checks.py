"""What must hold before a build is published. Each check has a name, the value found and the limit."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from recsys.errors import BuildRefused
from recsys.index_kind import Kind
from recsys.manifest import Check, Manifest
from recsys.recall import recall
from recsys.release import Release

_LENGTHS = "vectors that are not finite and of length 1"
_OWN = "sampled articles that are not their own nearest"
_RECALL = "recall@"
REQUIRED = ("with_title", "with_url", "with_body", "with_published_at")  # no newspaper's export is without them


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the checks.

    Attributes:
        shrink: largest share of the last release's articles that may be gone.
        grow: largest growth, as a multiple of the last release's articles.
        alone: largest share of articles without any neighbour.
        emptier: what part of the share of articles that had a field in the last release must have it still.
        sample: how many articles are searched for themselves.
        recall: least share of the nearest by meaning that an approximate vector index must find.
        recall_sample: for how many articles that is measured.
    """

    shrink: float = 0.2
    grow: float = 5.0
    alone: float = 0.1
    emptier: float = 0.5
    sample: int = 200
    recall: float = 0.98
    recall_sample: int = 500


def check(release: Release, last: Manifest | None, limits: Limits) -> list[Check]:
    """All checks of a finished build, in a fixed order; `last` is the manifest of the release that is served now.

    Where the release stands on the full build of the last one, the vectors of that are as they were checked then.
    """
    return [
        *_counts(release, last, limits),
        *_columns(release, last, limits),
        *_vectors(release, last, limits),
        *_lists(release, limits),
    ]


def refuse_failed(checks: list[Check], force: bool) -> list[str]:
    """The names of failed checks that `force` overrides.

    Raises:
        BuildRefused: a check failed and `force` is not given.
    """
    failed = [c for c in checks if not c.passed]
    if failed and not force:
        reasons = "; ".join(f"{c.name} is {c.value:.9g}, must be {c.limit}" for c in failed)
        raise BuildRefused(f"not published: {reasons}. The last release stays; --force publishes all the same")
    return [c.name for c in failed]


def _check(name: str, value: float, limit: str, passed: bool) -> Check:
    return Check(name, float(value), limit, bool(passed))  # plain types, whatever numpy gave


def _counts(release: Release, last: Manifest | None, limits: Limits) -> Iterator[Check]:
    n = release.manifest.articles
    yield _check("articles", n, "at least 1", n >= 1)
    if last is not None and last.articles:
        low, high = (1 - limits.shrink) * last.articles, limits.grow * max(last.articles, 100)
        yield _check("articles against the last release", n, f"from {low:.0f} to {high:.0f}", low <= n <= high)


def _columns(release: Release, last: Manifest | None, limits: Limits) -> Iterator[Check]:
    """A column that is empty, or suddenly far emptier, is nearly always a wrong --map or a broken export."""
    n = release.manifest.articles
    for name, filled in release.manifest.counts.items():
        if name.startswith("with_"):
            before = last.counts.get(name, 0) / last.articles if last and last.articles else 0.0
            least = max(ceil(limits.emptier * before * n), 1 if name in REQUIRED else 0)
            yield _check(f"articles {name.replace('_', ' ', 1)}", filled, f"at least {least}", filled >= least)


def _vectors(release: Release, last: Manifest | None, limits: Limits) -> Iterator[Check]:
    foundation = release.manifest.foundation
    if foundation is None or last is None:
        yield from _built_vectors(release, limits)
        yield from _recall(release, limits)
        return
    outside = "collection" in release.manifest.index  # an engine is no file: it may be another by now
    for found in last.checks:
        if found.name in ("vectors", _LENGTHS, _OWN) or (found.name.startswith(_RECALL) and not outside):
            yield found
    if outside:
        yield from _recall(release.base, limits)
    vectors = release.arrived
    number, wrong = len(vectors), _not_unit(vectors)
    yield _check("vectors of arrivals", number, f"{foundation.arrivals}", number == foundation.arrivals)
    yield _check("vectors of arrivals that are not finite and of length 1", wrong, "0", wrong == 0)


def _built_vectors(release: Release, limits: Limits) -> Iterator[Check]:
    index, n = release.vectors, len(release)
    yield _check("vectors", index.n, f"{n}", index.n == n)
    wrong = sum(_not_unit(index.vectors(np.arange(start, min(start + 4096, n)))) for start in range(0, n, 4096))
    yield _check(_LENGTHS, wrong, "0", wrong == 0)
    rows = _sample(n, limits.sample)
    vectors = index.vectors(rows) if n else np.empty((0, index.dim), np.float32)
    _, best = index.exact(vectors, 1) if n else (None, np.empty((0, 1), np.float32))
    own = np.einsum("ij,ij->i", vectors, vectors)
    # an equal twin may be found first, so the similarity is compared and not the row
    lost = int((best[:, 0] < own - 1e-4).sum()) + int((best[:, 0] > own + 1e-4).sum()) if wrong == 0 else len(rows)
    yield _check(_OWN, lost, "0", lost == 0)


def _recall(release: Release, limits: Limits) -> Iterator[Check]:
    """Of the files as they are, on other rows than those that the effort was chosen by. A flat index finds all."""
    index, k = release.vectors, int(release.manifest.config.get("neighbours", 100))
    if index.kind is not Kind.FLAT:
        found = recall(index, _sample(len(release), limits.recall_sample), k)
        name = f"{_RECALL}{k} of the vector index ({index.kind}, effort {index.effort})"
        yield _check(name, found, f"at least {limits.recall:g}", found >= limits.recall)


def _not_unit(vectors: "np.typing.NDArray[np.float32]") -> int:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    return int((~(np.abs(lengths - 1.0) < 1e-3)).sum())  # a NaN is never near 1


def _lists(release: Release, limits: Limits) -> Iterator[Check]:
    n = len(release)
    alone = float((release.neighbour_counts == 0).mean()) if n > 1 else 0.0
    yield _check("share of articles without neighbours", alone, f"at most {limits.alone:g}", alone <= limits.alone)
    itself = sum(bool((release.neighbours(row).rows == row).any()) for row in _sample(n, limits.sample))
    yield _check("sampled articles that are their own neighbour", itself, "0", itself == 0)


def _sample(n: int, size: int) -> "np.typing.NDArray[np.int64]":
    """At most `size` rows, spread evenly, the same every time."""
    return np.unique(np.linspace(0, n - 1, min(n, size)).astype(np.int64)) if n else np.empty(0, np.int64)
