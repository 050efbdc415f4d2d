"""Articles published or changed since the night: measured in a thread of their own and laid beside the release.

Whoever reads is never kept waiting: each round gives a new release with some more of them, and the lists go on with the
one before. An article that nobody has embedded yet is shown by its words, author and section, and measured again when
its vector is in the store.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Thread
from time import monotonic
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from recsys.articles import Article, Status
from recsys.errors import StoreError
from recsys.extension import Extension
from recsys.release import Release
from recsys.store import ArticleStore
from service.embedding import Embedding
from service.questions import Questions
from service.trouble import Trouble

log = logging.getLogger(__name__)

_ROUND = 25  # changes that are measured before they are shown: well under a second
_FEW = 2  # changes at once; where more come, those whose vector is on its way are measured once, with it
_HELD = 1.5  # seconds that such a change is kept back for its vector
MOST = 60_000  # more than these are an export that waits for its night, and are left to it
Vectors = dict[str, npt.NDArray[np.float32]]
Followed = tuple[Release, Extension]  # what the night built, and what came after it
T = TypeVar("T")


class Newcomers:
    """Follows the store's articles for the release that is served.

    Args:
        url: the store's address; it is opened at the first round, and again until that succeeds.
        embedding: makes vectors for texts that have none; None leaves it to others.
        changed: called, in the thread, when there is more to show.
        poll_seconds: > 0, time between two looks where nobody wakes it.
        most: how many newcomers are shown beside a release.
    """

    def __init__(
        self,
        url: str,
        embedding: Embedding | None,
        changed: Callable[[], None],
        poll_seconds: float = 1.0,
        most: int = MOST,
    ) -> None:
        self._url, self._embedding, self._changed, self._poll_seconds = url, embedding, changed, poll_seconds
        self._store: ArticleStore | None = None
        self._base: Release | None = None
        self._shown: tuple[Release, Release] | None = None  # a release, and the same with what came after it
        self._extension: Followed | None = None
        self._upto = 0
        self._waiting: dict[str, str] = {}  # id to the digest of a text without a vector
        self._unsearched: set[str] = set()  # ids with a vector that came while the engine was lost
        self._held: dict[str, float] = {}  # of those which are not shown yet: id to the moment when they are, without
        self._most = most
        self._trouble, self._full = Trouble(log), Trouble(log)
        self._wake, self._stop = Event(), Event()
        self._questions = Questions[Followed](self.wake)
        self._thread = Thread(target=self._run, name="newcomers", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        if self._embedding is not None:
            self._embedding.start(self.wake)
        self._thread.start()

    def stop(self) -> None:
        """End the threads; what they are waiting for is not waited for long."""
        self._stop.set()
        self._wake.set()
        if self._embedding is not None:
            self._embedding.stop()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)
        if self._store is not None:
            self._store.close()

    def beside(self, base: Release) -> Release:
        """The release with what is known to have come after it; it is followed from now on."""
        if self._base is not base:
            self._base = base
            self.wake()
        shown = self._shown
        return shown[1] if shown is not None and shown[0] is base else base

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def ask(self, question: Callable[[Followed], T]) -> Future[T]:
        """What `question` answers of the release and of what came after it: in the thread, between two articles."""
        return self._questions.ask(question)

    def round(self) -> bool:
        """Measure some more; whether there is more to do at once.

        Raises:
            StoreError: the store cannot be read.
        """
        base = self._base
        if base is None:
            return False
        store = self._store = self._store or ArticleStore.open(self._url)
        extension = self._beginning_at(base)[1]
        before = len(extension)
        changes = store.changes_after(self._upto, _ROUND)
        usable = [change.id for change in changes if change.lifecycle.status is Status.USABLE]
        # by what waits too: PostgreSQL tells of each commit, so that many at once come one by one
        self._take_in(store, extension, store.articles(usable), hold=len(usable) + len(self._waiting) > _FEW)
        self._upto = changes[-1].change if changes else self._upto
        self._look_again(store, extension)
        if len(extension) > before:
            self._shown = base, extension.release()
            self._changed()
        if self._embedding is not None and self._waiting and self._embedding.idle:
            waiting = store.articles(list(self._waiting)[:_ROUND])
            self._embedding.ask(base.manifest.model, {extension.key(one): extension.text(one) for one in waiting})
        return len(changes) == _ROUND

    def _beginning_at(self, base: Release) -> Followed:
        """What is laid beside this release; of another one nothing is kept."""
        if self._extension is None or self._extension[0] is not base:
            self._extension, self._upto = (base, Extension(base)), base.manifest.change
            self._waiting, self._held, self._unsearched = {}, {}, set()
        return self._extension

    def _take_in(self, store: ArticleStore, extension: Extension, articles: list[Article], hold: bool = False) -> None:
        keys = {article.id: extension.key(article) for article in articles}
        vectors = self._vectors(store, list(keys.values()))
        for article in articles:
            if self._questions and self._extension is not None and self._extension[0] is self._base:
                self._questions.answer(self._extension)
            vector = vectors.get(keys[article.id])
            if vector is None and hold and self._embedding is not None:
                self._waiting[article.id] = keys[article.id]
                self._held.setdefault(article.id, monotonic() + _HELD)
                continue
            self._held.pop(article.id, None)
            if not extension.knows(article, vector is not None) and not self._added(extension, article, vector):
                self._waiting.pop(article.id, None)  # or it would be tried, and fail, at each round
            elif vector is None and not extension.knows(article, True):
                self._waiting[article.id] = keys[article.id]
            else:
                self._waiting.pop(article.id, None)
            if extension.lacks_a_search(article.id):
                self._unsearched.add(article.id)

    def _added(self, extension: Extension, article: Article, vector: npt.NDArray[np.float32] | None) -> bool:
        """Whether there is room for it, and it could be measured: one bad article must not keep the others out."""
        if len(extension) >= self._most:
            self._full.found(f"{self._most} articles came since the night; what follows is shown after the next one")
            return False
        try:
            extension.add(article, vector)
        except Exception as error:
            log.exception("article %r cannot be measured, it is shown after the next night: %r", article.id, error)
            return False
        return True

    def _look_again(self, store: ArticleStore, extension: Extension) -> None:
        """Measure those whose vector has come or has been waited for long enough, and who were not searched for."""
        known = store.known_embeddings(self._waiting.values()) if self._waiting else set()
        late = {key for key, until in self._held.items() if until <= monotonic()}
        ready = [key for key, digest in self._waiting.items() if digest in known or key in late][:_ROUND]
        if self._unsearched and extension.answers():
            again = sorted(self._unsearched)[:_ROUND]
            self._unsearched.difference_update(again)
            ready += again
        if ready:
            self._take_in(store, extension, store.articles(ready))

    def _vectors(self, store: ArticleStore, digests: list[str]) -> Vectors:
        assert self._extension is not None
        return store.embeddings_known(digests, self._extension[0].manifest.model.dim)

    def _run(self) -> None:
        more = False
        while not self._stop.is_set():
            if not more:
                self._wake.wait(self._poll_seconds)
            self._wake.clear()
            if self._stop.is_set():
                return
            began = monotonic()
            try:
                self._answer()
                more = self.round()
                self._trouble.over("new articles are read from the store again")
            except StoreError as error:
                more = False
                self._trouble.found(f"new articles are not read from the store: {error}")
            except Exception as error:  # one article that cannot be measured must not end all following
                more = False
                self._trouble.found(f"new articles cannot be measured: {error!r}", error)
            self._rest(min(monotonic() - began, 1.0))  # half of the time is for readers, and more meets in a round

    def _rest(self, seconds: float) -> None:
        """Measure nothing for so long, but what is asked for."""
        until, woken = monotonic() + seconds, False
        while (left := until - monotonic()) > 0 and not self._stop.is_set():
            if self._wake.wait(left):
                woken = True
                self._wake.clear()
                self._answer()
        if woken:
            self._wake.set()

    def _answer(self) -> None:
        base = self._base
        if self._questions and base is not None:
            self._questions.answer(self._beginning_at(base))
