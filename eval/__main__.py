"""`python -m eval`: how good the lists are."""

import logging
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import click

from eval.asof import ANY_TIME, AsOf
from eval.aspects import ASPECTS, Aspect, asked
from eval.baselines import NEEDS_STORE, baselines
from eval.beyond import per_query as look
from eval.beyond import table as aspect_table
from eval.compare import CompareConfig, compare
from eval.compare import table as comparison_table
from eval.evaluate import MEASURES, known, rank, run_table, runs, scores, systems, table
from eval.judgments import Judgments, read_links, read_queries, read_stories
from eval.leaks import leak_table, leaks
from eval.measures import Measure
from eval.metrics import per_query
from eval.options import AS_OF
from eval.overlap import overlap
from eval.overlap import report as overlap_report
from eval.pairing import in_common
from eval.papers import known_papers, measure, report
from eval.runfiles import kept, read_run, write_run
from eval.runs import Run
from eval.scoring import Baseline
from eval.shown import Shown
from eval.texts import full_texts
from eval.trec import read_qrels
from recsys.embedding import load_embedder
from recsys.errors import ConfigError, RecsysError
from recsys.ranking import Weights
from recsys.recommender import MAX_K
from recsys.release import Release

_WEIGHTS = click.option(
    "--weights", type=click.Path(path_type=Path), help="JSON file of weights; the built-in ones else."
)


@click.group()
def main() -> None:
    """Evaluate rankings offline, with the very code that serves."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("faiss").setLevel(logging.WARNING)  # it tells of every processor that it does not find


@main.command("evaluate")
@click.option("--releases", required=True, type=click.Path(path_type=Path), help="Folder of releases, or one release.")
@click.option(
    "--links", required=True, type=click.Path(path_type=Path), help="article_id, related_id, gain; tab-separated."
)
@_WEIGHTS
@AS_OF
@click.option(
    "--store", help="URL of the article store that the release was built from; TF-IDF and BM25 need its texts."
)
@click.option(
    "--popularity",
    type=click.Path(path_type=Path),
    help="Links or clicks for the baseline `most linked`; --links else.",
)
@click.option(
    "--embed-titles", is_flag=True, help="Also the embedding of titles: loads the model, which takes a while."
)
@click.option("--runs", "folder", type=click.Path(path_type=Path), help="Folder for the run of each system.")
def evaluate_command(
    releases: Path,
    links: Path,
    weights: Path | None,
    as_of: AsOf | None,
    store: str | None,
    popularity: Path | None,
    embed_titles: bool,
    folder: Path | None,
) -> None:
    """nDCG@10, recall@10 and MRR of a release's lists against editors' links, beside every baseline that can be made.

    Example: python -m eval evaluate --releases var/demo/releases --links index/sample/links.tsv
    """
    release, judgments, when = Release.open(releases), read_links(links), as_of or ANY_TIME
    liked = read_links(popularity, "popularity") if popularity else judgments
    beside = _baselines(release, liked, store, embed_titles)
    ours = systems(Weights.read(weights) if weights else Weights())
    found = runs(release, known(release, list(judgments.gains)), ours, beside, when)
    click.echo(table(scores(release, judgments, kept(found, folder))))
    if as_of:
        click.echo(f"\nas of {as_of}: no answer of any system was published later")
    if store is None:
        click.echo(f"\nleft out, for they need the texts of --store: {', '.join(NEEDS_STORE)}")


def _baselines(release: Release, popularity: Judgments, store: str | None, embed_titles: bool) -> tuple[Baseline, ...]:
    from recsys.store import ArticleStore  # loads a database's library

    texts = full_texts(ArticleStore.open(store)) if store else None
    return baselines(texts, popularity, partial(load_embedder, release.manifest.model.name) if embed_titles else None)


@main.command("run")
@click.option("--releases", required=True, type=click.Path(path_type=Path), help="Folder of releases, or one release.")
@click.option(
    "--queries", required=True, type=click.Path(path_type=Path), help="Tab-separated; its column article_id is asked."
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="A name in .jsonl is JSON lines; else TREC."
)
@click.option("--system", default="our ranking", show_default=True, help="What the run calls this ranking.")
@click.option("--k", default=MAX_K, show_default=True, type=click.IntRange(1, MAX_K), help="How long the lists are.")
@_WEIGHTS
@AS_OF
def run_command(
    releases: Path, queries: Path, out: Path, system: str, k: int, weights: Path | None, as_of: AsOf | None
) -> None:
    """Write what our ranking answers for every query article, to be scored as often as you like.

    Example: python -m eval run --releases var/demo/releases --queries index/sample/links.tsv --out ours.trec
    """
    release = Release.open(releases)
    asked = known(release, read_queries(queries))
    ours = Weights.read(weights) if weights else Weights()
    write_run(rank(release, asked, ours, system, k, as_of=as_of or ANY_TIME), out)


_RUNS = click.option(
    "--run", "runs", required=True, multiple=True, type=click.Path(path_type=Path), help="Run file; may be repeated."
)


def _judged(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that reads judgments."""
    links = click.option("--links", type=click.Path(path_type=Path), help="article_id, related_id, gain; with tabs.")
    stories = click.option("--stories", type=click.Path(path_type=Path), help="story, article_id; tab-separated.")
    qrels = click.option("--qrels", type=click.Path(path_type=Path), help="Judgments in the format of TREC.")
    return links(stories(qrels(command)))


_SEEN_FROM = click.option(
    "--releases",
    type=click.Path(path_type=Path),
    help="Release that the runs were made from, for coverage@10, ILD@10 …",
)


@main.command("score")
@_RUNS
@_judged
@_SEEN_FROM
@AS_OF
@click.option("--measure", "names", multiple=True, help="Such as nDCG@10, AP(rel=2)@100, ILD@10; may be repeated.")
def score_command(
    runs: tuple[Path, ...], names: tuple[str, ...], releases: Path | None, as_of: AsOf | None, **judged: Path | None
) -> None:
    """The means of run files, ours or another tool's, without ranking again; judged articles that a run lacks count 0.

    With --releases also, or without judgments only, what the lists look like: coverage, hubness, diversity, age …
    With --as-of too, answers that were not yet published are listed, and the status is then 1.

    Example: python -m eval score --run ours.jsonl --links index/sample/links.tsv --releases var/demo/releases
    """
    if as_of and releases is None:
        raise click.UsageError("--as-of needs --releases: the release knows the dates")
    wanted = [asked(name) for name in names]
    measures = [one for one in wanted if isinstance(one, Measure)]
    aspects = [one for one in wanted if isinstance(one, Aspect)]
    found, tables = [read_run(path) for path in runs], []
    if measures or not (aspects or releases) or (not names and any(judged.values())):
        tables.append(run_table(found, _judgments(**judged), measures or MEASURES))
    if aspects or (releases and not names):
        tables.append(aspect_table(found, _release(releases), aspects or ASPECTS))
    click.echo("\n\n".join(tables))
    if as_of:
        _check_leaks(found, _release(releases), as_of)


def _check_leaks(found: Iterable[Run], release: Release, as_of: AsOf) -> None:
    leaking = []
    for run in found:
        late = leaks(run, release, as_of)
        click.echo(f"\n{leak_table(run, late)}")
        if late:
            leaking.append(run.system)
    if leaking:
        raise ConfigError(f"as of {as_of}, figures of {', '.join(leaking)} count answers that could not be known yet")


@main.command("compare")
@_RUNS
@_judged
@_SEEN_FROM
@click.option("--measure", "name", default="nDCG@10", show_default=True, help="What is compared, query by query.")
@click.option("--baseline", help="System that the others are held against; all pairs else.")
@click.option("--alpha", default=0.05, show_default=True, help="Largest share of false wins, over all comparisons.")
@click.option("--seed", default=0, show_default=True, help="Same seed, same bytes.")
@click.option("--variants", type=int, help="How many systems were tried in all, also those not given here.")
def compare_command(
    runs: tuple[Path, ...],
    name: str,
    releases: Path | None,
    baseline: str | None,
    alpha: float,
    seed: int,
    variants: int | None,
    **judged: Path | None,
) -> None:
    """Whether one run is better than another: effect, interval, p after Holm, and what could have been found.

    Example: python -m eval compare --run ours.trec --run words.trec --links index/sample/links.tsv
    """
    chosen, found = asked(name), [read_run(path) for path in runs]
    if isinstance(chosen, Aspect):
        release = _release(releases)
        by_system, source = {run.system: look(Shown.of(run, release), chosen) for run in found}, release.id
    else:
        judgments = _judgments(**judged)
        by_system, source = {run.system: per_query(run, judgments, chosen) for run in found}, judgments.source
    if len(by_system) != len(found):
        raise ConfigError("two runs have the same system name; write them with different --system names")
    config = CompareConfig(alpha=alpha, seed=seed, variants=variants)
    common = in_common(by_system)
    left_out = len(set().union(*by_system.values())) - len(next(iter(common.values())))
    note = f"; {left_out} queries left out, for which not every run has a value" if left_out else ""
    click.echo(f"{chosen}, {source}{note}\n\n{comparison_table(compare(common, baseline, config=config))}")


def _release(releases: Path | None) -> Release:
    if releases is None:
        raise click.UsageError("give --releases: what lists look like is told from the release they were made from")
    return Release.open(releases)


def _judgments(links: Path | None, stories: Path | None, qrels: Path | None) -> Judgments:
    given = [(path, read) for path, read in ((links, read_links), (stories, read_stories), (qrels, read_qrels)) if path]
    if len(given) != 1:
        raise click.UsageError("give one of --links, --stories and --qrels")
    path, read = given[0]
    return read(path)


@main.command("papers")
@click.option(
    "--data", default="../shared/data", show_default=True, type=click.Path(path_type=Path), help="Folder of data sets."
)
@click.option(
    "--work",
    default="var/papers",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Stores and releases go here.",
)
@click.option("--precision", default="float32", show_default=True, type=click.Choice(["float32", "bfloat16"]))
@click.option("--only", multiple=True, help="Name of a paper; may be given again. All that are found else.")
@_WEIGHTS
def papers_command(data: Path, work: Path, precision: str, only: tuple[str, ...], weights: Path | None) -> None:
    """Ingest, build and serve real newspapers, and print the cost of each stage and the quality of the lists."""
    papers = [paper for paper in known_papers(data) if not only or paper.name in only]
    if not papers:
        raise click.ClickException(f"no paper found under {data}{' named ' + ', '.join(only) if only else ''}")
    ours = Weights.read(weights) if weights else Weights()
    click.echo(report([measure(paper, work, ours, precision) for paper in papers]))


@main.command("overlap")
@click.option("--old", required=True, type=click.Path(path_type=Path), help="The release that serves now.")
@click.option("--new", required=True, type=click.Path(path_type=Path), help="The release that shall serve.")
@click.option("--k", default=10, show_default=True, help="Length of the lists.")
@click.option("--sample", default=500, show_default=True, help="How many articles to ask for.")
@click.option("--show", default=10, show_default=True, help="How many of the most changed lists to print.")
@click.option("--seed", default=0, show_default=True, help="Which articles are asked for.")
@_WEIGHTS
def overlap_command(old: Path, new: Path, k: int, sample: int, show: int, seed: int, weights: Path | None) -> None:
    """How far two releases' lists agree, and which changed most; look at it before you switch.

    Example: python -m eval overlap --old releases/20260301T021500250Z-9f2c41d7 --new releases
    """
    ours = Weights.read(weights) if weights else None
    found = overlap(Release.open(old), Release.open(new), k, sample, seed, ours)
    click.echo(overlap_report(found, show))


def run() -> None:
    """Run the program; an error that has a name ends it with one line and status 1."""
    try:
        main(prog_name="python -m eval")
    except RecsysError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
