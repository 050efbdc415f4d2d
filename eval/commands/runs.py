"""`run` writes what our ranking answers to a file; `score` tells how good the lists of run files are."""

from collections.abc import Sequence
from pathlib import Path

import click

from eval.asof import ANY_TIME, AsOf
from eval.aspects import ASPECTS, Aspect, asked
from eval.beyond import table as aspect_table
from eval.evaluate import MEASURES, known, rank, run_table
from eval.judgments import Judgments, read_queries
from eval.leaks import leak_table, leaks
from eval.measures import Measure
from eval.options import AS_OF, AS_SERVED, PATH, RELEASES, RUNS, WEIGHTS, judged_if_given, no_judgments, weights_of
from eval.runfiles import read_run, write_run
from eval.runs import Run
from recsys.errors import ConfigError
from recsys.recommender import MAX_K
from recsys.release import Release
from recsys.variety import Variety

SEEN_FROM = click.option(
    "--releases", type=PATH, help="Release that the runs were made from, for coverage@10, ILD@10 … and its dates."
)


@click.command("run")
@RELEASES
@click.option("--queries", required=True, type=PATH, help="Tab-separated; its column article_id is asked.")
@click.option("--out", required=True, type=PATH, help="A name in .jsonl is JSON lines; else TREC.")
@click.option("--system", default="our ranking", show_default=True, help="What the run calls this ranking.")
@click.option("--k", default=MAX_K, show_default=True, type=click.IntRange(1, MAX_K), help="How long the lists are.")
@WEIGHTS
@AS_OF
@AS_SERVED
def run_command(
    releases: Path,
    queries: Path,
    out: Path,
    system: str,
    k: int,
    weights: Path | None,
    as_of: AsOf | None,
    variety: Variety,
) -> None:
    """Write what our ranking answers for every query article, to be scored as often as you like.

    Example: python -m eval run --releases var/demo/releases --queries index/sample/links.tsv --out ours.trec
    """
    release = Release.open(releases)
    articles = known(release, read_queries(queries))
    found = rank(release, articles, weights_of(weights), system, k, as_of=as_of or ANY_TIME, variety=variety)
    write_run(found, out)


@click.command("score")
@RUNS
@judged_if_given
@SEEN_FROM
@AS_OF
@click.option("--measure", "names", multiple=True, help="Such as nDCG@10, AP(rel=2)@100, ILD@10; may be repeated.")
def score_command(
    runs: tuple[Path, ...],
    names: tuple[str, ...],
    releases: Path | None,
    as_of: AsOf | None,
    judgments: Judgments | None,
) -> None:
    """The means of run files, ours or another tool's, without ranking again; judged articles that a run lacks count 0.

    With --releases also, or without judgments only, what the lists look like: coverage, hubness, diversity, age …
    With --as-of too, answers that were not yet published are listed, and the status is then 1.

    Example: python -m eval score --run ours.jsonl --links index/sample/links.tsv --releases var/demo/releases
    """
    if as_of and releases is None:
        raise click.UsageError("give --releases with --as-of: the release knows the dates")
    wanted = [asked(name) for name in names]
    measures = [one for one in wanted if isinstance(one, Measure)]
    aspects = [one for one in wanted if isinstance(one, Aspect)]
    found, tables = [read_run(path) for path in runs], []
    if measures or not (aspects or releases) or (not names and judgments):
        tables.append(_scores(found, judgments, measures or MEASURES))
    if aspects or (releases and not names):
        tables.append(aspect_table(found, seen_from(releases), aspects or ASPECTS))
    click.echo("\n\n".join(tables))
    if as_of:
        _check_leaks(found, seen_from(releases), as_of)


def seen_from(releases: Path | None) -> Release:
    """The release that runs are looked at from.

    Raises:
        UsageError: none is given.
    """
    if releases is None:
        raise click.UsageError("give --releases: what lists look like is told from the release they were made from")
    return Release.open(releases)


def _scores(runs: Sequence[Run], judgments: Judgments | None, measures: Sequence[Measure]) -> str:
    if judgments is None:
        raise no_judgments()
    return run_table(runs, judgments, measures)


def _check_leaks(found: Sequence[Run], release: Release, as_of: AsOf) -> None:
    leaking = []
    for run in found:
        late = leaks(run, release, as_of)
        click.echo(f"\n{leak_table(run, late)}")
        if late:
            leaking.append(run.system)
    if leaking:
        raise ConfigError(f"as of {as_of}, figures of {', '.join(leaking)} count answers that could not be known yet")
