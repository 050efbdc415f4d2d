"""Where releases are published to: a folder of this host, or an object store. The night and the commands ask this."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from index import publish
from index.publish import Listed
from recsys.manifest import Manifest
from recsys.seal import verify_once


class Shelf(Protocol):
    """What holds releases."""

    def only_one(self) -> AbstractContextManager[None]:
        """Around what changes which release is current; see `index.publish.only_one`."""

    def staging(self) -> AbstractContextManager[Path]:
        """A folder of this host to build in, removed at the end."""

    def last_manifest(self) -> Manifest | None:
        """The manifest of the current release, None where there is none or it cannot be read."""

    def holding(self, release: str) -> AbstractContextManager[Path]:
        """A folder of this host that holds a release, whole; it stays as it is meanwhile."""

    def next_id(self, now: datetime, digest: str) -> str:
        """A name for a release that sorts after every other here."""

    def publish(self, folder: Path, manifest: Manifest, keep: int) -> None:
        """Make a finished build the current release, and drop all but the newest `keep`; `manifest` is signed."""

    def rollback(self, to: str | None) -> str:
        """Make release `to` current, or the newest whole one before the current; returns its id."""

    def listed(self) -> list[Listed]:
        """All releases, newest first."""

    def verify(self, release: str | None) -> Manifest:
        """Check every checksum of a release, the current one by default."""


class FolderShelf:
    """A folder of releases on this host: `index.publish` as a shelf."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def only_one(self) -> AbstractContextManager[None]:
        return publish.only_one(self._folder)

    def staging(self) -> AbstractContextManager[Path]:
        return publish.staging(self._folder)

    def last_manifest(self) -> Manifest | None:
        return publish.last_manifest(self._folder)

    @contextmanager
    def holding(self, release: str) -> Iterator[Path]:
        verify_once(self._folder / release)
        yield self._folder / release

    def next_id(self, now: datetime, digest: str) -> str:
        return publish.release_id(self._folder, now, digest)

    def publish(self, folder: Path, manifest: Manifest, keep: int) -> None:
        publish.publish(folder, self._folder, manifest, keep)

    def rollback(self, to: str | None) -> str:
        return publish.rollback(self._folder, to)

    def listed(self) -> list[Listed]:
        return publish.listed(self._folder)

    def verify(self, release: str | None) -> Manifest:
        return publish.verify(self._folder, release).manifest


def shelf_of(releases: Path | str, work: Path | None = None) -> Shelf:
    """The shelf at a folder, or at a URL; `work` is where to build for the latter.

    Raises:
        ConfigError, MissingExtra: the URL cannot be used.
    """
    if isinstance(releases, Path):
        return FolderShelf(releases)
    from index.store_shelf import StoreShelf
    from recsys.release_store import ReleaseStore

    return StoreShelf(ReleaseStore.open(releases), work)
