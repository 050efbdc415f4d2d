"""Releases published to an object store: built here, every file put, the manifest last, then `CURRENT`.

There is no lock over hosts, and none is needed: `CURRENT` is replaced on the condition that it is what it was when the
job began, so of jobs that overlap the first to publish wins and the others fail. That makes it safe to remove what
unfinished uploads left, too: what was there before a job won is of jobs that can publish no more.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from index.publish import Listed, id_after
from recsys.errors import NoRelease, Overtaken, ReleaseDamaged, ReleaseError, ReleaseFormatError
from recsys.manifest import MANIFEST, Manifest
from recsys.release_copy import bring
from recsys.release_store import Pointer, ReleaseStore

log = logging.getLogger(__name__)


class StoreShelf:
    """Releases in an object store, for one job."""

    def __init__(self, store: ReleaseStore, work: Path | None = None) -> None:
        """`work`: folder to build in, None for the system's temporary one."""
        self._store, self._work = store, work
        self._pointer: Pointer | None = None

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Remember what is current now; who publishes within fails if it has changed by then."""
        self._pointer = self._store.current()
        yield

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder of this host to build in."""
        if self._work is not None:
            self._work.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="release-", dir=self._work, ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def last_manifest(self) -> Manifest | None:
        """That of the release that was current when the job began; None where there was none or it cannot be read."""
        if self._pointer is None or self._pointer.release is None:
            return None
        try:
            return self._store.manifest(self._pointer.release)
        except (NoRelease, ReleaseDamaged, ReleaseFormatError) as error:
            log.warning("what is current tells nothing of itself: %s", error)
            return None

    @contextmanager
    def holding(self, release: str) -> Iterator[Path]:
        """A copy of it, brought here."""
        with self.staging() as folder:
            bring(self._store, release, folder, (), lambda: None)
            yield folder

    def next_id(self, now: datetime, digest: str) -> str:
        """A name that sorts after every other here, also those of unfinished uploads."""
        return id_after(next(iter(self._store.listing()), None), now, digest)

    def publish(self, folder: Path, manifest: Manifest, keep: int) -> None:
        """Put a finished build, make it current, and remove what is old or was not finished.

        Raises:
            Overtaken: somebody else has made another release current since `only_one`.
            ReleaseError: the store cannot be reached or refuses; `CURRENT` is as it was.
        """
        manifest.write(folder)
        before = self._store.listing()
        try:
            self._store.upload(folder, manifest, like=self.last_manifest() if manifest.foundation else None)
        except BaseException:
            self._drop(manifest.id, list(manifest.files))
            raise
        try:
            self._store.point_at(manifest.id, self._pointer)
        except Overtaken:  # after any other error it may be current all the same, so it stays, whole as it is
            self._drop(manifest.id, list(manifest.files))
            raise
        self._prune(before, manifest.id, keep)

    def rollback(self, to: str | None) -> str:
        """Point `CURRENT` at another release whose files are all there; replicas compare their checksums."""
        ids = self._store.ids()
        if to is None:
            to = self._one_before(ids)
        elif to not in ids:
            raise NoRelease(f"{self._store.url}: no release {to!r}; there are {', '.join(ids) or 'none'}")
        self._store.check_sizes(self._store.manifest(to))
        self._store.point_at(to, self._pointer)
        return to

    def listed(self) -> list[Listed]:
        """All releases that were put whole, newest first."""
        pointer = self._store.current()
        return [
            self._listed(release, pointer is not None and release == pointer.release) for release in self._store.ids()
        ]

    def verify(self, release: str | None) -> Manifest:
        """Read every object of a release, the current one by default, and compare its checksum."""
        return self._store.verify(release or self._store.current_id())

    def _listed(self, release: str, current: bool) -> Listed:
        try:
            found = self._store.manifest(release)
            self._store.check_sizes(found)
        except ReleaseError as error:
            return Listed(release, current, 0, "", 0, str(error))
        needs = str(found.index.get("collection", ""))
        return Listed(release, current, found.articles, found.model.name, found.change, collection=needs)

    def _one_before(self, ids: list[str]) -> str:
        current = self._pointer.release if self._pointer else None
        for release in ids:
            if current is None or release < current:
                try:
                    self._store.check_sizes(self._store.manifest(release))
                except ReleaseError:
                    continue
                return release
        raise NoRelease(f"{self._store.url}: no whole release before {current or 'now'} to go back to")

    def _prune(self, before: dict[str, dict[str, int]], current: str, keep: int) -> None:
        whole = [current, *(release for release, files in before.items() if MANIFEST in files)]
        for release, files in before.items():
            if release not in whole[: max(keep, 1)]:
                self._drop(release, list(files))

    def _drop(self, release: str, names: list[str]) -> None:
        """Remove a release that is not current; what cannot be removed now goes in another night."""
        try:
            self._store.remove(release, names)
        except ReleaseError as error:
            log.warning("release %s is not needed and stays: %s", release, error)
