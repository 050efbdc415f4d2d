"""`report`: everything that is measured, in one folder."""

from importlib.util import find_spec
from pathlib import Path

import click

from eval.asof import ANY_TIME, AsOf
from eval.baselines import NEEDS_STORE
from eval.commands.evaluate import EMBED_TITLES, POPULARITY, STORE, beside_us, popularity_of
from eval.compare import CompareConfig
from eval.evaluate import OURS, known, runs, systems
from eval.judgments import Judgments
from eval.measures import Measure
from eval.options import ALPHA, AS_OF, PATH, RELEASES, SEED, judged
from recsys.errors import ConfigError, MissingExtra
from recsys.ranking import Weights
from recsys.release import Release


@click.command("report")
@RELEASES
@judged
@click.option("--out", required=True, type=PATH, help="A new folder for the page, JSON, LaTeX tables and run files.")
@click.option("--weights", multiple=True, type=PATH, help="JSON file of weights, beside the built-in ones; repeatable.")
@AS_OF
@STORE
@POPULARITY
@EMBED_TITLES
@click.option("--measure", default="nDCG@10", show_default=True, help="What systems are compared by.")
@click.option("--baseline", help="System that all are held against; the best of the baselines else.")
@click.option("--system", default=OURS, show_default=True, help="System whose wins and losses are shown.")
@click.option("--show", default=5, show_default=True, type=click.IntRange(0), help="Lists side by side, of each kind.")
@ALPHA
@SEED
@click.option("--variants", type=int, help="How many systems were tried in all, also those not given here.")
@click.option("--title", default="", help="Of the page.")
@click.option("--date", default="", help="Printed as given; without it the same input gives the same bytes.")
def report_command(
    releases: Path,
    judgments: Judgments,
    out: Path,
    weights: tuple[Path, ...],
    as_of: AsOf | None,
    store: str | None,
    popularity: Path | None,
    embed_titles: bool,
    measure: str,
    baseline: str | None,
    system: str,
    show: int,
    alpha: float,
    seed: int,
    variants: int | None,
    title: str,
    date: str,
) -> None:
    """One page to read, with tables, plots and lists side by side, and everything in it as JSON, LaTeX and run files.

    Example: python -m eval report --releases var/demo/releases --links index/sample/links.tsv --out report
    """
    from eval.report.config import ReportConfig
    from eval.report.document import Origin
    from eval.report.folder import write_report

    _check_extra()
    release, when = Release.open(releases), as_of or ANY_TIME
    compared = CompareConfig(alpha=alpha, seed=seed, variants=variants)
    config = ReportConfig(Measure.parse(measure), system, baseline, compared, when, show, title, date)
    queries = known(release, list(judgments.gains))
    asked = judgments.only(set(queries))
    ours = systems(Weights()) | _named(weights)
    beside = beside_us(release, popularity_of(popularity, judgments), store, embed_titles, seed)
    left_out = [f"{name}: needs the texts of --store" for name in NEEDS_STORE] if store is None else []
    origin = Origin(release, asked, len(judgments) - len(asked), ours, left_out)
    found = runs(release, queries, ours, beside, when)
    click.echo(write_report(found, tuple(ours), origin, config, out, total=len(ours) + len(beside)))


def _named(paths: tuple[Path, ...]) -> dict[str, Weights]:
    """The weights of each file, called as the file without its ending."""
    found: dict[str, Weights] = {}
    for path in paths:
        if path.stem in found or path.stem in systems(Weights()):
            raise ConfigError(f"{path}: there is a system {path.stem!r} already; rename the file")
        found[path.stem] = Weights.read(path)
    return found


def _check_extra() -> None:
    """Fail at once, not after the ranking."""
    if missing := [name for name in ("jinja2", "matplotlib") if find_spec(name) is None]:
        raise MissingExtra(f"a report needs {' and '.join(missing)}: pip install 'news-recsys[eval]'")
