"""Vectors for what is published between two nights: made once, by one process of a host, and shared in the store.

A draft's vector is made by the process that was asked, and kept nowhere.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from filelock import FileLock, Timeout

from recsys.errors import ModelError
from recsys.manifest import Model
from recsys.store import ArticleStore
from service.model_process import ModelProcess
from service.questions import Questions
from service.settings import Settings
from service.trouble import Trouble

if TYPE_CHECKING:
    from recsys.embedding import Vectors

log = logging.getLogger(__name__)

_BATCH = 16
_PAUSE = 1.0  # seconds after which what was refused is asked for again
_AGAIN = 60.0  # seconds after which a model that could not be loaded is tried again


class Embedder(Protocol):
    """What makes vectors; `fingerprint` is that of its model and precision."""

    fingerprint: str

    def embed(self, texts: Sequence[str]) -> "Vectors":
        """(m, dim) float32 unit rows. Raises ModelError where it cannot any more."""


class Embedding:
    """Embeds texts into the store, from a thread of its own. The model loads when it is first needed.

    Args:
        url: the store's address.
        lock: a file beside the store; who holds it embeds from then on, and the other processes of the host wait for
            the vectors.
        load: gives what makes vectors of this model and precision.
    """

    def __init__(self, url: str, lock: Path, load: Callable[[Model], Embedder]) -> None:
        self._url, self._lock, self._load = url, FileLock(lock), load
        self._embedder: Embedder | None = None
        self._store: ArticleStore | None = None
        self._asked: tuple[Model, Mapping[str, str]] | None = None
        self._busy, self._not_before = False, 0.0  # what is asked for has been begun; before when asking is of no use
        self._wanted: Model | None = None
        self._refused: tuple[str, float, str] | None = None  # fingerprint, until when, why
        self._done: Callable[[], None] = lambda: None
        self._trouble = Trouble(log)
        self._wake, self._stop = Event(), Event()
        self._drafts = Questions[Embedder](self._wake.set)
        self._thread = Thread(target=self._run, name="embedding", daemon=True)

    def start(self, done: Callable[[], None]) -> None:
        """Begin; `done` is called, in the thread, whenever there are new vectors."""
        self._done = done
        self._thread.start()

    def stop(self) -> None:
        """End the thread after its batch."""
        self._stop.set()
        self._wake.set()
        if isinstance(self._embedder, ModelProcess):
            self._embedder.close()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    @property
    def idle(self) -> bool:
        """Whether there is a point in asking: all that was asked is done, or was refused a while ago."""
        return not self._busy and self._asked is None and monotonic() >= self._not_before

    def ask(self, model: Model, texts: Mapping[str, str]) -> None:
        """Have these texts embedded, by digest; what was asked before and is not begun yet is forgotten."""
        self._asked = model, texts
        self._wake.set()

    def of_draft(self, model: Model, text: str) -> "Future[Vectors] | None":
        """The (1, dim) vector of a text that is stored nowhere.

        None while the model is not loaded, which begins now; where that fails, again after a minute.
        """
        embedder = self._embedder
        if embedder is None or embedder.fingerprint != model.fingerprint:
            self._wanted = model
            self._wake.set()
            return None
        return self._drafts.ask(lambda _: embedder.embed([text]))  # the one of this model, whatever comes after it

    def _run(self) -> None:
        try:
            self._follow()
        finally:
            self._lock.release(force=True)

    def _follow(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            self._busy = True
            asked, self._asked = self._asked, None
            wanted, self._wanted = self._wanted, None
            if self._stop.is_set():
                continue
            try:
                if self._embedder is not None:
                    self._drafts.answer(self._embedder)
                if wanted is not None:
                    self._loaded(wanted)
                if asked is None:
                    continue
                if not self._lock.is_locked:  # kept then: whoever had it for once would load a model for that
                    self._lock.acquire(timeout=0)
                self._embed(*asked)
                self._trouble.over("new articles are embedded again")
            except Timeout:
                self._not_before = monotonic() + _PAUSE  # another process does it, as long as it lives
            except Exception as error:  # a model that cannot be loaded, a lost store: lists go on by words
                self._not_before = monotonic() + _PAUSE
                self._lock.release(force=True)  # another may be able to
                if isinstance(error, ModelError):
                    self._embedder = None  # it may have ended: another is loaded when there is something to do
                self._trouble.found(f"new articles are not embedded: {error}", None)
            finally:
                self._busy = False

    def _loaded(self, model: Model) -> Embedder:
        if self._embedder is None or self._embedder.fingerprint != model.fingerprint:
            if self._refused is not None and self._refused[0] == model.fingerprint and monotonic() < self._refused[1]:
                raise ModelError(self._refused[2])
            try:
                self._embedder = self._load(model)
            except Exception as error:
                self._refused = model.fingerprint, monotonic() + _AGAIN, str(error)
                raise
        return self._embedder

    def _embed(self, model: Model, texts: Mapping[str, str]) -> None:
        embedder = self._loaded(model)
        store = self._store = self._store or ArticleStore.open(self._url)
        known = store.known_embeddings(texts)
        missing = [digest for digest in texts if digest not in known]
        for start in range(0, len(missing), _BATCH):
            if self._stop.is_set():
                return
            self._drafts.answer(embedder)
            batch = missing[start : start + _BATCH]
            store.put_embeddings(embedder.fingerprint, batch, embedder.embed([texts[digest] for digest in batch]))
            self._busy = start + _BATCH < len(missing)  # or what is asked for in `done` would wait for the next look
            self._done()


def embedding_of(settings: Settings) -> Embedding | None:
    """What embeds for a service of these settings; None where it is to be left to others."""
    if settings.embed is None or settings.store is None:
        return None
    name, device = settings.embed, settings.embed_device

    def load(model: Model) -> ModelProcess:
        return ModelProcess(name, model.fingerprint, device)

    return Embedding(settings.store, settings.folder / ".embedding.lock", load)
