"""`links` writes editors' links from the store to a file; `human` holds our score against what people said of pairs."""

from pathlib import Path

import click

from eval.evaluate import systems
from eval.judged.human import agreement, agreement_table, read_pairs, text_scorer
from eval.judged.links import links_in_bodies, write_links
from eval.options import PATH, RELEASES, SEED, WEIGHTS, weights_of
from recsys.recommender import Recommender
from recsys.release import Release


@click.command("links")
@click.option("--store", "url", required=True, help="The article store, such as sqlite:///articles.db.")
@click.option("--out", required=True, type=PATH, help="article_id, related_id, gain; with tabs.")
def links_command(url: str, out: Path) -> None:
    """Write the links that editors set in articles' bodies, as ingest found them, to a links file.

    Example: python -m eval links --store sqlite:///var/demo/articles.db --out body-links.tsv
    """
    from recsys.store import ArticleStore  # loads a database's library

    found = links_in_bodies(ArticleStore.open(url))
    write_links(found, out)
    click.echo(f"{sum(map(len, found.gains.values()))} links in the bodies of {len(found)} articles")


@click.command("human")
@RELEASES
@click.option(
    "--pairs",
    required=True,
    type=PATH,
    help="article_id, other_id, similarity, with tabs; .csv and .jsonl as in SemEval-2022 task 8.",
)
@SEED
@WEIGHTS
def human_command(releases: Path, pairs: Path, seed: int, weights: Path | None) -> None:
    """How well our score of two texts agrees with what people said of pairs of articles (Spearman's correlation).

    Example: python -m eval human --releases releases --pairs pairs.tsv
    """
    release, asked = Release.open(releases), read_pairs(pairs)
    found = asked.only({article for pair in asked.pairs for article in pair if article in release})
    if len(found) < len(asked):
        click.echo(f"{len(asked) - len(found)} of {len(asked)} pairs are not in the release", err=True)
    by_system = {
        name: agreement(found, text_scorer(Recommender(release, chosen)), seed=seed)
        for name, chosen in systems(weights_of(weights)).items()
    }
    click.echo(agreement_table(by_system))
