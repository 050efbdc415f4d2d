"""Who is nearest, by the definition: every article that the filter lets through is compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.bench.peers.task import Item, Mask, Narrow, Task, Vectors

_EQUAL = 1e-5  # cosines this close are the same: copies of a text have one vector, and float32 errs


@dataclass(frozen=True, slots=True)
class Truth:
    """Of one article and filter.

    Attributes:
        cosines: (n,) float32, to all articles.
        allowed: (n,) bool, may stand in the list.
        least: the cosine of the last of the true list.
        possible: how long the true list is, at most k.
    """

    cosines: Vectors
    allowed: Mask
    least: float
    possible: int


def truth(task: Task, row: int, narrow: Narrow, k: int) -> Truth:
    """The k nearest articles by cosine that the filter lets through, without the article itself."""
    cosines: Vectors = task.vectors @ task.vectors[row]
    allowed = task.allowed(narrow).copy()
    allowed[row] = False
    found = np.sort(cosines[allowed])[::-1][:k]
    return Truth(cosines, allowed, float(found[-1]) if len(found) else -1.0, len(found))


@dataclass(frozen=True, slots=True)
class Judged:
    """How good some answers are.

    Attributes:
        recall: share of the true lists' items that were found, in [0, 1]; as near as the last of them counts as one.
        wrong: items that the filter forbids, the article itself, and second ones of an article.
    """

    recall: float
    wrong: int


def judged(task: Task, answers: Sequence[Sequence[Item]], truths: Sequence[Truth]) -> Judged:
    """The answers against the truth, in one order."""
    found = possible = wrong = 0
    for items, true in zip(answers, truths, strict=True):
        rows = [task.row_of[item.id] for item in items]
        good = {row for row in rows if true.allowed[row]}
        wrong += len(rows) - len(good)
        found += min(true.possible, sum(bool(true.cosines[row] >= true.least - _EQUAL) for row in good))
        possible += true.possible
    return Judged(found / possible if possible else 1.0, wrong)
