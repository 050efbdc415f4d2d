"""Publishing: a release appears whole or not at all, and `CURRENT` is replaced in one step.

A build writes into a folder of its own (`.staging-…`); only a finished one is renamed to its release id. `CURRENT` is
written aside, synced and renamed over the old one. Whatever is killed at whatever moment, it names a whole release.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from recsys.errors import ConfigError, NoRelease, ReleaseError
from recsys.manifest import Manifest
from recsys.release import CURRENT, RELEASE_ID, Release, current_id

_STAGING = ".staging-"
_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class Listed:
    """A release as `python -m index releases` shows it; `problem` is "" where its manifest can be read."""

    id: str
    current: bool
    articles: int
    model: str
    change: int
    problem: str = ""


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
            _sweep(releases)
            yield
    except Timeout as error:
        raise ConfigError(f"{releases}: another job is publishing here; wait for it to end") from error


@contextmanager
def staging(releases: Path) -> Iterator[Path]:
    """A folder to build in, removed unless `publish` renamed it; only for who holds the lock of `only_one`."""
    folder = releases / f"{_STAGING}{uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def release_id(releases: Path, now: datetime, digest: str) -> str:
    """A name such as "20260301T021500250Z-9f2c41d7" that sorts after every other here, even if the clock went back."""
    newest = next(iter(_ids(releases)), None)
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
    _sync_folder(folder)
    target = releases / manifest.id
    folder.rename(target)
    _sync_folder(releases)
    point_at(releases, manifest.id)
    _prune(releases, keep)


def point_at(releases: Path, release: str) -> None:
    """Replace `CURRENT` atomically and durably."""
    aside = releases / f"{CURRENT}.{uuid4().hex}"
    try:
        with aside.open("w", encoding="ascii") as file:
            file.write(f"{release}\n")
            file.flush()
            os.fsync(file.fileno())
        aside.replace(releases / CURRENT)
    finally:
        aside.unlink(missing_ok=True)
    _sync_folder(releases)


def rollback(releases: Path, to: str | None = None) -> str:
    """Point `CURRENT` at release `to`, or at the newest whole one before the current; returns its id.

    Raises:
        NoRelease: there is no such release, or none before the current one.
        ReleaseDamaged, ReleaseFormatError: the release asked for is not whole.
    """
    if to is None:
        to = _one_before(releases)
    elif to not in _ids(releases):
        raise NoRelease(f"{releases}: no release {to!r}; there are {', '.join(_ids(releases)) or 'none'}")
    Release.open(releases / to)
    point_at(releases, to)
    return to


def listed(releases: Path) -> list[Listed]:
    """All releases, newest first."""
    current = _current_or_none(releases)
    return [_listed(releases / name, name == current) for name in _ids(releases)]


def verify(releases: Path, release: str | None = None) -> Release:
    """Check every checksum of a release (the current one by default) and open it.

    Raises:
        NoRelease, ReleaseDamaged, ReleaseFormatError: what is wrong with it.
    """
    name = release or current_id(releases)
    if name not in _ids(releases):
        raise NoRelease(f"{releases}: no release {name!r}; there are {', '.join(_ids(releases)) or 'none'}")
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
    return Listed(folder.name, current, manifest.articles, manifest.model.name, manifest.change)


def _ids(releases: Path) -> list[str]:
    """Names of all release folders, newest first."""
    if not releases.is_dir():
        return []
    return sorted((path.name for path in releases.iterdir() if RELEASE_ID.fullmatch(path.name)), reverse=True)


def _current_or_none(releases: Path) -> str | None:
    try:
        return current_id(releases)
    except ReleaseError:
        return None


def _one_before(releases: Path) -> str:
    current = _current_or_none(releases)
    for name in _ids(releases):
        if current is None or name < current:
            try:
                Release.open(releases / name)
            except ReleaseError:
                continue
            return name
    raise NoRelease(f"{releases}: no whole release before {current or 'now'} to go back to")


def _prune(releases: Path, keep: int) -> None:
    """Remove the oldest releases beyond `keep`, never the current one; at no moment is one listed that is not whole."""
    current = _current_or_none(releases)
    for name in _ids(releases)[max(keep, 1) :]:
        if name != current:
            with suppress(OSError):  # what cannot be removed today is in nobody's way
                doomed = (releases / name).rename(releases / f"{_STAGING}{uuid4().hex}")
                shutil.rmtree(doomed, ignore_errors=True)


def _sweep(releases: Path) -> None:
    """Remove what has no release's name: builds that were not finished, and a `CURRENT` that was not put in place."""
    for stale in releases.glob(f"{_STAGING}*"):
        shutil.rmtree(stale, ignore_errors=True)
    for stale in releases.glob(f"{CURRENT}.*"):
        with suppress(OSError):
            stale.unlink()


def _sync_folder(folder: Path) -> None:
    """A rename is durable only once its folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
