"""Old against new: how far two releases' lists agree, and what entered and left; look before a newsroom switches."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from eval.markdown import cell
from eval.rbo import PERSISTENCE, rbo_ext
from recsys.answers import Item
from recsys.errors import ConfigError
from recsys.progress import track
from recsys.ranking import Weights
from recsys.recommender import MAX_K, Recommender
from recsys.release import Release


@dataclass(frozen=True, slots=True)
class Moved:
    """An article that only one of the two lists shows; `elsewhere`: whether the other release has it at all."""

    id: str
    title: str
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class Change:
    """How one article's list changed: `rbo` in [0, 1], what entered and left the first k, each best first.

    `same` where both lists are equal, order included.
    """

    id: str
    title: str
    rbo: float
    same: bool
    entered: tuple[Moved, ...]
    left: tuple[Moved, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two releases' lists of length k for the same articles.

    Attributes:
        old, new: ids of the releases.
        both: articles that both releases have.
        only_old, only_new: articles that one of them has.
        changes: one for each article asked, the most changed first; ties by id.
    """

    old: str
    new: str
    k: int
    both: int
    only_old: int
    only_new: int
    changes: tuple[Change, ...]

    @property
    def mean_rbo(self) -> float:
        """Mean over the articles asked, in [0, 1]."""
        return fmean(change.rbo for change in self.changes)

    @property
    def changed(self) -> float:
        """Share of lists that differ at all, in [0, 1]."""
        return fmean(not change.same for change in self.changes)

    @property
    def other_articles(self) -> float:
        """Share of lists that show other articles, not only another order, in [0, 1]."""
        return fmean(bool(change.entered or change.left) for change in self.changes)


def overlap(
    old: Release, new: Release, k: int = 10, sample: int = 500, seed: int = 0, weights: Weights | None = None
) -> Overlap:
    """Ask both releases for `sample` of the articles that both have (all of them where there are no more).

    Raises:
        ConfigError: the releases share no article, k is not in [1, MAX_K] or sample is less than 1.
    """
    if not 1 <= k <= MAX_K:
        raise ConfigError(f"k is {k!r}: give a number from 1 to {MAX_K}")
    if sample < 1:
        raise ConfigError(f"sample is {sample!r}: give 1 or more")
    shared = sorted(_ids(old) & _ids(new))
    if not shared:
        raise ConfigError(f"{old} and {new} have no article in common: are they of one newsroom?")
    asked = sorted(random.Random(seed).sample(shared, min(sample, len(shared))))
    before, after = Recommender(old, weights), Recommender(new, weights)
    changes = [_change(before, after, article, k) for article in track(asked, "overlap", len(asked), unit="lists")]
    changes.sort(key=lambda change: (change.rbo, change.same, change.id))
    both = len(shared)
    return Overlap(old.id, new.id, k, both, len(old) - both, len(new) - both, tuple(changes))


def report(found: Overlap, show: int = 10) -> str:
    """Markdown: the figures, then the `show` most changed lists with the titles that left and entered."""
    entered = [moved for change in found.changes for moved in change.entered]
    left = [moved for change in found.changes for moved in change.left]
    asked = f"{len(found.changes)} of the {found.both} articles that both have"
    lines = [
        f"Old {found.old}, new {found.new}; lists of {asked}, k = {found.k}.",
        "",
        "| figure | value |",
        "|---|---:|",
        f"| mean RBO (p = {PERSISTENCE}) | {found.mean_rbo:.3f} |",
        f"| lists that changed | {found.changed:.1%} |",
        f"| lists with other articles, not only another order | {found.other_articles:.1%} |",
        f"| entered a list | {len(entered)}, of these {_missing(entered)} not in the old release |",
        f"| left a list | {len(left)}, of these {_missing(left)} not in the new release |",
        f"| articles only in the old / only in the new release | {found.only_old} / {found.only_new} |",
    ]
    most = [change for change in found.changes if not change.same][:show]
    if most:
        lines += ["", "| RBO | article | left | entered |", "|---:|---|---|---|"]
        lines += [
            f"| {c.rbo:.3f} | {cell(c.title)} ({cell(c.id)}) | {_titles(c.left)} | {_titles(c.entered)} |" for c in most
        ]
    return "\n".join(lines)


def _change(before: Recommender, after: Recommender, article_id: str, k: int) -> Change:
    was, now = before.similar(article_id, k).items, after.similar(article_id, k).items
    was_ids, now_ids = [item.id for item in was], [item.id for item in now]
    title = after.release.card(after.release.row(article_id)).title
    entered = _moved(now, was_ids, before.release)
    left = _moved(was, now_ids, after.release)
    return Change(article_id, title, rbo_ext(was_ids, now_ids), was_ids == now_ids, entered, left)


def _moved(items: Iterable[Item], others: Sequence[str], other: Release) -> tuple[Moved, ...]:
    return tuple(Moved(item.id, item.title, item.id in other) for item in items if item.id not in others)


def _ids(release: Release) -> set[str]:
    return {release.ids[row] for row in np.flatnonzero(release.present).tolist()}


def _missing(moved: Iterable[Moved]) -> int:
    return sum(not one.elsewhere for one in moved)


def _titles(moved: Iterable[Moved]) -> str:
    return "; ".join(cell(one.title) for one in moved) or "–"
