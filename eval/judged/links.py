"""Links that editors set in the bodies of articles, as judgments; ingest keeps them in the article store."""

import csv
import io
from pathlib import Path

from eval.judgments import Judgments
from eval.trec import replace_text
from recsys.store import ArticleStore


def links_in_bodies(store: ArticleStore) -> Judgments:
    """Every link from the body of a usable article to another usable article, gain 1; source "links in bodies".

    Raises:
        StoreError: the store cannot be read.
    """
    gains: dict[str, dict[str, float]] = {}
    with store.snapshot() as snapshot:
        for article, related in snapshot.links():
            gains.setdefault(article, {})[related] = 1.0
    return Judgments(gains, "links in bodies")


def write_links(judgments: Judgments, path: Path) -> None:
    """Write judgments as a links file, which `read_links` reads: article_id, related_id, gain; tab-separated.

    Gains of 0 are left out, as a link has none.

    Raises:
        ConfigError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(("article_id", "related_id", "gain"))
    for article, known in judgments.gains.items():
        writer.writerows((article, related, f"{gain:g}") for related, gain in known.items() if gain > 0)
    replace_text(path, text.getvalue())
