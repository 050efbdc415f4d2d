"""How good a list is, given what is known to be related. Each function judges one list; the mean is taken outside."""

from collections.abc import Collection, Sequence


def recall(answered: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Share of `relevant` (not empty) that is among the first k answered, in [0, 1].

    Manning, Raghavan, Schütze, "Introduction to Information Retrieval", 8.3, cut at k. An empty answer is 0.

    >>> recall(["a", "b", "c"], {"b", "x"}, k=2)
    0.5
    """
    return len(set(answered[:k]) & set(relevant)) / len(relevant)


def reciprocal_rank(answered: Sequence[str], relevant: Collection[str]) -> float:
    """1 / place of the first relevant answer, places from 1; 0 where none is relevant (Voorhees, TREC-8, 1999).

    >>> reciprocal_rank(["a", "b", "c"], {"b", "c"})
    0.5
    """
    return next((1.0 / place for place, answer in enumerate(answered, start=1) if answer in relevant), 0.0)
