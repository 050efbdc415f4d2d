"""Seals: a note beside a release that its files were compared with their checksums, so that each worker need not do so.

To read a release of a million articles through takes seconds, in every worker at every start. A seal holds the size,
number and times of each file: whoever writes to one, or puts another in its place, breaks it, and all is compared
again. What a disk changes by itself it does not see; `python -m index verify` reads everything.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def keeping_seals(releases: Path) -> Iterator[None]:
    """Around what makes or removes hard links to files of releases: that changes their times, and nothing else.

    Whatever held before and is but for that as it was holds again afterwards, without being read.
    """
    notes = [note for note in releases.glob(f"{SEAL}*") if (releases / note.name.removeprefix(SEAL)).is_dir()]
    folders = [releases / note.name.removeprefix(SEAL) for note in notes]
    held = {folder: state for folder in folders if (state := _state_or_none(folder)) and state == _note(folder)}
    try:
        yield
    finally:
        for folder, before in held.items():
            after = _state_or_none(folder)
            if after and after != before and _but_for_links(after) == _but_for_links(before):
                _write(folder, after)


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


def _state_or_none(folder: Path) -> bytes | None:
    try:
        return _state(folder)
    except ReleaseDamaged:
        return None


def _but_for_links(state: bytes) -> list[bytes]:
    """Without the time that a link changes: the last of each line."""
    return [line.rpartition(b" ")[0] for line in state.splitlines()]


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
