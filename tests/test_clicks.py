"""Click logs become judgments of pairs, by counts alone, and a bad line is no catastrophe."""

import gzip
import json
import logging
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval.judged.clicks import read_clicks
from eval.judged.coec import ClickConfig
from eval.judged.widget_log import read_widget_log
from eval.judgments import Judgments
from recsys.errors import ConfigError, SourceError

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
EVERYTHING = ClickConfig(min_shown=1, min_clicks=1, prior=1)


def behaviors(folder: Path, lines: list[tuple[str, str]]) -> Path:
    """A log of (history, impressions)."""
    path = folder / "behaviors.tsv"
    rows = [f"{n}\tU{n:05}\t11/11/2019 9:05:58 AM\t{history}\t{shown}" for n, (history, shown) in enumerate(lines)]
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_click_belongs_to_the_last_article_read_and_is_held_against_what_was_expected(tmp_path: Path) -> None:
    path = behaviors(
        tmp_path,
        [
            ("N1 N2", "N3-1 N4-0"),
            ("N2", "N3-1 N4-1"),
            ("N9", "N3-0 N4-0"),
            ("", "N3-0 N5-1"),  # nobody knows after what
        ],
    )
    # N3 is clicked in 2 of 4 showings: after N2 it was shown twice, so one click was expected and two came
    # N4 is clicked in 1 of 3 showings: two thirds of a click were expected after N2
    found = read_clicks(path, EVERYTHING)
    assert found.source == "clicks"
    assert found.gains == {
        "N2": {"N3": pytest.approx((2 - 1) / (1 + 1)), "N4": pytest.approx((1 - 2 / 3) / (2 / 3 + 1))}
    }
    assert read_clicks(path, ClickConfig(min_shown=2, min_clicks=2, prior=1)).gains == {"N2": {"N3": 0.5}}
    assert read_clicks(path, ClickConfig(min_shown=3, min_clicks=1)).gains == {}


LOG = st.lists(
    st.tuples(
        st.lists(st.sampled_from("ABC"), max_size=2),
        st.dictionaries(st.sampled_from("ABCD"), st.booleans(), min_size=1),
    ),
    min_size=1,
    max_size=12,
)


@in_one_folder
@given(LOG, st.integers(1, 3), st.integers(1, 3))
def test_gains_are_those_of_a_plain_count(
    tmp_path: Path, log: list[tuple[list[str], dict[str, bool]]], min_shown: int, min_clicks: int
) -> None:
    path = behaviors(
        tmp_path, [(" ".join(h), " ".join(f"{a}-{int(click)}" for a, click in shown.items())) for h, shown in log]
    )
    expected: dict[str, dict[str, float]] = {}
    for last in "ABC":
        for other in "ABCD":
            clicks = [shown[other] for h, shown in log if h and h[-1] == last and other in shown]
            anywhere = [shown[other] for _, shown in log if other in shown]
            if last != other and sum(clicks) >= min_clicks and len(clicks) >= min_shown:
                rate = sum(anywhere) / len(anywhere)
                gain = (sum(clicks) + 1) / (len(clicks) * rate + 1) - 1
                expected.setdefault(last, {})[other] = pytest.approx(max(0, gain), abs=1e-12)
    expected = {last: known for last, known in expected.items() if any(gain != 0 for gain in known.values())}
    assert read_clicks(path, ClickConfig(min_shown, min_clicks, prior=1)).gains == expected


def test_no_reader_is_in_what_comes_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = behaviors(tmp_path, [("N1", "N2-1")] * 3 + [("N9", "N2-0")] * 2)
    path.write_text(path.read_text() + "9\tUsecret\t\tN1\tN2\n9\tUsecret\tN1\n")
    with caplog.at_level(logging.WARNING):
        found = read_clicks(path, EVERYTHING)
    assert list(found.gains) == ["N1"]
    assert "U0" not in repr(found)
    assert "Usecret" not in caplog.text
    assert "2 of 7 lines are left out; line 6: 'N2' is not an article" in caplog.text
    assert "line 7: 3 columns" in caplog.text
    assert caplog.text.count("left out") == 1


def test_a_log_of_bad_lines_alone_is_refused_and_a_packed_one_is_read(tmp_path: Path) -> None:
    for text in ("1\tU1\t\tN1\tN2 N3\n" * 9, "\xff\n", "", "1\tU1\t\tN1\t \n"):
        (tmp_path / "test.tsv").write_text(text, encoding="latin-1")
        with pytest.raises(SourceError, match="none of its"):
            read_clicks(tmp_path / "test.tsv")
    plain = behaviors(tmp_path, [("N1", "N2-1 N3-0"), ("N4", "N2-0")] * 20)
    packed = tmp_path / "behaviors.tsv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_clicks(packed) == read_clicks(plain) == Judgments({"N1": {"N2": 10 / 12}}, "clicks")
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(SourceError, match=r"behaviors\.tsv\.gz"):
        read_clicks(packed)


@pytest.mark.parametrize("settings_of", [{"min_shown": 0}, {"min_clicks": 0}, {"prior": 0.0}, {"prior": float("nan")}])
def test_evidence_that_cannot_be_asked_for_is_refused(settings_of: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        ClickConfig(**settings_of)  # type: ignore[arg-type]


def showing(article: str, shown: list[str], clicked: str | None, **more: object) -> dict[str, object]:
    return {"time": "2026-01-17T06:10:00Z", "article": article, "list": "similar", "shown": shown,
            "clicked": clicked} | more  # fmt: skip


def widget_log(folder: Path, lines: list[dict[str, object]]) -> Path:
    path = folder / "widget.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_place_is_not_a_merit(tmp_path: Path) -> None:
    lines = [showing("a", ["b", "c"], "b")] * 4 + [showing("a", ["c", "b"], None)] * 4
    lines += [showing("d", ["e"], None)] * 4 + [showing("a", ["x"], "x", list="author")] * 4
    found = read_widget_log(widget_log(tmp_path, lines), ClickConfig(min_shown=8, min_clicks=1, prior=1))
    # first places: 12 showings, 4 clicks; second places: none. b and c stood first four times each
    assert found.source == "widget log"
    assert found.gains == {"a": {"b": pytest.approx(4 / (4 / 3 + 1)), "c": 0.0}}
    author = read_widget_log(tmp_path / "widget.jsonl", EVERYTHING, lists=["author"])
    assert author.gains == {"a": {"x": pytest.approx(4 / 5)}}


def test_two_equal_articles_get_equal_gains_wherever_they_stand(tmp_path: Path) -> None:
    rng = random.Random(3)
    lines, raw = [], Counter[str]()
    for _ in range(20_000):  # every article is equally good; a reader looks at the first place four times as often
        page = rng.choice("pq")
        shown = [f"{page}1", f"{page}2"] if rng.random() < 0.8 else [f"{page}2", f"{page}1"]
        clicked = shown[0] if rng.random() < 0.4 else shown[1] if rng.random() < 0.1 / 0.6 else None
        raw[clicked or ""] += 1
        lines.append(showing(page, shown, clicked))
    gains = read_widget_log(widget_log(tmp_path, lines)).gains
    assert raw["p1"] > 1.9 * raw["p2"]
    assert [gain for known in gains.values() for gain in known.values()] == pytest.approx([1, 1, 1, 1], abs=0.06)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (showing("a", ["b"], None, user="u1"), "unknown field `user`"),
        (showing("a", ["b"], "c"), "'c' was clicked but not shown"),
        (showing("a", ["b", "b"], "b"), "shown twice"),
        (showing("a", ["b"], None, time="2026-01-17T06:10:00"), "time"),
        (showing("a", ["b"], None, list="other"), "list"),
        ({"article": "a"}, "missing required field"),
    ],
)
def test_a_line_that_says_more_or_less_than_it_should_is_left_out(
    tmp_path: Path, line: dict[str, object], problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    good = [showing("a", ["b"], "b")] * 20
    with caplog.at_level(logging.WARNING):
        found = read_widget_log(widget_log(tmp_path, [*good, line]))
    assert found.gains == {"a": {"b": pytest.approx(20 / 22)}}
    assert "1 of 21 lines are left out; line 21: " in caplog.text
    assert problem in caplog.text
    with pytest.raises(SourceError, match=problem):
        read_widget_log(widget_log(tmp_path, [line]))
