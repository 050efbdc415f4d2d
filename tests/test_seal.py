"""A release that was compared with its checksums is not read through again, until any of its files changes."""

import os
import shutil
from pathlib import Path

import pytest
from conftest import MakeRelease, article

import recsys.manifest
from index.publish import prune, rollback
from recsys.errors import ReleaseDamaged
from recsys.release_folder import put_away, sweep
from recsys.seal import SEAL, seal, verify_once
from service.folder import Folder


@pytest.fixture
def folder(make_release: MakeRelease) -> Path:
    return make_release([article(n) for n in range(3)]).path


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read through."""
    names = list[str]()
    sha256_of = recsys.manifest.sha256_of

    def noted(path: Path) -> str:
        names.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr(recsys.manifest, "sha256_of", noted)
    return names


def test_what_the_night_published_is_served_without_reading_it_through(folder: Path, read: list[str]) -> None:
    served = Folder(folder.parent).other_than(None)
    assert served is not None
    assert served.id == folder.name
    assert read == []


def test_without_a_seal_it_is_read_once(folder: Path, read: list[str]) -> None:
    (folder.parent / f"{SEAL}{folder.name}").unlink()
    verify_once(folder)
    assert "cards.values.npy" in read or len(read) > 10
    read.clear()
    verify_once(folder)
    assert read == []


@pytest.mark.parametrize("how", ["byte", "byte and time", "put in its place", "cut", "one more"])
def test_any_change_breaks_the_seal(folder: Path, how: str) -> None:
    verify_once(folder)
    path = max(folder.glob("*.npy"), key=lambda one: one.stat().st_size)
    content, before = bytearray(path.read_bytes()), path.stat()
    content[-1] ^= 1
    if how == "put in its place":
        path.with_name("other").write_bytes(content)
        os.utime(path.with_name("other"), ns=(before.st_atime_ns, before.st_mtime_ns))
        path.with_name("other").replace(path)
    elif how == "one more":
        (folder / "more.npy").write_bytes(b"")
    else:
        path.write_bytes(content[:-1] if how == "cut" else content)
    if how == "byte and time":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    for _ in range(2):  # what is found wrong is not sealed
        with pytest.raises(ReleaseDamaged):
            verify_once(folder)
    assert Folder(folder.parent).other_than(None) is None


def test_a_copy_elsewhere_is_read_again(folder: Path, tmp_path: Path, read: list[str]) -> None:
    copy = tmp_path / "copy" / folder.name
    shutil.copytree(folder, copy)
    shutil.copy2(folder.parent / f"{SEAL}{folder.name}", copy.parent)
    verify_once(copy)
    assert read


def test_a_rollback_reads_it_all(folder: Path, read: list[str]) -> None:
    rollback(folder.parent, folder.name)
    assert read, "an editor who goes back wants to be sure"


def test_where_nothing_can_be_written_it_is_compared_each_time(
    folder: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.parent / f"{SEAL}{folder.name}").unlink()

    def refuse(_path: Path, _content: bytes) -> int:
        raise PermissionError

    monkeypatch.setattr(Path, "write_bytes", refuse)
    for _ in range(2):
        read.clear()
        verify_once(folder)
        assert read


def test_seals_go_with_their_releases(folder: Path) -> None:
    note = folder.parent / f"{SEAL}{folder.name}"
    assert note.is_file()
    stray = folder.parent / f"{SEAL}20200101T000000000Z-00000000"
    stray.write_bytes(b"")
    sweep(folder.parent)
    assert note.is_file()
    assert not stray.exists()
    prune(folder.parent, 1)
    assert note.is_file()
    put_away(folder.parent, folder.name)
    assert not note.exists()


def test_a_seal_is_of_the_state_before_it_was_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that changes while the checksums are made is compared again."""
    (folder.parent / f"{SEAL}{folder.name}").unlink()
    last = max(folder.glob("*.npy"))
    verify_files = recsys.manifest.Manifest.verify_files

    def meanwhile(manifest: recsys.manifest.Manifest, path: Path) -> None:
        verify_files(manifest, path)
        last.write_bytes(last.read_bytes()[:-1] + b"\xff\xff")

    monkeypatch.setattr(recsys.manifest.Manifest, "verify_files", meanwhile)
    verify_once(folder)
    monkeypatch.undo()
    with pytest.raises(ReleaseDamaged):
        verify_once(folder)
    seal(folder)
    verify_once(folder)  # whoever seals is believed
