"""What is served now: the current release with the store's takedowns laid over it, followed while requests go on.

One reference points at one frozen `View`. A request takes it once, so its answer is of one release and one state of the
store; the follower makes the next view beside it and swaps it in by one assignment.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from recsys.errors import NoRelease, ReleaseDamaged, ReleaseError, StoreError
from recsys.ranking import Weights
from recsys.recommender import Recommender
from recsys.release import Release, current_id
from service.takedowns import StoreReader, Takedowns

log = logging.getLogger(__name__)

_TROUBLES = 20  # different texts of one trouble that are logged before it is over
Signature = tuple[tuple[str, int, int], ...]  # name, size, time of change of every file


@dataclass(frozen=True, slots=True)
class View:
    """What requests are answered from.

    Attributes:
        recommender: the release, the weights and the withdrawn rows.
        takedowns: which of the store's changes it shows.
        store_ok: whether the store answered last time; None without a store.
    """

    recommender: Recommender
    takedowns: Takedowns
    store_ok: bool | None

    @property
    def release(self) -> Release:
        """The release that is served."""
        return self.recommender.release


class Live:
    """Follows a folder of releases and a store.

    Attributes:
        view: what is served; None until a release is published.

    Args:
        releases: the folder; it may be missing.
        weights: how much each signal counts.
        store: URL of the article store; None follows no takedowns.
        poll_seconds: > 0, time between two looks.
    """

    def __init__(
        self, releases: Path, weights: Weights | None = None, store: str | None = None, poll_seconds: float = 1.0
    ) -> None:
        self.view: View | None = None
        self._releases = releases
        self._weights = weights or Weights()
        self._reader = None if store is None else StoreReader(store)
        self._poll_seconds = poll_seconds
        self._refused: tuple[str, Signature] | None = None
        self._folder_trouble, self._store_trouble, self._step_trouble = _Trouble(), _Trouble(), _Trouble()
        self._stop = Event()
        self._thread = Thread(target=self._run, name="live", daemon=True)

    def start(self) -> None:
        """Look once, so that a worker has its release before its first request, then go on in a thread."""
        self._try_step()
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what it is waiting for is not waited for long."""
        self._stop.set()
        self._thread.join(timeout=5.0)
        if self._reader is not None:
            self._reader.close()

    def step(self) -> None:
        """One look at the folder and the store; swaps the view if either has something new."""
        old = self.view
        release = self._new_release() or (old.release if old else None)
        if release is None:
            return
        known = old.takedowns.reaching_back_to(release.manifest.change) if old else None
        takedowns, store_ok = self._takedowns(known or Takedowns.none_since(release.manifest.change))
        if old and (release, takedowns, store_ok) == (old.release, old.takedowns, old.store_ok):
            return
        recommender = Recommender(release, self._weights, frozenset(release.rows(takedowns.ids)))
        self.view = View(recommender, takedowns, store_ok)
        if old is None or old.release is not release:
            log.info("serving %s: %d articles, %d withdrawn", release.id, len(release), len(recommender.withdrawn))

    def _run(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            self._try_step()

    def _try_step(self) -> None:
        try:
            self.step()
            self._step_trouble.over("following goes on")
        except Exception as error:  # a follower that dies would leave yesterday's paper up for ever
            self._step_trouble.found(f"following failed: {error!r}", error)

    def _new_release(self) -> Release | None:
        """The release that `CURRENT` names, opened and tried out, if it is not the one served and can be served."""
        try:
            name = current_id(self._releases)
        except (ReleaseError, OSError) as error:
            missing = isinstance(error, NoRelease) and self.view is None
            self._folder_trouble.found(str(error), level=logging.INFO if missing else logging.ERROR)
            return None
        self._folder_trouble.over(f"{self._releases} can be read")
        if self.view is not None and self.view.release.id == name:
            self._refused = None
            return None
        return self._opened(name)

    def _opened(self, name: str) -> Release | None:
        folder = self._releases / name
        found = (name, _signature(folder))
        if found == self._refused:  # said once; tried again when a file of it changes or CURRENT names another
            return None
        try:
            release = Release.open(folder)
            _try_out(release)
        except (ReleaseError, OSError) as error:
            stays = f"{self.view.release.id} stays" if self.view else "nothing is served"
            log.error("release %s is refused, %s: %s", name, stays, error)
            self._refused = found
            return None
        self._refused = None
        return release

    def _takedowns(self, known: Takedowns) -> tuple[Takedowns, bool | None]:
        """(takedowns, whether the store answered): those known so far where it did not."""
        if self._reader is None:
            return known, None
        try:
            found = self._reader.read(known)
        except StoreError as error:
            self._store_trouble.found(f"no takedowns are read from the store: {error}")
            return known, False
        self._store_trouble.over("takedowns are read from the store again")
        return found, True


class _Trouble:
    """Says each trouble once, and once when all is well again."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def found(self, text: str, error: Exception | None = None, level: int = logging.ERROR) -> None:
        if text not in self._said and len(self._said) < _TROUBLES:
            log.log(level, "%s", text, exc_info=error)
            self._said.add(text)

    def over(self, text: str) -> None:
        if self._said:
            log.info("%s", text)
        self._said.clear()


def _try_out(release: Release) -> None:
    """Ask for the lists of a few articles: checksums cannot see a fault of the build itself.

    It also opens what the release opens late, so that nothing is missing when the folder is pruned while it is served.

    Raises:
        ReleaseDamaged: a list cannot be made.
    """
    recommender = Recommender(release)
    try:
        release.section_node("")
        for row in {0, len(release) // 2, len(release) - 1} if len(release) else ():
            recommender.related(release.ids[row])
    except Exception as error:
        raise ReleaseDamaged(f"{release.path}: its lists cannot be made ({error!r}); roll back") from error


def _signature(folder: Path) -> Signature:
    """Changes when any file of the folder does; costs a look at each, so it is asked only of a release not served."""
    try:
        found = [(path.name, path.stat()) for path in folder.iterdir()]
    except OSError:
        return ()
    return tuple(sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in found))
