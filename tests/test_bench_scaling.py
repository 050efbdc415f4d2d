"""The benchmark of the night on a cluster: what it makes of the nights' logs; no night is run."""

from pathlib import Path
from typing import Any

import pytest

import eval.bench.scaling
from eval.bench.benchmark import Room
from eval.bench.scaling import ALONE, Scaling, rate_of
from recsys.errors import MissingExtra, RecsysError
from recsys.progress import progress


def test_the_rate_is_that_of_the_nights_own_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for label, number, seconds in (("embed", 37, 4.0), ("neighbours", 20_000, 10.0)):
        moments = iter([0.0, *[seconds] * 2])
        with progress(label, number, terminal=False, clock=lambda moments=moments: next(moments)) as advance:  # type: ignore[misc]
            advance(number)
    assert [rate_of(what, caplog.text) for what in ("embed", "neighbours")] == [9.25, 2_000]
    with pytest.raises(RecsysError, match="tells no rate of words"):
        rate_of("words", caplog.text)


def test_efficiency_is_the_rate_over_that_of_as_many_single_workers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("ray", reason="it comes with the extra ray")
    rates = {(): 10.0, ("1",): 8.0, ("2",): 12.0}

    def night(name: str, *arguments: Any) -> str:
        assert (name, arguments[0]) == ("index", "nightly")
        rate = rates[tuple(arguments[-1:] if "--ray" in arguments else ())]
        what = "neighbours" if "--model" in arguments else "embed"
        return f"{what}: 5 of 5 articles, done in 1 s ({rate} articles/s)"

    class Base:
        model = tmp_path

    monkeypatch.setattr(eval.bench.scaling, "log_of", night)
    monkeypatch.setattr(eval.bench.scaling, "prepared", lambda *_: Base())
    monkeypatch.setattr(eval.bench.scaling, "copied", lambda base, folder: "sqlite:///a.db")
    found = list(Scaling(repetitions=2).measure(Room(tmp_path, tmp_path)))
    values = {(one.case, one.what): one.figures[0].value for one in found}
    for what in ("embed", "neighbours"):
        assert values[ALONE, what] == 10.0
        assert values["1 worker", f"{what}: rate, to {ALONE}"] == 0.8
        assert values["2 workers", f"{what}: rate, to {ALONE}"] == 1.2
        assert values["2 workers", f"{what}: efficiency"] == 0.75


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingExtra, match="news-recsys"):
        list(Scaling().measure(Room(tmp_path, tmp_path)))
