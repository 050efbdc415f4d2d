"""Takedowns: what the article store withdrew since the release was built."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread

from recsys.articles import Status
from recsys.errors import StoreError
from recsys.store import ArticleStore, Change

_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Takedowns:
    """The articles that are not usable any more, by the store's changes `since` < number <= `upto`."""

    since: int
    upto: int
    ids: frozenset[str] = frozenset()

    @classmethod
    def none_since(cls, change: int) -> "Takedowns":
        """What is known of a release of change number `change` before the store was asked."""
        return cls(change, change)

    def reaching_back_to(self, change: int) -> "Takedowns":
        """The same takedowns, to be read on so that they hold for a release of number `change` too.

        A newer release needs nothing: what it lacks cannot be shown. After a rollback the changes between the two must
        be read again; the ids known so far stay meanwhile, and reading settles each of them.
        """
        return self if self.since <= change else Takedowns(change, change, self.ids)


def follow(store: ArticleStore, known: Takedowns) -> Takedowns:
    """What is known after the store's changes up to now; `known` itself where nothing has changed.

    Raises:
        StoreError: the store cannot be read, or has fewer changes than the release was built from.
    """
    if known.upto == known.since and (last := store.change()) < known.since:
        raise StoreError(f"its last change is {last}, the release was built at {known.since}: is it the same store?")
    ids, upto = set(known.ids), known.upto
    page: Sequence[Change] = store.changes_after(upto, _PAGE)
    while page:
        for change in page:
            ids.discard(change.id) if change.status is Status.USABLE else ids.add(change.id)
        upto = page[-1].change
        page = store.changes_after(upto, _PAGE) if len(page) == _PAGE else ()
    return known if upto == known.upto else Takedowns(known.since, upto, frozenset(ids))


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
        self._pending: Future[Takedowns] | None = None

    def read(self, known: Takedowns) -> Takedowns:
        """`known` and what the store says after it.

        Raises:
            StoreError: the store cannot be read, or has not answered yet.
        """
        patience = 0.0 if self._pending else self._patience  # nobody waits twice for one answer
        pending = self._pending = self._pending or self._ask(known)
        try:
            found = pending.result(patience)
        except TimeoutError as error:
            raise StoreError(f"no answer within {self._patience:g} s") from error
        finally:
            if pending.done():
                self._pending = None
        return found if found.since == known.since else self.read(known)

    def close(self) -> None:
        """Let go of the store's connections."""
        if self._store is not None:
            self._store.close()

    def _ask(self, known: Takedowns) -> Future[Takedowns]:
        answer: Future[Takedowns] = Future()

        def work() -> None:
            try:
                self._store = self._store or ArticleStore.open(self._url)
                answer.set_result(follow(self._store, known))
            except StoreError as error:
                answer.set_exception(error)
            except Exception as error:  # a driver that is not installed, say: serving must go on all the same
                answer.set_exception(StoreError(f"{error!r}"))

        # a daemon, so that a store which never answers does not keep the process from ending
        Thread(target=work, name="store", daemon=True).start()
        return answer
