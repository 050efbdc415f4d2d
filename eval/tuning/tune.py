"""Fit weights to one part of the judgments and report once on the rest."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from eval.asof import ANY_TIME, AsOf
from eval.clusters import story_clusters
from eval.compare import CompareConfig, Comparison, compare
from eval.compare import table as comparison_table
from eval.evaluate import Score, rank, scores, systems, table
from eval.measures import Measure
from eval.metrics import per_query
from eval.tuning.fit import FitConfig, fit
from eval.tuning.pool import CUTOFF, Pool
from eval.tuning.split import Split
from recsys.ranking import Weights
from recsys.release import Release

MEASURE = Measure("nDCG", CUTOFF)
BEFORE, AFTER = "before tuning", "after tuning"


@dataclass(frozen=True, slots=True)
class Tuned:
    """What tuning found, and how good it is where it did not look.

    Attributes:
        before: the weights that it started from; after: those fitted to the first part.
        split: the two parts.
        scores: every system's figures on the rest, asked once, of the recommender that serves.
        comparison: after against before on the rest, by nDCG@10.
    """

    before: Weights
    after: Weights
    split: Split
    scores: tuple[Score, ...]
    comparison: Comparison


def tune(release: Release, split: Split, config: FitConfig, as_of: AsOf = ANY_TIME) -> Tuned:
    """Fit to `split.fit`, then ask the recommender once for the lists of `split.rest`.

    Raises:
        ConfigError: a part has no article with candidates, or too few for an interval.
    """
    after = fit([Pool.of(release, split.fit, as_of)], config)
    beside = {name: weights for name, weights in systems(after).items() if weights != after}
    by_name = {**beside, BEFORE: config.start, AFTER: after}
    queries = list(split.rest.gains)
    runs = [rank(release, queries, weights, name, as_of=as_of) for name, weights in by_name.items()]
    figures = {run.system: per_query(run, split.rest, MEASURE) for run in runs if run.system in (BEFORE, AFTER)}
    clusters = story_clusters(split.rest)  # articles of one story are no independent evidence, here as in `compare`
    (comparison,) = compare(figures, BEFORE, clusters=clusters, config=CompareConfig(seed=config.seed))
    return Tuned(config.start, after, split, tuple(scores(release, split.rest, runs)), comparison)


def report(tuned: Tuned) -> str:
    """Markdown: how the judgments were parted, the figures on the rest, and each weight that changed."""
    split = tuned.split
    lines = [
        f"{split.fit.source}, {split.rule}: fitted to {len(split.fit)} articles, reported once on {len(split.rest)}.",
        "",
        table(tuned.scores),
        "",
        comparison_table([tuned.comparison]),
        "",
        "| weight | before | after |",
        "|---|---:|---:|",
        *_changes(tuned),
    ]
    return "\n".join(lines)


def _changes(tuned: Tuned) -> Iterator[str]:
    before, after = asdict(tuned.before), asdict(tuned.after)
    for name, value in before.items():
        if after[name] != value:
            yield f"| {name} | {value:g} | {after[name]:g} |"
