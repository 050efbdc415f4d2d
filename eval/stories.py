"""How well a release's story groups agree with those that people made: pairs, and B-cubed.

A pair is two judged articles; it is right where they share a story. B-cubed asks each article how much of its group is
of its story, and how much of its story is in its group (Bagga and Baldwin 1998), so that one huge group does not count
for everything. Amigó et al. 2009 compare such measures.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, median
from typing import Literal

import numpy as np

from recsys.columns import Int32, open_array
from recsys.errors import ConfigError
from recsys.release import UNDATED, Release
from recsys.signals import DAY

Half = Literal["all", "first", "second"]
Known = Mapping[str, frozenset[str]]
"""Article -> the stories that it is in."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """One strength of a release's groups against judged stories.

    Attributes:
        strength: `same text` or `same event`.
        judged: articles that the release has and that are judged.
        pairs: pairs of judged articles in one group; right: those of one story; known: pairs of one story in all. Of
            half the stories, a pair with an article of the other half counts half.
        b_precision, b_recall: B-cubed, in [0, 1].
        groups: of the whole release; sizes: of each, rising.
    """

    strength: str
    judged: int
    pairs: float
    right: float
    known: float
    b_precision: float
    b_recall: float
    sizes: tuple[int, ...]

    @property
    def precision(self) -> float:
        """Share of the pairs in one group that are of one story; 1 where there are none."""
        return self.right / self.pairs if self.pairs else 1.0

    @property
    def recall(self) -> float:
        """Share of the pairs of one story that are in one group; 1 where there are none."""
        return self.right / self.known if self.known else 1.0

    @property
    def b_f1(self) -> float:
        """Harmonic mean of B-cubed precision and recall."""
        both = self.b_precision + self.b_recall
        return 2.0 * self.b_precision * self.b_recall / both if both else 0.0


def agreements(
    release: Release, stories: Known, days: float | None = None, half: Half = "all"
) -> tuple[Agreement, ...]:
    """Both strengths of the release's groups against `stories`.

    Args:
        release: with the columns `text_group` and `event_group`.
        stories: what people know; an article whose story has no other article counts against wrong groups.
        days: where given, articles of one story that are further apart are not asked for, nor is their pair wrong.
        half: which half of the stories is asked for, by a hash of their names, so that what was chosen on one half can
            be told from what it does on the other; the articles of both make a group wrong.

    Raises:
        ConfigError: the release has none of the judged articles.
    """
    judged = [(row, stories[article]) for article in sorted(stories) for row in release.rows([article])]
    asked = [row for row, names in judged if half == "all" or _half(names) == half]
    if not asked:
        raise ConfigError(f"{release.path}: it has none of the {len(stories)} judged articles")
    mates = _mates(judged)
    near = {row: frozenset(_within(release, row, mates[row], days)) for row in asked}
    return tuple(
        _agreement(strength, open_array(release.path / name), mates, near)
        for strength, name in (("same text", "text_group.npy"), ("same event", "event_group.npy"))
    )


def report(found: Iterable[Agreement]) -> str:
    """Markdown: a row for each strength."""
    head = (
        "| strength | judged | pairs grouped | precision | recall | B³ precision | B³ recall | B³ F1 | groups | sizes |"
    )
    lines = [head, "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|"]
    lines += [
        f"| {a.strength} | {a.judged} | {a.pairs:.0f} | {a.precision:.3f} | {a.recall:.3f} | {a.b_precision:.3f} "
        f"| {a.b_recall:.3f} | {a.b_f1:.3f} | {len(a.sizes)} | {_sizes(a.sizes)} |"
        for a in found
    ]
    return "\n".join(lines)


def _agreement(
    strength: str, group: Int32, mates: Mapping[int, frozenset[int]], near: Mapping[int, frozenset[int]]
) -> Agreement:
    together: dict[int, set[int]] = defaultdict(set)
    for row in mates:
        together[int(group[row]) if group[row] >= 0 else -1 - row].add(row)
    pairs = right = known = 0
    precisions, recalls = [], []
    for members in together.values():
        for row in members & near.keys():
            others = members - {row}
            hits, asked = len(others & mates[row]), near[row] | (others & mates[row])
            pairs, right, known = pairs + len(others), right + hits, known + len(asked)
            precisions.append((hits + 1) / (len(others) + 1))
            recalls.append((hits + 1) / (len(asked) + 1))
    sizes = tuple(sorted(np.bincount(group[group >= 0]).tolist())) if (group >= 0).any() else ()
    return Agreement(strength, len(near), pairs / 2, right / 2, known / 2, fmean(precisions), fmean(recalls), sizes)


def _mates(judged: list[tuple[int, frozenset[str]]]) -> dict[int, frozenset[int]]:
    """For each judged row the other rows of its stories."""
    members: dict[str, set[int]] = defaultdict(set)
    for row, names in judged:
        for name in names:
            members[name].add(row)
    return {row: frozenset().union(*(members[name] for name in names)) - {row} for row, names in judged}


def _within(release: Release, row: int, others: Iterable[int], days: float | None) -> Iterable[int]:
    mine = int(release.published[row])
    for other in others:
        theirs = int(release.published[other])
        if days is None or UNDATED in (mine, theirs) or abs(mine - theirs) <= days * DAY:
            yield other


def _half(names: frozenset[str]) -> Half:
    return "first" if zlib.crc32(min(names).encode()) % 2 == 0 else "second"


def _sizes(sizes: tuple[int, ...]) -> str:
    return f"median {median(sizes):g}, largest {sizes[-1]}" if sizes else "–"
