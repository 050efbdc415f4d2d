"""Seals: a note beside a release that its files were compared with their checksums, so that each worker need not do so.

To read a release of a million articles through takes seconds, in every worker at every start. A seal holds the size,
number and times of each file: whoever writes to one, or puts another in its place, breaks it, and all is compared
again. What a disk changes by itself it does not see; `python -m index verify` reads everything.
"""

from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from recsys.errors import ReleaseDamaged
from recsys.manifest import Manifest

SEAL = ".sealed-"


def verify_once(folder: Path) -> None:
    """Compare every file of a release with its checksum, unless that was done since any of them changed.

    Raises:
        ReleaseDamaged, ReleaseFormatError: what is wrong with it.
    """
    state = _state(folder)  # before they are read: what changes meanwhile breaks the seal
    if _note(folder) != state:
        Manifest.read(folder).verify_files(folder)
        _write(folder, state)


def seal(folder: Path) -> None:
    """Say that the files are right, for who has just made the checksums of them."""
    _write(folder, _state(folder))


def break_seals(releases: Path, release: str) -> None:
    """Remove the note on a release that goes."""
    for stale in releases.glob(f"{SEAL}{release}*"):
        with suppress(OSError):
            stale.unlink()


def _state(folder: Path) -> bytes:
    try:
        found = sorted((path.name, path.stat()) for path in folder.iterdir())
    except OSError as error:
        raise ReleaseDamaged(f"{folder}: {error}") from error
    return b"".join(
        f"{name} {stat.st_size} {stat.st_ino} {stat.st_mtime_ns} {stat.st_ctime_ns}\n".encode() for name, stat in found
    )


def _note(folder: Path) -> bytes | None:
    try:
        return folder.with_name(SEAL + folder.name).read_bytes()
    except OSError:
        return None


def _write(folder: Path, state: bytes) -> None:
    """Whole or not at all; where nothing can be written each start compares again."""
    aside = folder.with_name(f"{SEAL}{folder.name}.{uuid4().hex}")
    with suppress(OSError):
        try:
            aside.write_bytes(state)
            aside.replace(folder.with_name(SEAL + folder.name))
        finally:
            aside.unlink(missing_ok=True)
