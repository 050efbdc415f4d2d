"""Several systems' figures over the very same queries, and which queries belong together."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.errors import ConfigError

ByQuery = Mapping[str, float]
Floats = npt.NDArray[np.float64]


def in_common(systems: Mapping[str, ByQuery]) -> dict[str, ByQuery]:
    """The figures of those queries for which every system has one, in the order of the first system.

    An aspect of a list may be undefined, as the age of an empty one; what is left out is then left out for all.

    >>> in_common({"ours": {"a": 1.0, "b": 0.5}, "other": {"b": 0.0}})
    {'ours': {'b': 0.5}, 'other': {'b': 0.0}}
    """
    first, *others = systems.values()
    queries = [query for query in first if all(query in other for other in others)]
    return {name: {query: by_query[query] for query in queries} for name, by_query in systems.items()}


@dataclass(frozen=True, slots=True)
class Paired:
    """Figures that may be compared query by query.

    Attributes:
        queries: sorted, so that nothing depends on the order of a mapping.
        values: for each system (n,) float64, finite, in the order of `queries`.
        groups: (n,) int64, the number of each query's cluster.
    """

    queries: tuple[str, ...]
    values: Mapping[str, Floats]
    groups: npt.NDArray[np.int64]

    @classmethod
    def of(cls, systems: Mapping[str, ByQuery], clusters: Mapping[str, str] | None = None) -> "Paired":
        """Checked and sorted; each query is a cluster of its own where `clusters` is None.

        Raises:
            ConfigError: queries that differ between systems, a value that is not finite, a query without a cluster,
                or fewer than two clusters.
        """
        queries = _queries(systems)
        values = {name: _values(name, by_query, queries) for name, by_query in systems.items()}
        return cls(tuple(queries), values, _groups(queries, clusters))

    @property
    def sizes(self) -> Floats:
        """(c,) how many queries each cluster has."""
        return np.bincount(self.groups).astype(np.float64)

    def by_cluster(self, system: str, other: str) -> Floats:
        """(c,) the sum of system - other over the queries of each cluster."""
        difference = self.values[system] - self.values[other]
        return np.asarray(np.bincount(self.groups, weights=difference), np.float64)


def _queries(systems: Mapping[str, ByQuery]) -> list[str]:
    queries = sorted(set().union(*systems.values()))
    for query in queries:
        for name in sorted(systems):
            if query not in systems[name]:
                raise ConfigError(f"system {name!r} has no value for query {query!r}: compare over the same queries")
    return queries


def _values(name: str, by_query: ByQuery, queries: list[str]) -> Floats:
    values = np.array([by_query[query] for query in queries], np.float64)
    if len(bad := np.flatnonzero(~np.isfinite(values))):
        query = queries[int(bad[0])]
        raise ConfigError(f"system {name!r}, query {query!r}: {values[bad[0]]} is not a number to compare")
    return values


def _groups(queries: list[str], clusters: Mapping[str, str] | None) -> npt.NDArray[np.int64]:
    """(n,) the number of each query's cluster, in order of first appearance: names of clusters do not matter."""
    numbers: dict[str, int] = {}
    groups = []
    for query in queries:
        if clusters is not None and query not in clusters:
            raise ConfigError(f"query {query!r} has no cluster: give one for each query, or none at all")
        groups.append(numbers.setdefault(query if clusters is None else clusters[query], len(numbers)))
    if len(numbers) < 2:
        raise ConfigError(f"{len(queries)} queries in {len(numbers)} clusters: at least two clusters are needed")
    return np.array(groups, np.int64)
