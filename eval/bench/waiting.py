"""What waits for the next night: articles that are new or changed since the release."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from eval.bench.corpus import Archive, Chunk
from recsys.articles import Article


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, and how many of these are changed; the others are new."""

    number: int
    changed: int

    @property
    def new(self) -> int:
        """Those that the release does not have."""
        return self.number - self.changed


def waiting(archive: Archive, number: int, changed: float) -> Iterator[Chunk]:
    """`number` articles that came after the archive; a share of them takes the place of one that is in it.

    The last one is always new. The first of many are the same as the first of few.
    """
    longest = 100_000  # drawn as one plan, so that a longer one begins as a shorter one
    places = np.random.default_rng([archive.config.seed, 50]).permutation(archive.config.articles)
    seen, replaced = 0, 0
    for chunk in islice(archive.later(max(longest, number)), -(-number // 2_000)):
        articles = chunk.articles[: number - seen]
        found = []
        for place, article in enumerate(articles, seen + 1):
            is_changed = int(place * changed) > int((place - 1) * changed) and place < number
            if is_changed and replaced < len(places):
                article = _instead_of(article, f"b{places[replaced]:08}")
                replaced += 1
            found.append(article)
        seen += len(articles)
        yield Chunk(tuple(found), chunk.vectors[: len(found)])


def counted(chunks: Sequence[Chunk]) -> Waiting:
    """How many there are of both kinds."""
    ids = [article.id for chunk in chunks for article in chunk.articles]
    return Waiting(len(ids), sum(key.startswith("b") for key in ids))


def _instead_of(article: Article, key: str) -> Article:
    return replace(article, id=key, url=f"https://paper.example/{key}", updated_at=article.published_at)
