"""`evaluate`: the figures of our ranking beside every baseline that can be made."""

from functools import partial
from pathlib import Path

import click

from eval.asof import ANY_TIME, AsOf
from eval.baselines import NEEDS_STORE, baselines
from eval.baselines.scoring import Baseline
from eval.baselines.texts import full_texts
from eval.evaluate import known, runs, scores, systems, table
from eval.judgments import Judgments, read_links
from eval.options import AS_OF, AS_SERVED, PATH, RELEASES, WEIGHTS, judged, weights_of
from eval.runfiles import kept
from recsys.embedding import load_embedder
from recsys.release import Release
from recsys.variety import Variety

STORE = click.option(
    "--store", help="URL of the article store that the release was built from; TF-IDF and BM25 need its texts."
)
POPULARITY = click.option(
    "--popularity", type=PATH, help="Links or clicks for the baseline `most linked`; the judgments else."
)
EMBED_TITLES = click.option(
    "--embed-titles", is_flag=True, help="Also the embedding of titles: loads the model, which takes a while."
)


@click.command("evaluate")
@RELEASES
@judged
@WEIGHTS
@AS_OF
@AS_SERVED
@STORE
@POPULARITY
@EMBED_TITLES
@click.option("--runs", "folder", type=PATH, help="Folder for the run of each system.")
def evaluate_command(
    releases: Path,
    judgments: Judgments,
    weights: Path | None,
    as_of: AsOf | None,
    variety: Variety,
    store: str | None,
    popularity: Path | None,
    embed_titles: bool,
    folder: Path | None,
) -> None:
    """nDCG@10, recall@10 and MRR of a release's lists against judgments, beside every baseline that can be made.

    Example: python -m eval evaluate --releases var/demo/releases --links index/sample/links.tsv
    """
    release, when = Release.open(releases), as_of or ANY_TIME
    beside = beside_us(release, popularity_of(popularity, judgments), store, embed_titles)
    queries = known(release, list(judgments.gains))
    found = runs(release, queries, systems(weights_of(weights)), beside, when, variety)
    click.echo(table(scores(release, judgments, kept(found, folder))))
    if as_of:
        click.echo(f"\nas of {as_of}: no answer of any system was published later")
    if store is None:
        click.echo(f"\nleft out, for they need the texts of --store: {', '.join(NEEDS_STORE)}")


def popularity_of(path: Path | None, judgments: Judgments) -> Judgments:
    """What "most linked" counts."""
    return read_links(path, "popularity") if path else judgments


def beside_us(
    release: Release, popularity: Judgments, store: str | None, embed_titles: bool, seed: int = 0
) -> tuple[Baseline, ...]:
    """The baselines that can be made from what the options give."""
    from recsys.store import ArticleStore  # loads a database's library

    texts = full_texts(ArticleStore.open(store)) if store else None
    titles = partial(load_embedder, release.manifest.model.name) if embed_titles else None
    return baselines(texts, popularity, titles, seed)
