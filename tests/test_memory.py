"""How much memory a night may use: the machine's, or what its container is allowed."""

import os
from pathlib import Path

import pytest

from index.memory import memory

MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("index.memory._GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr("index.memory._MOUNTED", tmp_path / "sys")
    return tmp_path


def limited(system: Path, groups: str, limits: dict[str, str]) -> int:
    (system / "cgroup").write_text(groups)
    for place, limit in limits.items():
        file = system / "sys" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(limit + "\n")
    return memory()


def test_where_nothing_limits_it_all_of_the_machine_s_is_there(system: Path) -> None:
    assert memory() == MACHINE, "no such file, as elsewhere than on Linux"
    assert limited(system, "0::/\n", {}) == MACHINE
    assert limited(system, "0::/night\n", {"night/memory.max": "max"}) == MACHINE
    unlimited = {"memory/memory.limit_in_bytes": "9223372036854771712"}
    assert limited(system, "4:memory:/\n0::/\n", unlimited) == MACHINE


@pytest.mark.parametrize(
    ("groups", "limits"),
    [
        ("0::/\n", {"memory.max": "1000"}),
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "1000"}),
        ("0::/a/b\n", {"a/b/memory.max": "1000", "a/memory.max": "2000"}),
        ("0::/docker/1f2e\n", {"memory.max": "1000"}),
        ("9:cpu,cpuacct:/a\n8:memory:/a\n0::/\n", {"memory/a/memory.limit_in_bytes": "1000"}),
        ("8:memory:/docker/1f2e\n", {"memory/memory.limit_in_bytes": "1000"}),
    ],
)
def test_the_least_that_a_group_around_it_is_allowed_counts(system: Path, groups: str, limits: dict[str, str]) -> None:
    assert limited(system, groups, limits) == 1000


def test_what_limits_other_things_or_other_groups_does_not_count(system: Path) -> None:
    others = {"cpu/memory.limit_in_bytes": "1000", "memory/b/memory.limit_in_bytes": "1000"}
    assert limited(system, "9:cpu:/a\n8:memory:/a\n", others) == MACHINE
