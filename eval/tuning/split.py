"""Judged articles in two parts: one to fit weights to, one to report on."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from eval.clusters import chains
from eval.judgments import Judgments
from recsys.errors import ConfigError
from recsys.release import UNDATED, Release


@dataclass(frozen=True, slots=True)
class Split:
    """Two parts of the judgments that share no query article, and in words how they were parted."""

    fit: Judgments
    rest: Judgments
    rule: str


def by_time(release: Release, judgments: Judgments, share: float = 0.5) -> Split:
    """The older `share` of the judged articles to fit, the newer to report on, as a newsroom would meet them.

    Articles of one second stay together; those without a date are fitted to.

    Raises:
        ConfigError: one part is empty.
    """
    published = {query: int(release.published[release.row(query)]) for query in judgments.gains}
    ordered = sorted(published, key=lambda query: (published[query], query))
    cut = published[ordered[min(int(len(ordered) * share), len(ordered) - 1)]] if ordered else UNDATED
    return _split(judgments, lambda query: published[query] < cut, "the older are fitted to, the newer reported on")


def by_story(judgments: Judgments, share: float = 0.5, seed: int = 0) -> Split:
    """Whole stories to one part or the other by chance; a chain of judgments joins articles to one story.

    Raises:
        ConfigError: one part is empty, as where everything hangs together: then split by time.
    """
    judged = judgments.gains.items()
    story = chains([query, *(other for other, gain in known.items() if gain > 0)] for query, known in judged)
    return _split(
        judgments, lambda query: _chance(story[query], seed) < share, f"whole stories by chance (seed {seed})"
    )


def _split(judgments: Judgments, fitted: Callable[[str], bool], rule: str) -> Split:
    queries = {query for query in judgments.gains if fitted(query)}
    parts = judgments.only(queries), judgments.only(set(judgments.gains) - queries)
    if not all(len(part) for part in parts):
        raise ConfigError(
            f"{len(judgments)} judged articles cannot be parted ({rule}): one part is empty; split in another way"
        )
    return Split(*parts, rule)


def _chance(story: str, seed: int) -> float:
    """A number in [0, 1) that depends on the story and the seed alone."""
    digest = hashlib.sha256(f"{seed}\0{story}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
