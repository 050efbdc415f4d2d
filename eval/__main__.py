"""`python -m eval`: how good the lists are."""

import logging
import sys
from pathlib import Path

import click

from eval.compare import CompareConfig, compare
from eval.compare import table as comparison_table
from eval.evaluate import MEASURES, evaluate, known, rank, run_table, systems, table
from eval.human import agreement, agreement_table, read_pairs, text_scorer
from eval.judgments import Judgments, read_queries
from eval.kinds import judged
from eval.links import links_in_bodies, write_links
from eval.measures import Measure
from eval.metrics import per_query
from eval.overlap import overlap
from eval.overlap import report as overlap_report
from eval.papers import known_papers, measure, report
from eval.runfiles import read_run, write_run
from recsys.errors import ConfigError, RecsysError
from recsys.ranking import Weights
from recsys.recommender import MAX_K, Recommender
from recsys.release import Release
from recsys.store import ArticleStore

_WEIGHTS = click.option(
    "--weights", type=click.Path(path_type=Path), help="JSON file of weights; the built-in ones else."
)


@click.group()
def main() -> None:
    """Evaluate rankings offline, with the very code that serves."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)


@main.command("evaluate")
@click.option("--releases", required=True, type=click.Path(path_type=Path), help="Folder of releases, or one release.")
@judged
@_WEIGHTS
def evaluate_command(releases: Path, judgments: Judgments, weights: Path | None) -> None:
    """nDCG@10, recall@10 and MRR of a release's lists against judgments, beside words alone and meaning alone.

    Example: python -m eval evaluate --releases var/demo/releases --links index/sample/links.tsv
    """
    ours = Weights.read(weights) if weights else Weights()
    click.echo(table(evaluate(Release.open(releases), judgments, systems(ours))))


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
def run_command(releases: Path, queries: Path, out: Path, system: str, k: int, weights: Path | None) -> None:
    """Write what our ranking answers for every query article, to be scored as often as you like.

    Example: python -m eval run --releases var/demo/releases --queries index/sample/links.tsv --out ours.trec
    """
    release = Release.open(releases)
    asked = known(release, read_queries(queries))
    write_run(rank(release, asked, Weights.read(weights) if weights else Weights(), system, k), out)


_RUNS = click.option(
    "--run", "runs", required=True, multiple=True, type=click.Path(path_type=Path), help="Run file; may be repeated."
)


@main.command("score")
@_RUNS
@judged
@click.option("--measure", "names", multiple=True, help="Such as nDCG@10, P@5, AP(rel=2)@100; may be repeated.")
def score_command(runs: tuple[Path, ...], names: tuple[str, ...], judgments: Judgments) -> None:
    """The means of run files, ours or another tool's, without ranking again; judged articles that a run lacks count 0.

    Example: python -m eval score --run ours.trec --links index/sample/links.tsv --measure nDCG@10
    """
    measures = [Measure.parse(name) for name in names] or MEASURES
    click.echo(run_table([read_run(path) for path in runs], judgments, measures))


@main.command("compare")
@_RUNS
@judged
@click.option("--measure", "name", default="nDCG@10", show_default=True, help="What is compared, query by query.")
@click.option("--baseline", help="System that the others are held against; all pairs else.")
@click.option("--alpha", default=0.05, show_default=True, help="Largest share of false wins, over all comparisons.")
@click.option("--seed", default=0, show_default=True, help="Same seed, same bytes.")
@click.option("--variants", type=int, help="How many systems were tried in all, also those not given here.")
def compare_command(
    runs: tuple[Path, ...],
    name: str,
    baseline: str | None,
    alpha: float,
    seed: int,
    variants: int | None,
    judgments: Judgments,
) -> None:
    """Whether one run is better than another: effect, interval, p after Holm, and what could have been found.

    Example: python -m eval compare --run ours.trec --run words.trec --links index/sample/links.tsv
    """
    chosen = Measure.parse(name)
    found = [read_run(path) for path in runs]
    by_system = {run.system: per_query(run, judgments, chosen) for run in found}
    if len(by_system) != len(found):
        raise ConfigError("two runs have the same system name; write them with different --system names")
    config = CompareConfig(alpha=alpha, seed=seed, variants=variants)
    click.echo(f"{chosen}, {judgments.source}\n\n{comparison_table(compare(by_system, baseline, config=config))}")


@main.command("links")
@click.option("--store", "url", required=True, help="The article store, such as sqlite:///articles.db.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="article_id, related_id, gain; with tabs.")
def links_command(url: str, out: Path) -> None:
    """Write the links that editors set in articles' bodies, as ingest found them, to a links file.

    Example: python -m eval links --store sqlite:///var/demo/articles.db --out body-links.tsv
    """
    found = links_in_bodies(ArticleStore.open(url))
    write_links(found, out)
    click.echo(f"{sum(map(len, found.gains.values()))} links in the bodies of {len(found)} articles")


@main.command("human")
@click.option("--releases", required=True, type=click.Path(path_type=Path), help="Folder of releases, or one release.")
@click.option(
    "--pairs",
    required=True,
    type=click.Path(path_type=Path),
    help="article_id, other_id, similarity, with tabs; .csv and .jsonl as in SemEval-2022 task 8.",
)
@click.option("--seed", default=0, show_default=True, help="Same seed, same bytes.")
@_WEIGHTS
def human_command(releases: Path, pairs: Path, seed: int, weights: Path | None) -> None:
    """How well our score of two texts agrees with what people said of pairs of articles (Spearman's correlation).

    Example: python -m eval human --releases releases --pairs pairs.tsv
    """
    release, asked = Release.open(releases), read_pairs(pairs)
    ours = Weights.read(weights) if weights else Weights()
    found = asked.only({article for pair in asked.pairs for article in pair if article in release})
    if len(found) < len(asked):
        click.echo(f"{len(asked) - len(found)} of {len(asked)} pairs are not in the release", err=True)
    by_system = {
        name: agreement(found, text_scorer(Recommender(release, chosen)), seed=seed)
        for name, chosen in systems(ours).items()
    }
    click.echo(agreement_table(by_system))


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
