"""Several processes of this machine do a night's work as one does it alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import article
from fakes import FakeEmbedder
from test_workers import gone

from index.build import BuildConfig
from index.cores import Cores
from index.nightly import NightlyConfig, nightly
from recsys.errors import ClusterError
from recsys.release import Release
from recsys.store import ArticleStore


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cores]:
    with Cores(2, tmp_path_factory.mktemp("shared")) as cores:
        yield cores


def add(shared: np.ndarray, piece: int) -> tuple[int, int]:
    return int(shared[piece]) + piece, os.getpid()


def wrong(shared: None, piece: int) -> int:
    raise LookupError(f"piece {piece}")


def deadly(shared: None, piece: int) -> int:
    if piece == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return piece


def is_mapped(shared: tuple[np.ndarray, ...], piece: int) -> bool:
    return all(isinstance(one, np.memmap) for one in shared)


def test_pieces_come_back_in_order_from_other_processes(crew: Cores) -> None:
    found = list(crew.each(add, np.arange(100, 120), range(20)))
    assert [value for value, _ in found] == [100 + 2 * piece for piece in range(20)]
    assert os.getpid() not in {process for _, process in found}


def test_few_pieces_are_done_here(crew: Cores) -> None:
    assert {process for _, process in crew.each(add, np.arange(3), range(3))} == {os.getpid()}


def test_pieces_are_drawn_only_a_few_ahead(crew: Cores) -> None:
    drawn: list[int] = []
    for number, _ in enumerate(crew.each(add, np.arange(40), (drawn.append(n) or n for n in range(40)))):  # type: ignore[func-returns-value]
        assert len(drawn) <= number + 1 + 4
    assert drawn == list(range(40))


def test_what_is_shared_is_mapped_and_not_copied(crew: Cores) -> None:
    assert all(crew.each(is_mapped, (np.arange(1_000), np.zeros((10, 3), np.float32)), range(8)))


def test_what_is_shared_is_gone_from_the_disk_afterwards(tmp_path: Path) -> None:
    with Cores(2, tmp_path) as cores:
        work = cores.each(add, np.arange(10), range(10))
        next(work)
        assert list(tmp_path.iterdir())
        assert len(list(work)) == 9
        assert not list(tmp_path.iterdir())


def test_an_error_of_a_piece_is_raised_as_it_is(crew: Cores) -> None:
    with pytest.raises(LookupError, match="piece 0"):
        list(crew.each(wrong, None, range(8)))
    assert len(list(crew.each(add, np.arange(8), range(8)))) == 8  # and the crew is there for more


def test_a_process_that_is_killed_ends_the_work_with_a_clear_error(tmp_path: Path) -> None:
    with Cores(2, tmp_path) as cores, pytest.raises(ClusterError, match=r"one of 2 processes .* --cores 1"):
        list(cores.each(deadly, None, range(8)))


def test_a_night_of_several_processes_is_byte_for_byte_that_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("index.pair_table._ROWS", "index.texts._BLOCK"):
        monkeypatch.setattr(name, 20)
    monkeypatch.setattr("index.ranked._PAIRS", 500)
    store = ArticleStore.open(f"sqlite:///{tmp_path / 'articles.db'}", create=True)
    topics = ["harbour bridge closed", "choir sings in the park", "rail strike on monday", "oyster beds recover"]
    store.put(
        article(n, title=f"{topics[n % 4]} {n}", body=f"{topics[n % 4]} again, said Ines Vallory {n % 9}. " * 4)
        for n in range(150)
    )
    alone, together = (_night(store, tmp_path / str(processes), processes) for processes in (1, 2))
    names = sorted(alone.manifest.files)
    assert names == sorted(together.manifest.files)
    assert [name for name in names if (alone.path / name).read_bytes() != (together.path / name).read_bytes()] == []


def _night(store: ArticleStore, releases: Path, processes: int) -> Release:
    build = BuildConfig(neighbours=12, kin=6)
    nightly(store, releases, FakeEmbedder(), NightlyConfig(build, force=True, processes=processes))
    return Release.open(releases)


_STARTED = """
import sys, time
from pathlib import Path
from index.cores import Cores
from test_cores import add
import numpy as np
if __name__ == "__main__":
    with Cores(2, Path(sys.argv[1])) as cores:
        work = cores.each(add, np.arange(1000), range(1000))
        print(sorted({next(work)[1] for _ in range(50)}), flush=True)
        time.sleep(600)
"""


def test_processes_end_with_the_night_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "night.py"
    script.write_text(_STARTED, encoding="utf-8")
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    command = [sys.executable, str(script), str(tmp_path)]
    night = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths})
    assert night.stdout is not None
    try:
        workers = [int(one) for one in night.stdout.readline().strip("[]\n").split(", ")]  # one may have done it all
        assert not any(map(gone, workers))
    finally:
        night.kill()
        night.wait()
        night.stdout.close()
    deadline = time.monotonic() + 60
    while not all(map(gone, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert all(map(gone, workers))
