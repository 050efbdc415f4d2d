"""Vectors for what was written into the store since the night, whoever wrote it: they are then there for all services.

The text of a vector is without the lines that the current release found to be boilerplate. One article cannot tell
which these are, and the next night will leave out nearly the same ones, so that it need not embed the text again.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from index.embed import embed_missing
from recsys.articles import Article, Status
from recsys.embedding import Embedder
from recsys.errors import NoRelease, ReleaseError
from recsys.release import Release, current_id
from recsys.store import ArticleStore
from recsys.text import NO_BOILERPLATE, Boilerplate

log = logging.getLogger(__name__)
_SHOWN = (Status.USABLE, Status.WITHHELD)  # what is taken down for good needs none
PAGE = 200  # changes in one step


class NewVectors:
    """Embeds what has changed.

    Attributes:
        upto: changes up to this number have their vectors.

    Args:
        store: where articles and vectors are.
        releases: the folder of releases, for the boilerplate of the current one.
        load: makes the embedder, when it is first needed.
        upto: where to begin; None for the current release's change, and where there is no release, the store's last.
    """

    def __init__(
        self, store: ArticleStore, releases: Path, load: Callable[[], Embedder], upto: int | None = None
    ) -> None:
        self._store, self._releases, self._load = store, releases, load
        self._embedder: Embedder | None = None
        self._release, self._boilerplate = "", NO_BOILERPLATE
        self.upto = self._beginning() if upto is None else upto

    def step(self) -> tuple[int, bool]:
        """(texts embedded, whether there is more to do) of at most `PAGE` changes.

        Raises StoreError, ModelError, MissingExtra; what was embedded before is kept, and it can be asked again.
        """
        changes = self._store.changes_after(self.upto, PAGE)
        if not changes:
            return 0, False
        wanted = [change.id for change in changes if change.status in _SHOWN]
        articles = [article for key in wanted if (article := self._store.get(key)) is not None]
        embedded = self._embed(articles) if articles else 0
        self.upto = changes[-1].change
        return embedded, len(changes) == PAGE

    def _embed(self, articles: list[Article]) -> int:
        if self._embedder is None:
            self._embedder = self._load()
        return embed_missing(self._store, articles, self._embedder, self._lines()).embedded

    def _beginning(self) -> int:
        release = self._opened()
        last = self._store.change()
        return last if release is None or release.manifest.store != self._store.identity() else release.manifest.change

    def _lines(self) -> Boilerplate:
        """Those of the current release, read again when it is another."""
        try:
            name = current_id(self._releases)
        except ReleaseError:
            return self._boilerplate
        if name != self._release:
            release = self._opened()
            if release is not None:
                self._boilerplate = Boilerplate(release.report["boilerplate"]["lines"])
                self._warn(release)
            self._release = name
        return self._boilerplate

    def _warn(self, release: Release) -> None:
        assert self._embedder is not None
        if release.manifest.model.fingerprint != self._embedder.fingerprint:
            log.warning(
                "release %s was made with the model %s, not with %s: vectors made here wait for a night with theirs",
                release.id,
                release.manifest.model.name,
                self._embedder.name,
            )

    def _opened(self) -> Release | None:
        try:
            return Release.open(self._releases, verify=False)
        except NoRelease:
            return None
        except ReleaseError as error:
            log.warning("no boilerplate is known: %s", error)
            return None
