"""`papers`: the whole job on real newspapers, what each stage costs, and every claim about the lists."""

from pathlib import Path

import click

from eval.commands.tune import KEEP, TRIALS
from eval.options import PATH, SEED, WEIGHTS, weights_of
from eval.papers.datasets import known_papers
from eval.papers.measure import PapersConfig, measure
from eval.papers.report import report
from eval.tuning.fit import FitConfig


@click.command("papers")
@click.option("--data", default="../shared/data", show_default=True, type=PATH, help="Folder of data sets.")
@click.option("--work", default="var/papers", show_default=True, type=PATH, help="Stores and releases go here.")
@click.option("--precision", default="float32", show_default=True, type=click.Choice(["float32", "bfloat16"]))
@click.option("--only", multiple=True, help="Name of a paper; may be given again. All that are found else.")
@click.option("--no-build", is_flag=True, help="Measure the releases that an earlier run left, at no cost of stages.")
@click.option("--leave-one-out", is_flag=True, help="Also fit weights to the other papers, for each paper.")
@click.option("--tune", is_flag=True, help="Also fit weights to half of a paper's judgments and test on the rest.")
@TRIALS
@KEEP
@WEIGHTS
@SEED
def papers_command(
    data: Path,
    work: Path,
    precision: str,
    only: tuple[str, ...],
    no_build: bool,
    leave_one_out: bool,
    tune: bool,
    trials: int,
    keep: tuple[str, ...],
    weights: Path | None,
    seed: int,
) -> None:
    """Ingest, build and serve real newspapers; print what each stage costs, how good the lists are, and each claim.

    Example: python -m eval papers --only govblogs --tune
    """
    papers = known_papers(data, work, only)
    if not papers:
        raise click.ClickException(f"no paper found under {data}{' named ' + ', '.join(only) if only else ''}")
    fit = FitConfig(trials, seed, weights_of(weights), frozenset(keep) - {"nothing"})
    click.echo(report(measure(papers, PapersConfig(work, fit, precision, no_build, leave_one_out, tune))))
