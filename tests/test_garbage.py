"""A worker looks for unreachable cycles rarely, and yet keeps no release that it serves no more."""

import gc
import subprocess
import sys
import weakref
from math import prod
from pathlib import Path

from conftest import MakeRelease, article

from recsys.release import Release
from service.live import Live


def test_a_worker_leaves_aside_what_stays_and_looks_less_often(tmp_path: Path) -> None:
    code = (
        "import gc, os; from service.app import app_from_environment\n"
        f"os.environ['RECSYS_RELEASES'] = {str(tmp_path)!r}; before = gc.get_threshold(); app_from_environment()\n"
        "print(gc.get_freeze_count(), *before, *gc.get_threshold())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    frozen, *thresholds = map(int, done.stdout.split())
    assert frozen > 10_000
    assert prod(thresholds[3:]) > 100 * prod(thresholds[:3])  # new objects between two looks at all
    assert prod(thresholds[3:5]) <= 20_000  # a look at fewer stops nobody for long


def test_a_release_that_is_served_no_more_is_let_go_though_nobody_looks_for_cycles(
    make_release: MakeRelease, tmp_path: Path
) -> None:
    releases = [make_release([article(n) for n in range(size)]) for size in (3, 4)]
    folder = tmp_path / "followed"
    folder.mkdir()
    live, seen = Live(folder), list[weakref.ref[Release]]()
    gc.disable()
    try:
        for release in releases:
            (folder / release.path.name).symlink_to(release.path)
            (folder / "CURRENT").write_text(f"{release.path.name}\n")
            live.step()
            assert live.view is not None
            assert len(live.view.base) == len(release)
            cycle: list[object] = [live.view.base]
            cycle.append(cycle)
            seen.append(weakref.ref(live.view.base))
            del cycle
        assert [one() is None for one in seen] == [True, False]
    finally:
        gc.enable()
