"""`compare`: whether one run is better than another."""

from collections.abc import Sequence
from pathlib import Path

import click

from eval.aspects import Aspect, asked
from eval.beyond import per_query as look
from eval.beyond.shown import Shown
from eval.clusters import story_clusters
from eval.commands.runs import SEEN_FROM, seen_from
from eval.compare import CompareConfig, compare, table
from eval.judgments import Judgments
from eval.measures import Measure
from eval.metrics import per_query
from eval.options import ALPHA, RUNS, SEED, judged_if_given, no_judgments
from eval.pairing import ByQuery, in_common
from eval.runfiles import read_run
from eval.runs import Run
from recsys.errors import ConfigError


@click.command("compare")
@RUNS
@judged_if_given
@SEEN_FROM
@click.option("--measure", "name", default="nDCG@10", show_default=True, help="What is compared, query by query.")
@click.option("--baseline", help="System that the others are held against; all pairs else.")
@ALPHA
@SEED
@click.option("--variants", type=int, help="How many systems were tried in all, also those not given here.")
def compare_command(
    runs: tuple[Path, ...],
    name: str,
    releases: Path | None,
    baseline: str | None,
    alpha: float,
    seed: int,
    variants: int | None,
    judgments: Judgments | None,
) -> None:
    """Whether one run is better than another: effect, interval, p after Holm, and what could have been found.

    Example: python -m eval compare --run ours.trec --run words.trec --links index/sample/links.tsv
    """
    chosen, found = asked(name), [read_run(path) for path in runs]
    by_system, source = _by_query(found, chosen, releases, judgments)
    if len(by_system) != len(found):
        raise ConfigError("two runs have the same system name; write them with different --system names")
    config = CompareConfig(alpha=alpha, seed=seed, variants=variants)
    common = in_common(by_system)
    clusters = story_clusters(judgments) if judgments and isinstance(chosen, Measure) else None
    left_out = len(set().union(*by_system.values())) - len(next(iter(common.values())))
    note = f"; {left_out} queries left out, for which not every run has a value" if left_out else ""
    click.echo(f"{chosen}, {source}{note}\n\n{table(compare(common, baseline, clusters=clusters, config=config))}")


def _by_query(
    runs: Sequence[Run], chosen: Measure | Aspect, releases: Path | None, judgments: Judgments | None
) -> tuple[dict[str, ByQuery], str]:
    """What each system has for each query, and what it is measured with."""
    if isinstance(chosen, Aspect):
        release = seen_from(releases)
        return {run.system: look(Shown.of(run, release), chosen) for run in runs}, release.id
    if judgments is None:
        raise no_judgments()
    return {run.system: per_query(run, judgments, chosen) for run in runs}, judgments.source
