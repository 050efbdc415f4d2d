"""Publishing: a release appears whole or not at all, and `CURRENT` is replaced in one step.

A build writes into a folder of its own (`.staging-…`); only a finished one is renamed to its release id. `CURRENT` is
written aside, synced and renamed over the old one. Whatever is killed at whatever moment, it names a whole release.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from recsys.errors import ConfigError, NoRelease, ReleaseError
from recsys.manifest import Manifest
from recsys.release import Release, current_id
from recsys.release_folder import STAGING, current_or_none, drop, point_at, prune, release_ids, sweep, sync_folder
from recsys.seal import seal

_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class Listed:
    """A release as `python -m index releases` shows it; `problem` is "" where its manifest can be read.

    `collection` is what it needs of an engine of vectors, "" for nothing.
    """

    id: str
    current: bool
    articles: int
    model: str
    change: int
    problem: str = ""
    collection: str = ""


@contextmanager
def only_one(releases: Path) -> Iterator[None]:
    """Hold the folder's lock: two nightly jobs at once would publish over each other.

    What killed jobs left behind is removed first.

    Raises:
        ConfigError: another job holds it.
    """
    releases.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(releases / _LOCK, timeout=0):
            sweep(releases)
            yield
    except Timeout as error:
        raise ConfigError(f"{releases}: another job is publishing here; wait for it to end") from error


@contextmanager
def staging(releases: Path) -> Iterator[Path]:
    """A folder to build in, removed unless `publish` renamed it; only for who holds the lock of `only_one`."""
    folder = releases / f"{STAGING}{uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        if folder.exists():
            drop(releases, folder)


def release_id(releases: Path, now: datetime, digest: str) -> str:
    """A name such as "20260301T021500250Z-9f2c41d7" that sorts after every other here, even if the clock went back."""
    return id_after(next(iter(release_ids(releases)), None), now, digest)


def id_after(newest: str | None, now: datetime, digest: str) -> str:
    """The same, after the id `newest`."""
    if newest:
        last = datetime.strptime(newest.partition("Z")[0] + "+0000", "%Y%m%dT%H%M%S%f%z")
        now = max(now, last + timedelta(milliseconds=1))
    stamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%S%f}"[:-3]
    return f"{stamp}Z-{digest[:8]}"


def publish(folder: Path, releases: Path, manifest: Manifest, keep: int) -> None:
    """Make a finished build the current release, and drop all but the newest `keep`; `manifest` is signed.

    Raises:
        OSError: the disk is full or gone; `CURRENT` is as it was.
    """
    manifest.write(folder)
    sync_folder(folder)
    target = releases / manifest.id
    folder.rename(target)
    sync_folder(releases)
    seal(target)
    point_at(releases, manifest.id)
    prune(releases, keep)


def rollback(releases: Path, to: str | None = None) -> str:
    """Point `CURRENT` at release `to`, or at the newest whole one before the current; returns its id.

    Raises:
        NoRelease: there is no such release, or none before the current one.
        ReleaseDamaged, ReleaseFormatError: the release asked for is not whole.
    """
    if to is None:
        to = _one_before(releases)
    elif to not in release_ids(releases):
        raise NoRelease(f"{releases}: no release {to!r}; there are {', '.join(release_ids(releases)) or 'none'}")
    Release.open(releases / to)
    point_at(releases, to)
    return to


def listed(releases: Path) -> list[Listed]:
    """All releases, newest first."""
    current = current_or_none(releases)
    return [_listed(releases / name, name == current) for name in release_ids(releases)]


def verify(releases: Path, release: str | None = None) -> Release:
    """Check every checksum of a release (the current one by default) and open it.

    Raises:
        NoRelease, ReleaseDamaged, ReleaseFormatError: what is wrong with it.
    """
    name = release or current_id(releases)
    if name not in release_ids(releases):
        raise NoRelease(f"{releases}: no release {name!r}; there are {', '.join(release_ids(releases)) or 'none'}")
    return Release.open(releases / name)


def last_manifest(releases: Path) -> Manifest | None:
    """The manifest of the current release, None where there is none or it cannot be read."""
    try:
        return Manifest.read(releases / current_id(releases))
    except ReleaseError:
        return None


def _listed(folder: Path, current: bool) -> Listed:
    try:
        manifest = Manifest.read(folder)
    except ReleaseError as error:
        return Listed(folder.name, current, 0, "", 0, str(error))
    needs = str(manifest.index.get("collection", ""))
    return Listed(folder.name, current, manifest.articles, manifest.model.name, manifest.change, collection=needs)


def _one_before(releases: Path) -> str:
    current = current_or_none(releases)
    for name in release_ids(releases):
        if current is None or name < current:
            try:
                Release.open(releases / name)
            except ReleaseError:
                continue
            return name
    raise NoRelease(f"{releases}: no whole release before {current or 'now'} to go back to")
