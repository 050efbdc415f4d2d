"""Files that are read before they are needed: in their order, no more than there is room for, and no trouble."""

from pathlib import Path

import pytest

from index.read_ahead import read_ahead

MEMORY = 2**22


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = [tmp_path / name for name in "abc"]
    for file in found:
        file.write_bytes(bytes(3 * 2**20 + 5))
    return found


def taken_in(monkeypatch: pytest.MonkeyPatch, files: list[Path], most: int | None) -> dict[str, int]:
    """Bytes that are read of each file, by its name."""
    opened, read = Path.open, dict[str, int]()

    class Watched:
        def __init__(self, path: Path) -> None:
            self._name, self._file = path.name, opened(path, "rb", buffering=0)

        def __enter__(self) -> "Watched":
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def readinto(self, buffer: bytearray) -> int:
            found = self._file.readinto(buffer) or 0
            read[self._name] = read.get(self._name, 0) + found
            return found

    with monkeypatch.context() as patch:
        patch.setattr("index.read_ahead.memory", lambda: MEMORY)
        patch.setattr(Path, "open", lambda path, *_args, **_named: Watched(path))
        reader = read_ahead(files, most)
        reader.join(20)
    assert not reader.is_alive()
    return read


def test_all_that_there_is_room_for_is_read_in_its_order(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    size = files[0].stat().st_size
    assert taken_in(monkeypatch, files, 4 * size) == {"a": size, "b": size, "c": size}
    assert taken_in(monkeypatch, files, None) == {"a": MEMORY // 4 * 3}, "three quarters of the memory"
    little = taken_in(monkeypatch, files[::-1], size + 1)
    assert list(little) == ["c", "b"]
    assert little["c"] == size
    assert little["b"] <= 2**20


def test_a_file_that_is_missing_keeps_no_other_from_being_read(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = taken_in(monkeypatch, [tmp_path / "missing", *files], 2**30)
    assert list(found) == ["a", "b", "c"]
