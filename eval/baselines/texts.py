"""The texts that baselines read: as the newspaper printed them, without any cleaning of ours."""

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from recsys.articles import Article
from recsys.errors import ConfigError
from recsys.progress import track
from recsys.release import Release

if TYPE_CHECKING:
    from recsys.store import ArticleStore

Texts = Callable[[Release], list[str]]
"""One text for each row of a release."""

log = logging.getLogger(__name__)


def titles(release: Release) -> list[str]:
    """The title of each row, which the release itself holds."""
    return [release.card(row).title for row in range(len(release))]


def full_texts(store: "ArticleStore") -> Texts:
    """Title, standfirst and body of each row, one a line, from the article store; lines that recur stay in.

    What it returns raises ConfigError where the release is of another store, or the store lacks an article of it. It
    also gives the text of articles that were taken down since, for the release has them.
    """
    return partial(_full_texts, store)


def _full_texts(store: "ArticleStore", release: Release) -> list[str]:
    if store.identity() != release.manifest.store:
        raise ConfigError(f"{release} was built from another article store: give the one that it was built from")
    if (now := store.change()) != release.manifest.change:
        log.warning("the store has changed since %s was built (change %d, then %d): texts are today's", release.id, now,
                    release.manifest.change)  # fmt: skip
    found: list[str | None] = [None] * len(release)
    with store.snapshot() as snapshot:
        for article in track(snapshot.articles(None), "read texts"):
            for row in release.rows([article.id]):
                found[row] = _text(article)
    missing = [release.ids[row] for row in np.flatnonzero(release.present).tolist() if found[row] is None]
    if missing:
        raise ConfigError(f"the store lacks {len(missing)} articles of {release}, such as {missing[0]!r}")
    return [text or "" for text in found]


def _text(article: Article) -> str:
    return "\n".join(part for part in (article.title, article.standfirst, article.body) if part)
