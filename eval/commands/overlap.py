"""`overlap`: a new release's lists beside the old one's."""

from pathlib import Path

import click

from eval.options import PATH, WEIGHTS
from eval.overlap import overlap, report
from recsys.ranking import Weights
from recsys.release import Release


@click.command("overlap")
@click.option("--old", required=True, type=PATH, help="The release that serves now.")
@click.option("--new", required=True, type=PATH, help="The release that shall serve.")
@click.option("--k", default=10, show_default=True, help="Length of the lists.")
@click.option("--sample", default=500, show_default=True, help="How many articles to ask for.")
@click.option("--show", default=10, show_default=True, help="How many of the most changed lists to print.")
@click.option("--seed", default=0, show_default=True, help="Which articles are asked for.")
@WEIGHTS
def overlap_command(old: Path, new: Path, k: int, sample: int, show: int, seed: int, weights: Path | None) -> None:
    """How far two releases' lists agree, and which changed most; look at it before you switch.

    Example: python -m eval overlap --old releases/20260301T021500250Z-9f2c41d7 --new releases
    """
    ours = Weights.read(weights) if weights else None
    found = overlap(Release.open(old), Release.open(new), k, sample, seed, ours)
    click.echo(report(found, show))
