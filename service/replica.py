"""A cache of an object store's releases: `CURRENT` of the store is followed into a folder, which is then served.

The folder is laid out like any folder of releases, so that what serves it need not know where it comes from: a new
release appears in it once it is whole and every checksum is right, and only then its `CURRENT` changes. Whatever the
store does, what is in the folder can be served. Of several workers of a host one follows, the one that holds the lock;
when it ends, another does.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from filelock import FileLock, Timeout

from recsys.errors import NoRelease, ReleaseDamaged, ReleaseError, ReleaseFormatError
from recsys.release_copy import bring
from recsys.release_folder import current_or_none, drop, point_at, prune, put_away, release_ids, sweep, sync_folder
from recsys.release_store import BRISK, Pointer, ReleaseStore
from recsys.seal import keeping_seals, seal, verify_once
from service.trouble import Trouble

log = logging.getLogger(__name__)

KEPT = 3  # releases in the cache
_FETCHING = ".fetching-"  # a release that is not whole yet; what came of it is not fetched again
_LOCK = ".follower.lock"
_LONGEST = 300.0  # seconds between two attempts at a release that cannot be had


class _Stopped(Exception):
    """The service ends."""


class Replica:
    """Follows a store of releases into a folder, from `start` to `stop`."""

    def __init__(
        self, store: ReleaseStore, cache: Path, poll_seconds: float, clock: Callable[[], float] = monotonic
    ) -> None:
        """`poll_seconds` > 0, between two looks at the store's `CURRENT`; `clock` tells seconds, for pauses."""
        self._store, self._cache, self._poll_seconds, self._clock = store, cache, poll_seconds, clock
        self._trouble = Trouble(log)
        self._seen: Pointer | None = None  # the last that the store said
        self._done: Pointer | None = None  # the last that was followed
        self._failed: Pointer | None = None
        self._again, self._pause = 0.0, 0.0  # when to try the failed one again, and how long was waited
        self._stop = Event()
        self._thread = Thread(target=self._run, name="replica", daemon=True)

    @classmethod
    def of(cls, url: str, cache: Path, poll_seconds: float) -> "Replica":
        """That of the store at a URL.

        Raises:
            ConfigError, MissingExtra: the URL cannot be used.
        """
        return cls(ReleaseStore.open(url, BRISK), cache, poll_seconds)

    def start(self) -> None:
        """Begin; returns at once, as what is cached can be served meanwhile."""
        self._thread.start()

    def stop(self) -> None:
        """End; a request to a store that does not answer is not waited for long."""
        self._stop.set()
        self._thread.join(timeout=5.0)

    def step(self) -> None:
        """One look at the store; brings what is new. Only for who holds the cache's lock.

        Raises:
            ReleaseError, OSError: it cannot be had now; the cache's `CURRENT` is as it was.
        """
        self._seen = pointer = self._store.current(self._seen)
        if pointer is None:
            raise NoRelease(f"{self._store.url}: nothing is published yet")
        if pointer is self._done or (pointer is self._failed and self._clock() < self._again):
            return
        try:
            self._follow(self._store.named(pointer))
        except (ReleaseError, OSError):
            first = pointer is not self._failed
            self._pause = self._poll_seconds if first else min(2 * self._pause, _LONGEST)
            self._failed, self._again = pointer, self._clock() + self._pause
            raise
        self._done, self._failed = pointer, None

    def _follow(self, release: str) -> None:
        if not self._is_whole(release):
            self._bring(release)
        if current_or_none(self._cache) != release:
            point_at(self._cache, release)
        prune(self._cache, KEPT)

    def _is_whole(self, release: str) -> bool:
        """Whether the cache has it; what is damaged there leaves it."""
        folder = self._cache / release
        if not folder.exists():
            return False
        try:
            verify_once(folder)
        except ReleaseError as error:
            log.error("the cached release is fetched again: %s", error)
            put_away(self._cache, release)
            return False
        return True

    def _bring(self, release: str) -> None:
        fetching = self._cache / f"{_FETCHING}{release}"
        for stale in self._cache.glob(f"{_FETCHING}*"):
            if stale != fetching:
                drop(self._cache, stale)
        began = monotonic()
        beside = [self._cache / name for name in release_ids(self._cache)]
        with keeping_seals(self._cache):  # what is here already is linked
            brought = bring(self._store, release, fetching, beside, self._go_on)
        fetching.rename(self._cache / release)
        seal(self._cache / release)
        sync_folder(self._cache)
        log.info(
            "fetched %s: %d of %d files, %.1f MB, %.1f s", release, brought.files, len(brought.manifest.files),
            brought.bytes / 1e6, monotonic() - began,
        )  # fmt: skip

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise _Stopped

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._cache.mkdir(parents=True, exist_ok=True)
                with FileLock(self._cache / _LOCK, timeout=0):
                    sweep(self._cache)
                    self._hold()
            except Timeout:
                pass  # another worker follows
            except OSError as error:
                self._trouble.found(f"the cache cannot be used: {error}")
            self._stop.wait(self._poll_seconds)

    def _hold(self) -> None:
        """Follow until the end."""
        while not self._stop.is_set():
            try:
                self.step()
            except _Stopped:
                return
            except NoRelease as error:
                is_new = current_or_none(self._cache) is None
                self._trouble.found(str(error), level=logging.INFO if is_new else logging.ERROR)
            except (ReleaseDamaged, ReleaseFormatError) as error:
                self._trouble.found(f"the new release is refused, what is cached stays: {error}")
            except (ReleaseError, OSError) as error:
                self._trouble.found(f"releases are not followed, what is cached stays: {error}")
            except Exception as error:  # a follower that dies would leave yesterday's paper up for ever
                self._trouble.found(f"following releases failed: {error!r}", error)
            else:
                if self._failed is None:
                    self._trouble.over(f"{self._store.url} is followed again")
            self._stop.wait(self._poll_seconds)
