"""Reads what the newsroom said since the release was built, from a store that may be slow or away."""

from concurrent.futures import Future
from threading import Thread

from recsys.errors import StoreError
from recsys.overlay import Overlay, follow
from recsys.store import ArticleStore
from recsys.waits import SERVICE


class StoreReader:
    """Asks the store in a thread of its own, and waits for the answer only so long.

    A database that is locked or out of reach may keep a caller for minutes; releases must be swapped meanwhile.

    Args:
        url: the store's address; it is opened at the first question, and again until that succeeds.
        patience: seconds to wait for an answer. One that comes later is picked up at a later `read`.
    """

    def __init__(self, url: str, patience: float = 2.0) -> None:
        self._url = url
        self._patience = patience
        self._store: ArticleStore | None = None
        self._pending: Future[Overlay] | None = None

    def read(self, known: Overlay) -> Overlay:
        """`known` and what the store says after it, as of now.

        Raises:
            StoreError: the store cannot be read, or has not answered yet.
        """
        late = self._pending is not None
        found = self._answer(known)
        if found.since != known.since:
            return self.read(known)
        if not late:
            return found
        try:  # the question is an old one: what was written since is not in the answer
            return self._answer(found)
        except StoreError:
            return found

    def close(self) -> None:
        """Let go of the store's connections."""
        if self._store is not None:
            self._store.close()

    def _answer(self, known: Overlay) -> Overlay:
        """The answer to the question that is open, or to a new one."""
        patience = 0.0 if self._pending else self._patience  # nobody waits twice for one answer
        pending = self._pending = self._pending or self._ask(known)
        try:
            return pending.result(patience)
        except TimeoutError as error:
            raise StoreError(f"no answer within {self._patience:g} s") from error
        finally:
            if pending.done():
                self._pending = None

    def _ask(self, known: Overlay) -> Future[Overlay]:
        answer: Future[Overlay] = Future()

        def work() -> None:
            try:
                self._store = self._store or ArticleStore.open(self._url, waits=SERVICE)
                answer.set_result(follow(self._store, known))
            except StoreError as error:
                answer.set_exception(error)
            except Exception as error:  # a driver that is not installed, say: serving must go on all the same
                answer.set_exception(StoreError(f"{error!r}"))

        # a daemon, so that a store which never answers does not keep the process from ending
        Thread(target=work, name="store", daemon=True).start()
        return answer
