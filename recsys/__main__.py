"""`python -m recsys`: ask a release about one article, as the service would."""

import logging
from pathlib import Path

import click

from recsys.program import Program


@click.group(cls=Program)
def main() -> None:
    """Ask a release about one article, as the service would."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")


@main.command()
@click.argument("article")
@click.argument("other")
@click.option("--releases", default="releases", show_default=True, type=click.Path(path_type=Path), help="Release, or"
              " the folder of releases.")  # fmt: skip
@click.option("--store", metavar="URL", help="Article store, for what the newsroom has said since; none else.")
@click.option("--weights", type=click.Path(path_type=Path), help="JSON file of weights.")
@click.option("-k", default=10, show_default=True, help="How long the lists are.")
def explain(article: str, other: str, releases: Path, store: str | None, weights: Path | None, k: int) -> None:
    """Tell why OTHER stands where it does in the lists of ARTICLE, or which filter removed it.

    \b
    Example:
      python -m recsys explain mc-bridge-01 mc-bridge-03 --store sqlite:///articles.db
    """
    from recsys.overlay import Overlay, follow
    from recsys.ranking import Weights
    from recsys.recommender import Recommender
    from recsys.release import Release

    release = Release.open(releases)
    overlay = Overlay.none_since(release.manifest.change)
    if store is not None:
        from recsys.store import ArticleStore

        overlay = follow(ArticleStore.open(store), overlay)
    chosen = Weights.read(weights) if weights else Weights()
    click.echo(Recommender(release, chosen, overlay).explain(article, other, k).text())


if __name__ == "__main__":
    main(prog_name="python -m recsys")
