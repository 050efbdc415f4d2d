"""All baselines that stand beside us in every report, as far as they can be made from what is given."""

from collections.abc import Callable

from eval.baselines.bm25 import bm25
from eval.baselines.metadata import NEWEST_IN_SECTION, SAME_AUTHOR, random
from eval.baselines.nearest import EMBEDDING, title_meaning
from eval.baselines.popularity import most_linked
from eval.baselines.scoring import Baseline
from eval.baselines.texts import Texts, titles
from eval.baselines.tfidf import tfidf
from eval.judgments import Judgments
from recsys.embedding import Embedder

TITLES = (tfidf("TF-IDF of titles", titles), bm25("BM25 of titles", titles))
NEEDS_STORE = ("TF-IDF", "BM25")


def baselines(
    texts: Texts | None = None,
    popularity: Judgments | None = None,
    title_embedder: Callable[[], Embedder] | None = None,
    seed: int = 0,
) -> tuple[Baseline, ...]:
    """The baselines, weakest idea first.

    Args:
        texts: full texts, for TF-IDF and BM25 (`eval.baselines.texts.full_texts`); the titles are in the release.
        popularity: links or clicks, for "most linked".
        title_embedder: loads the model that embeds the titles, for "embedding of titles"; slow.
        seed: of "random".
    """
    found = [random(seed), NEWEST_IN_SECTION, SAME_AUTHOR]
    if popularity is not None:
        found.append(most_linked(popularity))
    found.extend(TITLES)
    if title_embedder is not None:
        found.append(title_meaning(title_embedder))
    if texts is not None:
        found.extend(make(name, texts) for make, name in zip((tfidf, bm25), NEEDS_STORE, strict=True))
    return (*found, EMBEDDING)
