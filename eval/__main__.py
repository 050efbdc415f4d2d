"""`python -m eval`: how good the lists are."""

import logging
import sys
from pathlib import Path

import click

from eval.evaluate import evaluate, systems, table
from eval.judgments import read_links
from eval.overlap import overlap
from eval.overlap import report as overlap_report
from eval.papers import known_papers, measure, report
from recsys.errors import RecsysError
from recsys.ranking import Weights
from recsys.release import Release

_WEIGHTS = click.option(
    "--weights", type=click.Path(path_type=Path), help="JSON file of weights; the built-in ones else."
)


@click.group()
def main() -> None:
    """Evaluate rankings offline, with the very code that serves."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)


@main.command("evaluate")
@click.option("--releases", required=True, type=click.Path(path_type=Path), help="Folder of releases, or one release.")
@click.option(
    "--links", required=True, type=click.Path(path_type=Path), help="article_id, related_id, gain; tab-separated."
)
@_WEIGHTS
def evaluate_command(releases: Path, links: Path, weights: Path | None) -> None:
    """Recall@10 and MRR of a release's lists against editors' links, beside words alone and meaning alone.

    Example: python -m eval evaluate --releases var/demo/releases --links index/sample/links.tsv
    """
    ours = Weights.read(weights) if weights else Weights()
    click.echo(table(evaluate(Release.open(releases), read_links(links), systems(ours))))


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
