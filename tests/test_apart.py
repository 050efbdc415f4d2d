"""A server and its client on a core each, and everything where it was afterwards."""

import os
import subprocess
import sys

import pytest

from eval.bench.apart import CLIENT, SERVER, on_core

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
