"""A release brought from an object store into a folder of this host; what is here already does not come again."""

import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from recsys.errors import ReleaseError
from recsys.manifest import MANIFEST, FileRecord, Manifest, sha256_of
from recsys.release_folder import sync_folder
from recsys.release_store import ReleaseStore

_AT_ONCE = 8  # files
_PART = ".part"  # of a name while it is not whole


@dataclass(frozen=True, slots=True)
class Brought:
    """A release that lies whole in a folder; `files` and `bytes` are what came from the store."""

    manifest: Manifest
    files: int
    bytes: int


def bring(
    store: ReleaseStore, release: str, folder: Path, beside: Iterable[Path], go_on: Callable[[], None]
) -> Brought:
    """Make `folder` a whole, verified copy of a release.

    A file that lies in it already (from an attempt that was cut short), or under any name in one of the release folders
    `beside`, is taken from there where its checksum is right: by a hard link, as no file of a release is ever changed.

    Args:
        go_on: called before each piece; what it raises ends the work, and what came stays for the next attempt.

    Raises:
        NoRelease, ReleaseDamaged, ReleaseFormatError: the release cannot be used.
        ReleaseError: the store cannot be reached.
        OSError: the disk is full or cannot be written.
    """
    manifest = store.manifest(release)
    store.check_sizes(manifest)
    folder.mkdir(parents=True, exist_ok=True)
    for stray in (path for path in folder.iterdir() if path.name not in manifest.files):
        stray.unlink()
    known = _by_checksum(beside)

    def one(name: str, record: FileRecord) -> int | None:
        go_on()
        if _is(folder / name, record) or _linked(known.get(record.sha256), folder / name, record):
            return None
        _fetch(store, release, folder / name, record, go_on)
        return record.bytes

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        coming = [pool.submit(one, *item) for item in manifest.files.items()]
        try:
            fetched = [size for one_file in coming if (size := one_file.result()) is not None]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    manifest.write(folder)
    sync_folder(folder)
    return Brought(manifest, len(fetched), sum(fetched))


def _by_checksum(folders: Iterable[Path]) -> dict[str, Path]:
    """Where a file of each checksum should lie."""
    found: dict[str, Path] = {}
    for folder in folders:
        try:
            files = Manifest.read(folder).files
        except ReleaseError:
            continue
        found |= {record.sha256: folder / name for name, record in files.items() if name != MANIFEST}
    return found


def _is(path: Path, record: FileRecord) -> bool:
    try:
        return path.stat().st_size == record.bytes and sha256_of(path) == record.sha256
    except OSError:
        return False


def _linked(known: Path | None, path: Path, record: FileRecord) -> bool:
    if known is None or not _is(known, record):
        return False
    path.unlink(missing_ok=True)
    try:
        path.hardlink_to(known)
    except OSError:  # a file system without links
        shutil.copyfile(known, path)
        return _is(path, record)
    return True


def _fetch(store: ReleaseStore, release: str, path: Path, record: FileRecord, go_on: Callable[[], None]) -> None:
    aside = path.with_name(path.name + _PART)
    with aside.open("wb") as file:

        def take(piece: bytes) -> None:
            go_on()
            file.write(piece)

        store.read(release, path.name, record, take)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
