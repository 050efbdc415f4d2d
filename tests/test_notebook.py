"""Our values are pleasant in a notebook, and the notebook in `examples/` shows what it really gives."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeRelease, article
from notebook import code, run, stored

from eval.judgments import Judgments, merged
from eval.runs import Run
from recsys import Recommender
from recsys.answers import Source
from recsys.errors import MissingExtra

EXAMPLES = Path(__file__).parents[1] / "examples"
RELEASE = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{8}")
NUMBER = re.compile(r"-?\d+\.\d+(?:e-\d+)?")


def test_a_release_as_a_frame_has_its_rows_in_order(make_release: MakeRelease) -> None:
    release = make_release([article(1, section="news/city"), article(2, published_at=None), article(3)])
    frame = release.frame()
    assert list(frame["id"]) == ["a001", "a002", "a003"]
    assert list(frame["section"]) == ["news/city", "", ""]
    assert frame["published_at"].isna().tolist() == [False, True, False]
    assert frame["published_at"].dt.tz is not None
    assert frame.loc[release.row("a003"), "title"] == "Story 3"
    assert frame["text_length"].tolist() == release.text_length.tolist()


def test_an_answer_as_a_frame_has_its_parts_beside_its_score(make_release: MakeRelease) -> None:
    recommender = Recommender(make_release([article(n) for n in range(8)]))
    answer = recommender.similar("a001", 5, explain=True)
    frame = answer.frame()
    assert list(frame["id"]) == [item.id for item in answer.items]
    assert list(frame["rank"]) == [1, 2, 3, 4, 5]
    parts = [name for name in frame if str(name).startswith("part_")]
    assert parts == [f"part_{name}" for name in answer.items[0].parts or {}]
    assert frame[parts].sum(axis=1).tolist() == pytest.approx(frame["score"].tolist())
    assert "part_semantic" not in recommender.similar("a001", 5).frame()
    assert recommender.similar("a001", 0).frame().empty


def test_runs_and_judgments_as_frames_lose_nothing() -> None:
    run = Run.of("ours", {"a": [("b", 0.5, Source.SIMILAR), ("c", 0.25, None)], "d": []})
    lines = run.frame()
    assert lines.drop(columns="source").to_dict("list") == {
        "system": ["ours", "ours"],
        "query": ["a", "a"],
        "rank": [1, 2],
        "doc": ["b", "c"],
        "score": [0.5, 0.25],
    }
    assert lines["source"][0] == "similar"
    assert lines["source"].isna().tolist() == [False, True]
    links, clicks = Judgments({"a": {"b": 1.0}}, "links"), Judgments({"a": {"b": 0.5, "c": 2.0}}, "clicks")
    frame = merged([links, clicks]).frame()
    assert frame.to_dict("list") == {
        "article": ["a", "a"],
        "related": ["b", "c"],
        "gain": [1.0, 2.0],
        "source": ["links + clicks", "clicks"],
    }
    assert list(Judgments({}).frame().columns) == ["article", "related", "gain", "source"]


def test_what_a_notebook_shows_is_short_and_harmless(make_release: MakeRelease) -> None:
    release = make_release([article(n, title=f"<script>{n}</script>", byline="Ines Vallory") for n in range(8)])
    related = Recommender(release).related("a001")
    run = Run.of("<i>", {"a": [("b", 0.5)]})
    values: list[Any] = [release, related, Recommender(release).similar("a001"), run, Judgments({"a": {}}, "<i>")]
    for value in values:
        shown = value._repr_html_()
        assert shown.startswith("<table><caption>")
        assert "<script>" not in shown
        assert "<i>" not in shown
    assert "&lt;script&gt;2&lt;/script&gt;" in related._repr_html_()
    assert "2026-01-01 to 2026-01-08" in release._repr_html_()


def test_without_pandas_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"pip install 'news-recsys\[eval\]'"):
        Run.of("ours", {}).frame()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.name)
def test_an_example_shows_what_it_gives(path: Path, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only figures or lists moved on purpose: `python tests/make_examples.py` writes them again."""
    (demo / "examples").mkdir(exist_ok=True)
    monkeypatch.chdir(demo / "examples")
    names: dict[str, Any] = {}
    assert len(code(path)) > 5
    for cell in code(path):
        real, shown = (
            {kind: RELEASE.sub("ID", text) for kind, text in o.items()} for o in (run(cell, names), stored(cell))
        )
        assert {k: NUMBER.sub("#", t) for k, t in shown.items()} == {k: NUMBER.sub("#", t) for k, t in real.items()}
        for kind, text in real.items():
            figures = [float(number) for number in NUMBER.findall(text)]
            assert [float(number) for number in NUMBER.findall(shown[kind])] == pytest.approx(figures, abs=0.01)


def test_examples_name_no_place_on_a_machine() -> None:
    for path in EXAMPLES.iterdir():
        assert not re.search(r"/(?:home|work|tmp|root|Users|var/folders)/", path.read_text(encoding="utf-8"))
