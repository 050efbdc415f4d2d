"""What fitting brings where it did not look: weights from the other papers, and from half of a paper's judgments."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.judgments import Judgments
from eval.papers.quality import OURS, Bench, Quality
from eval.runs import Run
from eval.tuning.fit import FitConfig, fit
from eval.tuning.pool import Pool
from eval.tuning.split import Split, by_story
from recsys.errors import ConfigError
from recsys.ranking import Weights

LEAST = 0.25
"""A half made of whole chains of links must have this share of the judged articles."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A paper under weights that were fitted to the other papers only."""

    paper: str
    weights: Weights
    quality: Quality


@dataclass(frozen=True, slots=True)
class Halves:
    """A paper under weights that were fitted to half of its judged articles, each half tested with the other's.

    Attributes:
        rule: in words, how the halves were made.
        weights: fitted to the first half, and to the second.
        tested: the second half under the first's weights, and the first under the second's.
        together: all judged articles, each under the weights that did not see it.
    """

    paper: str
    rule: str
    weights: tuple[Weights, Weights]
    tested: tuple[Quality, Quality]
    together: Quality


def leave_one_out(benches: Sequence[Bench], config: FitConfig) -> list[LeftOut]:
    """Each paper under weights fitted to all the others.

    Raises:
        ConfigError: there are fewer than two papers.
    """
    if len(benches) < 2:
        raise ConfigError(f"{len(benches)} paper: leaving one out needs at least two to be there")
    pools = [Pool.of(bench.built.release, bench.judgments) for bench in benches]
    found = []
    for place, bench in enumerate(benches):
        weights = fit([pool for other, pool in enumerate(pools) if other != place], config)
        found.append(LeftOut(bench.paper.name, weights, bench.quality(bench.ours(weights), seed=config.seed)))
    return found


def by_halves(bench: Bench, config: FitConfig) -> Halves:
    """Fit to one half and test on the other, both ways.

    Raises:
        ConfigError: the judgments cannot be parted.
    """
    split = halves(bench.judgments, bench.clusters, config.seed)
    parts = split.fit, split.rest
    pool = Pool.of(bench.built.release, bench.judgments)
    first, second = (fit([_part(pool, part)], config) for part in parts)
    runs = bench.ours(first, split.rest), bench.ours(second, split.fit)
    lists = Run(OURS, {**runs[0].lists, **runs[1].lists})
    return Halves(
        bench.paper.name,
        f"{split.rule}: {len(split.fit)} and {len(split.rest)} articles",
        (first, second),
        (bench.quality(runs[0], split.rest, config.seed), bench.quality(runs[1], split.fit, config.seed)),
        bench.quality(lists, seed=config.seed),
    )


def halves(judgments: Judgments, stories: Mapping[str, str] | None, seed: int = 0) -> Split:
    """Two halves by chance: whole stories where there are some, else chains of links, else the judged articles.

    Links may join most of an archive to one chain (676 of the 754 judged articles of govblogs), and then nearly
    nothing is left beside it: where that is less than `LEAST`, each judged article goes by its own hash. An article
    may then be judged in one half and be an answer in the other; no judgment is in both.

    Raises:
        ConfigError: one part is empty.
    """
    if stories is not None:
        return by_story(judgments, 0.5, seed)
    try:
        split = by_story(judgments, 0.5, seed)
    except ConfigError:
        return _by_article(judgments, seed)
    smaller = min(len(split.fit), len(split.rest))
    return split if smaller >= LEAST * len(judgments) else _by_article(judgments, seed)


def _by_article(judgments: Judgments, seed: int) -> Split:
    first = {query for query in judgments.gains if _even(query, seed)}
    parts = judgments.only(first), judgments.only(set(judgments.gains) - first)
    if not all(map(len, parts)):
        raise ConfigError(f"{len(judgments)} judged articles are too few for two halves: judge more")
    return Split(*parts, f"judged articles by chance (seed {seed}), as one chain of links joins most of them")


def _even(query: str, seed: int) -> bool:
    """Depends on the article and the seed alone."""
    return hashlib.sha256(f"{seed}\0{query}".encode()).digest()[0] % 2 == 0


def _part(pool: Pool, part: Judgments) -> Pool:
    return pool.only([place for place, query in enumerate(pool.queries) if query in part.gains])
