"""The report is one folder that can be trusted: it escapes, repeats itself, agrees with the other commands."""

import json
import os
import subprocess
import sys
import tempfile
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from conftest import DAY_ZERO, article, published
from hypothesis import given
from hypothesis import strategies as st

from eval.__main__ import main
from eval.clusters import story_clusters
from eval.judged.stories import read_stories
from eval.judgments import Judgments, merged, read_links
from eval.measures import Measure
from eval.metrics import per_query
from eval.report.cases import cases
from eval.report.config import ReportConfig
from eval.report.latex import latex
from eval.report.study import measured
from eval.report.tables import Table
from eval.runfiles import read_run
from eval.runs import Run
from recsys import Release

ROOT = Path(__file__).parents[1]
HOSTILE = '<script>alert(1)</script> "><img src=x onerror=alert(2)> $x_1$ & {{ 7 * 7 }}'
VOID = {"meta", "br", "img", "link", "input"}


class Page(HTMLParser):
    """What stands in a page: its elements with their attributes, and its text; every element must be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A paper whose titles and addresses are those of an attacker."""
    articles = [
        article(n, title=f"{n} {HOSTILE}", section=f"news/{'ab'[n % 2]}", byline="Ines <b>Vallory</b>")
        for n in range(24)
    ]
    return published(tmp_path_factory.mktemp("paper"), [*articles, article(30, url="javascript:alert(3)")])


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("links") / "links.tsv"
    pairs = [(n + 3, n) for n in range(12)] + [(n + 8, n) for n in range(8)] + [(30, 29), (99, 1)]
    path.write_text("article_id\trelated_id\n" + "".join(f"a{a:03}\ta{b:03}\n" for a, b in pairs))
    return path


def report(release: Release, links: Path, out: Path, *options: str) -> Result:
    """The command, as somebody would call it."""
    given = ["--releases", str(release.path), "--links", str(links), "--out", str(out), *options]
    return CliRunner().invoke(main, ["report", *given], catch_exceptions=True)


def files(folder: Path) -> dict[Path, bytes]:
    """Everything in a folder."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(paper: Release, links: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with everything in it."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "flat <i>.json").write_text('{"freshness_floor": 1}')
    store = f"sqlite:///{paper.path.parent.parent / 'articles.db'}"
    options = ["--store", store, "--weights", str(folder / "flat <i>.json"), "--show", "3", "--as-of", "published"]
    result = report(paper, links, folder / "out", *options)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip().endswith("report.html")
    assert "| our ranking | " in result.stdout
    return folder / "out"


def test_the_page_needs_nothing_from_outside_and_runs_nothing(made: Path) -> None:
    page = Page((made / "report.html").read_text(encoding="utf-8"))
    assert not {tag for tag, _ in page.elements} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
    }
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcset", "action")], tag
        for name in ("href", "xlink:href"):
            if name in attributes:
                assert str(attributes[name]).startswith(("https://paper.example/", "#"))
    style = "".join(page.text) + "".join(str(a.get("style")) for _, a in page.elements)
    assert "@import" not in style
    assert "url(http" not in style
    policy = [one["content"] for tag, one in page.elements if tag == "meta" and "http-equiv" in one]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_titles_are_shown_as_they_are(made: Path) -> None:
    page = Page((made / "report.html").read_text(encoding="utf-8"))
    text = "".join(page.text)
    assert HOSTILE in text
    assert "flat <i>" in text
    assert "2026-01-0" in text
    assert "news/a" in text
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert sum(tag == "svg" for tag, _ in page.elements) == 4


def test_the_figures_are_those_of_the_other_commands(made: Path, links: Path, paper: Release) -> None:
    found = json.loads((made / "report.json").read_text(encoding="utf-8"))
    systems = {one["system"]: one for one in found["systems"]}
    assert len(systems) == 13
    assert found["judgments"]["missing"] == 1
    assert found["config"]["as_of"] == "published"
    assert found["release"]["id"] == paper.id
    judgments = read_links(links)
    asked = judgments.only({query for query in judgments.gains if query in paper})
    name = "bm25" if systems["BM25"] else ""
    for path in (made / "runs" / f"{name}.jsonl", made / "runs" / f"{name}.trec"):
        values = per_query(read_run(path), asked, Measure("nDCG", 10))
        estimate = systems["BM25"]["measures"]["nDCG@10"]
        assert estimate["value"] == pytest.approx(sum(values.values()) / len(values))
        assert estimate["n"] == len(values) == len(asked)
        assert estimate["low"] <= estimate["value"] <= estimate["high"]
    runs = [word for path in sorted((made / "runs").glob("*.jsonl")) for word in ("--run", str(path))]
    compared = [*runs, "--links", str(links), "--baseline", found["baseline"]["system"]]
    (made.parent / "asked.tsv").write_text(links.read_text().replace("a099\ta001\n", ""))
    compared[-3] = str(made.parent / "asked.tsv")
    lines = CliRunner().invoke(main, ["compare", *compared]).stdout.splitlines()
    for one in found["comparisons"]:
        (line,) = [line for line in lines if line.startswith(f"| {one['system']} |")]
        assert f"| {one['effect']:+.3g} | [{one['low']:+.3g}, {one['high']:+.3g}]" in line
        assert f"| {one['corrected_p']:.3g} | 12 |" in line
    table = (made / "per-query.tsv").read_text().splitlines()
    column = table[0].split("\t").index("BM25")
    assert [float(line.split("\t")[column]) for line in table[1:]] == list(values.values())


def test_the_same_input_gives_the_same_bytes_in_another_process(paper: Release, links: Path, tmp_path: Path) -> None:
    options = ["--show", "2", "--releases", str(paper.path), "--links", str(links)]
    for name, seed in (("first", "0"), ("third", "1")):
        assert report(paper, links, tmp_path / name, "--show", "2", "--seed", seed).exit_code == 0
    command = [sys.executable, "-m", "eval", "report", *options, "--out", str(tmp_path / "second")]
    surroundings = {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "2", "TZ": "Asia/Tokyo", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, env=os.environ | surroundings, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    first, second = files(tmp_path / "first"), files(tmp_path / "second")
    assert sorted(first) == sorted(second)
    assert [path for path in first if first[path] != second[path]] == []
    assert (tmp_path / "third/report.json").read_bytes() != first[Path("report.json")]
    assert str(tmp_path).encode() not in b"".join(first.values())


def test_nothing_is_called_better_where_nothing_differs(paper: Release, links: Path, tmp_path: Path) -> None:
    (tmp_path / "twin.json").write_text("{}")
    options = ["--weights", str(tmp_path / "twin.json"), "--baseline", "our ranking", "--system", "twin"]
    result = report(paper, links, tmp_path / "out", *options)
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "out/report.json").read_text())
    assert {one["system"]: one["winner"] for one in found["comparisons"]}["twin"] is None
    assert found["cases"] == {"won": [], "lost": []}
    assert "0.0000, interval +0.0000 to +0.0000, p 1 after Holm" in result.stdout
    for one in found["comparisons"]:
        if one["low"] <= 0 <= one["high"]:
            assert one["winner"] is None
            better = [line for line in result.stdout.splitlines() if line.endswith(("better |", "worse |"))]
            assert not any(line.startswith(f"| {one['system']} |") for line in better)


def test_lists_side_by_side_hold_the_largest_differences_and_what_both_missed(made: Path, links: Path) -> None:
    found = json.loads((made / "report.json").read_text())
    judgments = read_links(links)
    asked = judgments.only({query for query in judgments.gains if query != "a099"})
    names = "our-ranking", found["baseline"]["system"].lower().replace(" ", "-")
    ours, theirs = (per_query(read_run(made / f"runs/{name}.jsonl"), asked, Measure("nDCG", 10)) for name in names)
    differences = {query: ours[query] - theirs[query] for query in ours}
    best = sorted((q for q, d in differences.items() if d > 0), key=lambda q: (-differences[q], q))[:3]
    worst = sorted((q for q, d in differences.items() if d < 0), key=lambda q: (differences[q], q))[:3]
    assert [case["article"]["id"] for case in found["cases"]["won"]] == best
    assert [case["article"]["id"] for case in found["cases"]["lost"]] == worst
    assert best or worst
    for case in found["cases"]["won"] + found["cases"]["lost"]:
        known = judgments.gains[case["article"]["id"]]
        shown = {entry["id"] for entry in case["ours"] + case["theirs"]}
        assert {entry["id"] for entry in case["missed"]} == set(known) - shown
        assert all((entry["gain"] is not None) == (entry["id"] in known) for entry in case["ours"])


def test_each_source_of_judgments_is_told_alone(tmp_path: Path) -> None:
    run = Run.of("ours", {"a": [("b", 1.0)], "c": [("d", 1.0)]})
    links = [Judgments({"a": {"b": 1.0}}, "links"), Judgments({"c": {"e": 1.0}}, "links")]
    clicks = Judgments({"c": {"d": 2.0}}, "clicks")
    release = published(tmp_path, [article(n, id=name) for n, name in enumerate("abcde")])
    assert measured(run, release, merged([*links, clicks]), ReportConfig()).by_source == {"links": 0.5, "clicks": 1.0}


def test_a_file_of_pairs_has_a_largest_size(
    paper: Release, links: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("eval.report.folder.MOST_PAIRS", 3)
    assert report(paper, links, tmp_path / "out").exit_code == 0
    assert not (tmp_path / "out/judgments.qrels").exists()
    assert "judgments.qrels is left out: 21 pairs are more than 3" in caplog.text


def test_only_addresses_of_the_web_can_be_followed(paper: Release) -> None:
    judgments = Judgments({"a001": {"a030": 1.0, "a002": 1.0, "gone": 1.0}})
    ours, theirs = Run.of("ours", {"a001": [("a030", 1.0), ("a002", 0.5)]}), Run.of("theirs", {})
    (case,) = cases(paper, judgments, {"a001": 0.5}, ours, theirs, show=9, length=9).won
    assert [entry.url for entry in case.ours] == ["", "https://paper.example/story/2"]
    assert [(entry.title, entry.url, entry.gain) for entry in case.missed] == [("gone", "", 1.0)]


def test_queries_of_one_story_are_one_cluster(paper: Release, tmp_path: Path) -> None:
    rows = [f"s{n // 4}\ta{n:03}\n" for n in range(16)]
    (tmp_path / "stories.tsv").write_text("story\tarticle_id\n" + "".join(rows))
    options = ["report", "--releases", str(paper.path), "--stories", str(tmp_path / "stories.tsv")]
    result = CliRunner().invoke(main, [*options, "--out", str(tmp_path / "out"), "--measure", "P@3"])
    assert result.exit_code == 0, result.output
    assert "16 articles in 4 independent groups" in result.stdout
    found = json.loads((tmp_path / "out/report.json").read_text())
    assert {(one["queries"], one["clusters"]) for one in found["comparisons"]} == {(16, 4)}
    assert "TF-IDF: needs the texts of --store" in found["left_out"]
    runs = [word for name in ("random", "our-ranking") for word in ("--run", str(tmp_path / f"out/runs/{name}.trec"))]
    compared = CliRunner().invoke(main, ["compare", *runs, "--stories", str(tmp_path / "stories.tsv")])
    assert "| 16 (4) |" in compared.stdout


@given(st.lists(st.sets(st.integers(0, 12), min_size=1, max_size=4), max_size=8))
def test_stories_that_share_an_article_are_one_cluster(stories: list[set[int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stories.tsv"
        lines = [f"s{n}\t{name}\n" for n, story in enumerate(stories) for name in sorted(story)]
        path.write_text("story\tarticle_id\n" + "".join(lines))
        found = story_clusters(read_stories(path))
    groups: list[set[int]] = []  # the slow way: join what touches until nothing does
    for story in (story for story in stories if len(story) > 1):
        touched = [group for group in groups if group & story]
        groups = [group for group in groups if not group & story] + [story.union(*touched)]
    if not groups:
        assert found is None
        return
    assert found is not None
    by_name: dict[str, set[int]] = {}
    for member, name in found.items():
        by_name.setdefault(name, set()).add(int(member))
    assert sorted(map(sorted, by_name.values())) == sorted(map(sorted, groups))


def test_ages_and_exposure_are_those_of_the_first_ten(paper: Release, links: Path) -> None:
    run = Run.of("few", {"a010": [("a008", 1.0), ("a013", 0.5)], "a011": [("a008", 1.0)], "a001": []})
    looks = measured(run, paper, read_links(links), ReportConfig()).looks
    assert (looks.ages[0], looks.ages[50], looks.ages[100], looks.dated) == (-3.0, 2.0, 3.0, 3)
    assert looks.exposure[0] == 0
    assert looks.exposure[4] == pytest.approx(2 / 3)  # 4 % of 25 articles is one, shown twice of three times
    assert looks.exposure[8] == pytest.approx(1)
    assert np.all(np.diff(looks.exposure) >= 0)
    assert [k for k, _ in looks.by_cutoff] == [1, 2, 3, 5, 10, 20, 50, 100]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--baseline", "BM26"], "no system 'BM26'"),
        (["--system", "random", "--baseline", "random"], "both system and baseline"),
        (["--measure", "ILD@10"], "is no measure"),
        (["--weights", "our ranking.json"], "already; rename the file"),
        (["--variants", "3"], "variants is 3"),
    ],
)
def test_a_report_that_fails_leaves_nothing(
    paper: Release, links: Path, tmp_path: Path, options: list[str], problem: str
) -> None:
    result = report(paper, links, tmp_path / "deep/out", *options)
    assert result.exit_code == 1
    assert problem in result.output
    assert not list(tmp_path.glob("deep/*"))


def test_an_older_report_is_not_mixed_with_a_new_one(paper: Release, links: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("keep")
    result = report(paper, links, tmp_path / "out")
    assert result.exit_code == 1
    assert "holds something already" in result.output
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "mine.txt"]


def test_what_trec_cannot_hold_is_left_out_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    release = published(tmp_path, [article(n, id=f"id {n}") for n in range(6)])
    (tmp_path / "links.tsv").write_text("article_id\trelated_id\tgain\nid 1\tid 2\t0.5\nid 3\tid 4\t1\n")
    result = report(release, tmp_path / "links.tsv", tmp_path / "out", "--title", "A <b> title", "--date", "1 March")
    assert result.exit_code == 0, result.output
    empty = read_run(tmp_path / "out/runs/same-author-newest.jsonl").lists
    assert [path.stem for path in (tmp_path / "out").rglob("*.trec")] == ["same-author-newest"]
    assert not any(empty.values())
    assert not (tmp_path / "out/judgments.qrels").exists()
    assert "judgments.qrels is left out: id 'id 1'" in caplog.text
    text = (tmp_path / "out/report.html").read_text()
    assert "<title>A &lt;b&gt; title</title>" in text
    assert "<p>1 March</p>" in text


def test_undated_articles_make_a_report_too(tmp_path: Path, links: Path) -> None:
    release = published(tmp_path, [article(n, published_at=None) for n in range(12)])
    result = report(release, links, tmp_path / "out")
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "out/report.json").read_text())
    assert {one["ages"]["n"] for one in found["systems"]} == {0}


def test_a_latex_table_has_as_many_cells_as_columns_whatever_its_texts() -> None:
    table = Table("t", "100 % & more", ("system", "a_b"), (("x & y \\ {z} #1", "[0.1, 0.2]"),), frozenset({"none"}))
    text = latex(table)
    assert r"\caption{100 \% \& more}" in text
    rows = [line for line in text.splitlines() if line.endswith(r" \\")]
    assert [row.replace(r"\&", "").count("&") for row in rows] == [1, 1]
    assert r"x \& y \textbackslash{} \{z\} \#1 & {[}0.1, 0.2{]} \\" in rows


def test_the_moment_stands_on_the_page(paper: Release, links: Path, tmp_path: Path) -> None:
    moment = (DAY_ZERO + timedelta(days=15)).isoformat()
    result = report(paper, links, tmp_path / "out", "--as-of", moment)
    assert result.exit_code == 0, result.output
    assert f"as of: {moment}: no answer of any system was published later" in result.stdout
