"""A folder of releases: what changes in it appears whole or not at all.

`CURRENT` is written aside, synced and renamed over the old one; what is not whole has a name that is no release's. The
night publishes into such a folder, and a replica keeps one as its cache of an object store.
"""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from recsys.errors import ReleaseError
from recsys.release import CURRENT, RELEASE_ID, current_id
from recsys.seal import SEAL, break_seals, keeping_seals

STAGING = ".staging-"


def release_ids(releases: Path) -> list[str]:
    """Names of all release folders, newest first."""
    if not releases.is_dir():
        return []
    return sorted((path.name for path in releases.iterdir() if RELEASE_ID.fullmatch(path.name)), reverse=True)


def current_or_none(releases: Path) -> str | None:
    """The id that `CURRENT` names, None where it names none that is there."""
    try:
        return current_id(releases)
    except ReleaseError:
        return None


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
    sync_folder(releases)


def put_away(releases: Path, release: str) -> None:
    """Remove a release; at no moment is it listed and not whole. What cannot be removed today is in nobody's way."""
    break_seals(releases, release)
    with suppress(OSError):
        doomed = (releases / release).rename(releases / f"{STAGING}{uuid4().hex}")
        drop(releases, doomed)


def drop(releases: Path, folder: Path) -> None:
    """Remove a folder that is no release, which may share files with releases; what cannot be removed stays."""
    with keeping_seals(releases):
        shutil.rmtree(folder, ignore_errors=True)


def share(source: Path, target: Path, names: Iterable[str]) -> None:
    """Let the folder `target` have these files of the release `source` too: by hard links, as none is ever changed.

    Raises:
        OSError: the disk is full, or a file cannot be read.
    """
    with keeping_seals(source.parent):
        for name in names:
            try:
                (target / name).hardlink_to(source / name)
            except OSError:  # a file system without links, or another one
                _copy(source / name, target / name)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def prune(releases: Path, keep: int) -> None:
    """Remove the oldest releases beyond `keep`, never the current one."""
    current = current_or_none(releases)
    for name in release_ids(releases)[max(keep, 1) :]:
        if name != current:
            put_away(releases, name)


def sweep(releases: Path) -> None:
    """Remove what has no release's name: builds that were not finished, and a `CURRENT` that was not put in place."""
    for stale in releases.glob(f"{STAGING}*"):
        drop(releases, stale)
    for stale in releases.glob(f"{CURRENT}.*"):
        with suppress(OSError):
            stale.unlink()
    for stale in releases.glob(f"{SEAL}*"):
        if not (releases / stale.name.removeprefix(SEAL)).is_dir():
            with suppress(OSError):
                stale.unlink()


def sync_folder(folder: Path) -> None:
    """A rename is durable only once its folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
