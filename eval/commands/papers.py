"""`papers`: the whole job on real newspapers, and what each stage costs."""

from pathlib import Path

import click

from eval.options import PATH, WEIGHTS, weights_of
from eval.papers import known_papers, measure, report


@click.command("papers")
@click.option("--data", default="../shared/data", show_default=True, type=PATH, help="Folder of data sets.")
@click.option("--work", default="var/papers", show_default=True, type=PATH, help="Stores and releases go here.")
@click.option("--precision", default="float32", show_default=True, type=click.Choice(["float32", "bfloat16"]))
@click.option("--only", multiple=True, help="Name of a paper; may be given again. All that are found else.")
@WEIGHTS
def papers_command(data: Path, work: Path, precision: str, only: tuple[str, ...], weights: Path | None) -> None:
    """Ingest, build and serve real newspapers, and print the cost of each stage and the quality of the lists."""
    papers = [paper for paper in known_papers(data) if not only or paper.name in only]
    if not papers:
        raise click.ClickException(f"no paper found under {data}{' named ' + ', '.join(only) if only else ''}")
    click.echo(report([measure(paper, work, weights_of(weights), precision) for paper in papers]))
