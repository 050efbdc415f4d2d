"""`tune`: weights fitted to a newsroom's judgments, in a file that the service loads."""

from pathlib import Path

import click

from eval.asof import ANY_TIME, AsOf
from eval.evaluate import known
from eval.judgments import Judgments
from eval.options import AS_OF, PATH, RELEASES, SEED, WEIGHTS, judged, weights_of
from eval.tuning.fit import RANGES, FitConfig, fit
from eval.tuning.pool import Pool
from eval.tuning.split import by_story, by_time
from eval.tuning.tune import report, tune
from recsys.release import Release

TRIALS = click.option(
    "--trials", default=400, show_default=True, type=click.IntRange(1), help="How many weights a fit tries."
)
KEEP = click.option(
    "--keep",
    multiple=True,
    default=("later",),
    show_default=True,
    type=click.Choice([*RANGES, "nothing"]),
    help="Weight that no fit changes; may be repeated. Links and clicks know only the past, so `later` stays.",
)


@click.command("tune")
@RELEASES
@judged
@WEIGHTS
@AS_OF
@click.option("--out", required=True, type=PATH, help="The weights file to write.")
@click.option(
    "--split",
    default="time",
    show_default=True,
    type=click.Choice(["time", "story"]),
    help="Fit to the older judged articles, or to whole stories by chance; report on the others.",
)
@click.option("--share", default=0.5, show_default=True, type=click.FloatRange(0.05, 0.95), help="Part fitted to.")
@TRIALS
@KEEP
@click.option(
    "--refit/--no-refit",
    default=True,
    show_default=True,
    help="Write weights fitted to all judgments, by the way that was reported on; or those reported on.",
)
@SEED
def tune_command(
    releases: Path,
    judgments: Judgments,
    weights: Path | None,
    as_of: AsOf | None,
    out: Path,
    split: str,
    share: float,
    trials: int,
    keep: tuple[str, ...],
    refit: bool,
    seed: int,
) -> None:
    """Fit the weights to judgments: to one part of them, reported once on the rest; writes a file for the service.

    Example: python -m eval tune --releases var/demo/releases --links index/sample/links.tsv --out weights.json
    """
    release, when = Release.open(releases), as_of or ANY_TIME
    judgments = judgments.only(set(known(release, list(judgments.gains))))
    config = FitConfig(trials, seed, weights_of(weights), frozenset(keep) - {"nothing"})
    parted = by_time(release, judgments, share) if split == "time" else by_story(judgments, share, seed)
    found = tune(release, parted, config, when)
    click.echo(report(found))
    written = fit([Pool.of(release, judgments, when)], config) if refit else found.after
    written.write(out)
    what = "fitted to all of them in the same way" if refit else "the weights reported on"
    click.echo(f"\n{out}: {what}; `python -m service --weights {out}` serves with it")
