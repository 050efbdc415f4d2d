"""What is served now: the current release with the newsroom's word laid over it, followed while requests go on.

One reference points at one frozen `View`. A request takes it once, so its answer is of one release and one state of the
store; the follower makes the next view beside it and swaps it in by one assignment. Where the store is an SQLite file,
a request first looks whether it was written to, and if so waits a moment for the view that shows it: what editors
decide is in force on the next request of every process. PostgreSQL tells the follower of each commit, which takes some
milliseconds and no request's time.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event, Lock, Thread
from time import time

from recsys.engine import Engine
from recsys.errors import StoreError
from recsys.overlay import Overlay
from recsys.ranking import Weights
from recsys.recommender import Recommender
from recsys.release import Release
from recsys.variety import Variety
from service.embedding import Embedding
from service.folder import Folder
from service.garbage import tidy_up
from service.listener import Listener
from service.newcomers import Newcomers
from service.reader import StoreReader
from service.trouble import Trouble
from service.watch import Watch

log = logging.getLogger(__name__)

PATIENCE = 1.0  # seconds that a request waits for what was just written to the store; 4 ms are usual
_WRITER_PATIENCE = 5.0  # seconds that a writer's answer waits for it


@dataclass(frozen=True, slots=True)
class View:
    """What requests are answered from.

    Attributes:
        recommender: the release with what came after it, the weights and what is in force.
        base: the release as the night built it.
        overlay: what of the store it shows.
        store_ok: whether the store answered last time; None without a store.
    """

    recommender: Recommender
    base: Release
    overlay: Overlay
    store_ok: bool | None

    @property
    def release(self) -> Release:
        """The release that is served, with what came after it."""
        return self.recommender.release

    @property
    def withdrawn(self) -> int:
        """How many articles of the release are withdrawn, embargoed or expired now."""
        return int((self.recommender.standing.gone & self.release.present).sum())

    def rules(self, now: datetime) -> int:
        """How many rules are in force at this moment."""
        return sum(rule.active(now) for rule in self.overlay.rules)


class Live:
    """Follows a folder of releases and a store.

    Attributes:
        view: what is served; None until a release is published.
        clock: seconds since 1970 UTC now.

    Args:
        releases: the folder; it may be missing.
        weights: how much each signal counts.
        store: URL of the article store; None follows none.
        poll_seconds: > 0, time between two looks.
        variety: what a list may repeat.
        clock: see above.
        embedding: makes vectors for articles that come between two nights; None leaves it to others.
        engine: proposes near rows for releases that have a collection in it; it is closed with this.
    """

    def __init__(
        self,
        releases: Path,
        weights: Weights | None = None,
        store: str | None = None,
        poll_seconds: float = 1.0,
        variety: Variety | None = None,
        clock: Callable[[], float] = time,
        embedding: Embedding | None = None,
        engine: Engine | None = None,
    ) -> None:
        self.view: View | None = None
        self.clock = clock
        self._folder, self._engine = Folder(releases, engine), engine
        self._weights, self._variety = weights or Weights(), variety or Variety()
        self._reader = None if store is None else StoreReader(store)
        self._watch = None if store is None else Watch.of(store)
        self._newcomers = None if store is None else Newcomers(store, embedding, self._wake_up, poll_seconds)
        self._listener = None if store is None else Listener.of(store, self._ask)
        self._poll_seconds = poll_seconds
        self._store_trouble, self._step_trouble = Trouble(log), Trouble(log)
        self._turn = Lock()  # of those who make the next view; nobody who reads one takes it
        self._asked = deque[Future[None]]()
        self._pending: Future[None] | None = None  # what requests wait for
        self._patient, self._looked = True, False
        self._stop, self._wake = Event(), Event()
        # two threads, because to open a large release takes seconds and an editor's word must not wait for it
        self._threads = [Thread(target=run, name="live", daemon=True) for run in (self._poll, self._serve)]

    @property
    def newcomers(self) -> Newcomers | None:
        """What follows the store's articles; None without a store."""
        return self._newcomers

    def start(self) -> None:
        """Look once, so that a worker has its release before its first request, then go on in threads."""
        self._try(self.step)
        if self._newcomers is not None:
            self._newcomers.start()
        for thread in self._threads:
            thread.start()
        if self._listener is not None:
            self._listener.start()

    def stop(self) -> None:
        """End the threads; what they are waiting for is not waited for long."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout=5.0)
        if self._newcomers is not None:
            self._newcomers.stop()
        for follower in (self._listener, self._reader, self._watch, self._engine):
            if follower is not None:
                follower.close()

    async def current(self) -> View | None:
        """What is in force now; a request calls it once, in the event loop.

        It takes no lock. Where the store has just been written to it waits for the view that shows it, at most
        `PATIENCE` seconds; after a store that did not answer in time nobody waits until it has answered again.
        """
        if self._watch is not None and self.view is not None and self.view.store_ok:
            if self._looks() and self._watch.changed():
                self._pending = self._ask()
            if self._pending is not None:
                await self._wait(self._pending)
        return self.view

    async def caught_up(self) -> None:
        """Wait until the view shows all that is in the store by now, at most some seconds."""
        done, _ = await asyncio.wait({asyncio.wrap_future(self._ask())}, timeout=_WRITER_PATIENCE)
        if not done or (self.view is not None and not self.view.store_ok):
            log.warning("what was just written is in the store, but not yet in force here")

    def step(self) -> None:
        """One look at the folder and the store; swaps the view if either has something new."""
        opened = self._folder.other_than(self.view.base if self.view else None)
        with self._turn:
            self._follow(opened)

    def _looks(self) -> bool:
        """Whether to look at the store: once a turn of the event loop, whose requests have all come in before it."""
        if self._looked:
            return False
        self._looked = True
        asyncio.get_running_loop().call_soon(self._look_again)
        return True

    def _look_again(self) -> None:
        self._looked = False

    async def _wait(self, pending: Future[None]) -> None:
        if not pending.done() and self._patient:
            await asyncio.wait({asyncio.wrap_future(pending)}, timeout=PATIENCE)
        self._patient = pending.done()
        if pending.done() and pending is self._pending:
            self._pending = None

    def _ask(self) -> Future[None]:
        """Done when the store has been followed up to this moment, or to where it can be."""
        asked: Future[None] = Future()
        asked.set_running_or_notify_cancel()  # a request that is given up must not take it from the others
        self._asked.append(asked)
        self._wake.set()
        return asked

    def _wake_up(self) -> None:
        """There are more articles to show."""
        self._wake.set()

    def _poll(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            self._try(self.step)

    def _serve(self) -> None:
        """Follow the store whenever somebody asks."""
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            answered = [self._asked.popleft() for _ in range(len(self._asked))]  # those asked later wait for the next
            self._try(self._follow_store)
            for asked in answered:
                asked.set_result(None)

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
            self._step_trouble.over("following goes on")
        except Exception as error:  # a follower that dies would leave yesterday's paper up for ever
            self._step_trouble.found(f"following failed: {error!r}", error)

    def _follow_store(self) -> None:
        with self._turn:
            self._follow(None)

    def _follow(self, opened: Release | None) -> None:
        """Lay the store's word over the release that was opened, or over the one that is served."""
        old = self.view
        base = opened or (old.base if old else None)
        if base is None:
            return
        known = old.overlay.reaching_back_to(base.manifest.change) if old else None
        overlay, store_ok = self._overlay(known or Overlay.none_since(base.manifest.change))
        release = base if self._newcomers is None else self._newcomers.beside(base)
        if old and release is old.release and overlay is old.overlay:
            if store_ok != old.store_ok:
                self.view = View(old.recommender, base, overlay, store_ok)
            return
        if self._newcomers is not None and (old is None or overlay.upto != old.overlay.upto):
            self._newcomers.wake()
        if old is None:
            recommender = Recommender(release, self._weights, overlay, self._variety, self.clock)
        else:
            recommender = old.recommender.followed(release, overlay)
        self.view = view = View(recommender, base, overlay, store_ok)
        if old is None or old.base is not base:
            log.info(
                "serving %s: %d articles, %d withdrawn, %d rules",
                base.id, base.manifest.articles, view.withdrawn, len(overlay.rules),
            )  # fmt: skip
            replaces = old is not None
            del old, recommender
            if replaces:  # else there is nothing to let go of
                tidy_up()

    def _overlay(self, known: Overlay) -> tuple[Overlay, bool | None]:
        """(overlay, whether the store answered): what is known so far where it did not."""
        if self._reader is None:
            return known, None
        try:
            found = self._reader.read(known)
        except StoreError as error:
            self._store_trouble.found(f"neither takedowns nor rules are read from the store: {error}")
            return known, False
        self._store_trouble.over("takedowns and rules are read from the store again")
        return found, True
