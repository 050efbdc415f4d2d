"""A server and its client with nothing in their way while they are timed, and everything as it was afterwards."""

import gc
import mmap
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from eval.bench.apart import CLIENT, SERVER, ahead, on_core
from eval.bench.held import held
from eval.bench.uncollected import uncollected

COUNT = "import os; print(*sorted(os.sched_getaffinity(0)))"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to a core")
def test_what_is_started_stays_on_its_core_and_the_block_s_end_gives_all_back() -> None:
    every = sorted(os.sched_getaffinity(0))
    for place in (SERVER, CLIENT):
        with on_core(place):
            told = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True).stdout
            assert [*map(int, told.split())] == [every[place]] == sorted(os.sched_getaffinity(0))
        assert sorted(os.sched_getaffinity(0)) == every
    with pytest.raises(RuntimeError, match="in the block"), on_core(SERVER):
        raise RuntimeError("in the block")
    assert sorted(os.sched_getaffinity(0)) == every


def test_where_the_system_cannot_do_it_the_block_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    ran = []
    with on_core(SERVER):
        ran.append(True)
    assert ran == [True]


ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it in /proc")


@ON_LINUX
def test_all_threads_of_a_process_go_ahead_of_others_and_back_again() -> None:
    code = "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start(); print('ready', flush=True)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            before = policies(process.pid)
            assert len(before) == 2
            with ahead([process.pid]) as alone:
                assert policies(process.pid) == ([os.SCHED_FIFO] * 2 if alone else before)
            assert policies(process.pid) == before
            with pytest.raises(RuntimeError, match="in the block"), ahead([process.pid]):
                raise RuntimeError("in the block")
            assert policies(process.pid) == before
        finally:
            process.kill()


def policies(process: int) -> list[int]:
    return [os.sched_getscheduler(int(thread.name)) for thread in Path(f"/proc/{process}/task").iterdir()]


def test_who_may_not_go_ahead_is_told_and_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refused, raising=False)
    with ahead([os.getpid()]) as alone:
        assert not alone


@ON_LINUX
def test_files_are_held_in_memory_for_the_block(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 2**21)
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    before = locked()
    with held(tmp_path) as in_memory:
        assert locked() - before == (2**21 if in_memory else 0)
    assert locked() == before


def locked() -> int:
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(told.partition("VmLck:")[2].split()[0])


def test_what_would_fill_the_memory_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"x" * 6)
    for available, fits in ((11, False), (12, sys.platform == "linux")):
        told = SimpleNamespace(available=available)
        monkeypatch.setattr("psutil.virtual_memory", lambda told=told: told)
        with held(tmp_path) as in_memory:
            assert in_memory <= fits


@ON_LINUX
def test_what_may_not_be_held_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mapped = []

    class Refused:
        MAP_SHARED, PROT_READ = mmap.MAP_SHARED, mmap.PROT_READ

        @staticmethod
        def mmap(*given: int, **more: int) -> mmap.mmap:
            if mapped:
                raise BlockingIOError("more than may be locked")
            mapped.append(mmap.mmap(*given, flags=more["flags"] & ~0x2000, prot=more["prot"]))
            return mapped[0]

    for name in "ab":
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.setattr("eval.bench.held.mmap", Refused)
    with held(tmp_path) as in_memory:
        assert not in_memory
    assert [one.closed for one in mapped] == [True]


@pytest.mark.parametrize("was", [True, False])
def test_what_is_timed_is_not_searched_and_it_is_as_before_afterwards(was: bool) -> None:
    try:
        if not was:
            gc.disable()
        with uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() == was
        with pytest.raises(RuntimeError, match="in the block"), uncollected():
            raise RuntimeError("in the block")
        assert gc.isenabled() == was
    finally:
        gc.enable()
