"""The benchmark of the night: what it makes of the times of nights; none is run here."""

from pathlib import Path

import numpy as np
import pytest

import eval.bench.night
from eval.bench.benchmark import Room
from eval.bench.ended import Ended, run_to_its_end
from eval.bench.night import ADDS, BUILDS, Night, slope
from recsys.errors import RecsysError


def test_a_program_is_run_to_its_end_and_measured() -> None:
    done = run_to_its_end("json.tool", "--help")
    assert "usage" in done.log
    assert 0 < done.seconds < 600
    with pytest.raises(RecsysError, match=r"(?s)ended with status 2: .*no-such-option"):
        run_to_its_end("json.tool", "--no-such-option")


HUNGRY = """
import subprocess, sys, time
held = bytearray(80 * 2**20)
held[:: 4096] = b"x" * len(held[:: 4096])
if len(sys.argv) < 2:
    subprocess.run([sys.executable, "-m", "hungry", "alone"], check=True)
time.sleep(0.5)
"""


def test_memory_is_that_of_all_processes_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    held = np.ones(50_000_000)  # a program must not be charged with what its starter has
    (tmp_path / "hungry.py").write_text(HUNGRY, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    one, two = run_to_its_end("hungry", "alone"), run_to_its_end("hungry")
    assert 80 < one.own < 140
    assert 160 < two.own < 250
    assert 80 < two.peak < 140, "of the largest alone"
    assert held.all()


def test_ratios_rates_and_growth_are_those_of_the_nights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = list[tuple[int, str, bool]]()

    def night(_self: Night, size: int, _scratch: Path, _numbers: object, kind: str, embed: bool, _: int) -> Ended:
        asked.append((size, kind, embed))
        return Ended(size / 100 if kind == BUILDS else 2.0 + embed, 1.0, size**0.5, "")

    monkeypatch.setattr(eval.bench.night, "prepared", lambda config, _: config.articles)
    monkeypatch.setattr(Night, "_night", night)
    found = list(Night((400, 100), 50, repetitions=2).measure(Room(tmp_path, tmp_path)))
    values = {(one.case, one.what): one.figures[0].value for one in found}
    assert values["400 articles, 50 changed: adds, vectors known", "night: builds all, to adds"] == 2.0
    assert values["400 articles, 50 changed: adds, embeds", "articles taken in"] == pytest.approx(50 / 3)
    assert values["400 articles, 50 changed: builds all, embeds", "articles taken in"] == 100
    assert values["growth with the archive: adds, embeds", "night"] == pytest.approx(0)
    assert values["growth with the archive: builds all, embeds", "night"] == pytest.approx(1)
    assert values["growth with the archive: builds all, embeds", "peak memory of its own"] == pytest.approx(0.5)
    assert len(asked) == 2 * 2 * 4
    asked.clear()
    alone = Night((100,), embed=False, full=False).measure(Room(tmp_path, tmp_path))
    assert {one.case for one in alone} == {"100 articles, 500 changed: adds, vectors known"}
    assert asked == [(100, ADDS, False)]


def test_a_slope_is_fitted_to_all_sizes() -> None:
    assert slope([10, 100, 1_000], [1.0, 10.0, 100.0]) == pytest.approx(1)
    assert slope([10, 100, 1_000], [1.0, 30.0, 100.0]) == pytest.approx(1)
