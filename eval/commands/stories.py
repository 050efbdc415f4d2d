"""`stories`: a release's story groups against those that people made."""

from pathlib import Path
from typing import cast

import click

from eval.judged.stories import read_groups
from eval.options import PATH, RELEASES
from eval.stories import Half, agreements, report
from recsys.release import Release


@click.command("stories")
@RELEASES
@click.option("--stories", required=True, type=PATH, help="story, article_id; with tabs, or JSON lines.")
@click.option("--days", type=click.FloatRange(0), help="Ask only for articles of one story at most so far apart.")
@click.option(
    "--half",
    default="all",
    show_default=True,
    type=click.Choice(["all", "first", "second"]),
    help="Judge a half of the stories, so that settings can be chosen on the other.",
)
def stories_command(releases: Path, stories: Path, days: float | None, half: str) -> None:
    """Precision, recall and B-cubed of the groups that the night found, same text and same event.

    Example: python -m eval stories --releases releases --stories stories.tsv --days 3
    """
    click.echo(report(agreements(Release.open(releases), read_groups(stories), days, cast(Half, half))))
