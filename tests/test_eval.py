"""The evaluation: judgments are read as they stand, figures are those worked out by hand."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import SAMPLE, MakeRelease, article

from eval.__main__ import main
from eval.evaluate import MEANING_ALONE, WORDS_ALONE, evaluate, systems
from eval.judgments import Judgments, read_links
from eval.metrics import recall, reciprocal_rank
from eval.papers import Paper, measure, report
from recsys import Recommender, Weights
from recsys.errors import ConfigError, RecsysError, SourceError


def test_recall_and_reciprocal_rank_by_hand() -> None:
    assert recall(["a", "b", "c", "d"], {"b", "d", "x"}, 3) == pytest.approx(1 / 3)
    assert recall([], {"x"}, 10) == 0.0
    assert reciprocal_rank(["a", "b", "c"], {"c", "b"}) == 0.5
    assert reciprocal_rank(["a"], {"x"}) == 0.0


def test_links_are_read_with_and_without_gain(tmp_path: Path) -> None:
    path = tmp_path / "links.tsv"
    path.write_text("article_id\trelated_id\tgain\na\tb\t2\na\tb\t1\na\ta\t1\nb\tc\t\n")
    assert read_links(path).gains == {"a": {"b": 2.0}, "b": {"c": 1.0}}
    path.write_text("article_id\trelated_id\na\tb\n")
    assert read_links(path).gains == {"a": {"b": 1.0}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("from\tto\na\tb\n", "no column article_id, related_id"),
        ("article_id\trelated_id\tgain\na\tb\tx\n", "line 2: gain 'x'"),
        ("article_id\trelated_id\tgain\na\tb\tnan\n", "gain 'nan'"),
    ],
)
def test_senseless_links_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "links.tsv"
    path.write_text(text)
    with pytest.raises(SourceError, match=problem):
        read_links(path)


def test_missing_links_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.tsv"):
        read_links(tmp_path / "nowhere.tsv")


def test_each_system_is_judged_by_its_own_lists(make_release: MakeRelease) -> None:
    release = make_release([article(n) for n in range(12)])
    judgments = Judgments({"a000": {"a003": 1.0, "a006": 1.0}, "gone": {"a001": 1.0}})
    for score in evaluate(release, judgments, systems(Weights())):
        weights = {"words alone (TF-IDF)": WORDS_ALONE, "meaning alone": MEANING_ALONE}.get(score.system, Weights())
        answered = [item.id for item in Recommender(release, weights).similar("a000", 100).items]
        assert score.recall_at_10 == recall(answered, {"a003", "a006"}, 10)
        assert score.mrr == reciprocal_rank(answered, {"a003", "a006"})
        assert (score.queries, score.missing) == (1, 1)


def test_a_release_without_any_judged_article_is_refused(make_release: MakeRelease) -> None:
    with pytest.raises(ConfigError, match="none of the 1 judged articles"):
        evaluate(make_release([article(1), article(2)]), Judgments({"x": {"y": 1.0}}), systems(Weights()))


def test_the_command_prints_a_table(make_release: MakeRelease, tmp_path: Path) -> None:
    release = make_release([article(n) for n in range(12)])
    (tmp_path / "links.tsv").write_text("article_id\trelated_id\na000\ta003\n")
    result = CliRunner().invoke(
        main, ["evaluate", "--releases", str(release.path.parent), "--links", str(tmp_path / "links.tsv")]
    )
    assert result.exit_code == 0
    assert [line.split("|")[1].strip() for line in result.stdout.splitlines()[2:]] == [
        "words alone (TF-IDF)",
        "meaning alone",
        "our ranking",
    ]


def test_weights_are_checked_and_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    path.write_text('{"words_long": 0.2, "slow_half_life_days": 30}')
    assert Weights.read(path) == Weights(words_long=0.2, slow_half_life_days=30)
    for text, problem in [
        ('{"meaning": 1}', "unknown meaning; known are author"),
        ('{"section": -1}', "section is -1"),
        ("{", "weights file"),
        ('{"freshness_floor": 2}', "freshness_floor is 2"),
    ]:
        path.write_text(text)
        with pytest.raises(ConfigError, match=problem):
            Weights.read(path)
    with pytest.raises(ConfigError, match="long_text is 0"):
        Weights(long_text=0)


def test_a_paper_is_measured_from_its_files_to_its_lists_over_http(tmp_path: Path) -> None:
    """The whole job in its own processes, on a part of the sample newspaper."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    (tmp_path / "articles.jsonl").write_text(
        "\n".join(line for line in lines if '"mc-bridge' in line or '"mc-port' in line)
    )
    links = tmp_path / "links.tsv"
    links.write_text("article_id\trelated_id\nmc-bridge-01\tmc-bridge-02\nmc-port-01\tmc-port-02\n")
    paper = Paper("small", tmp_path / "articles.jsonl", links, "title=title")
    result = measure(paper, tmp_path / "work", Weights())
    assert result.articles == 17
    assert [stage.name for stage in result.stages] == ["ingest", "build, check, publish", "serve 2 requests"]
    assert all(stage.seconds > 0 and stage.peak_mib > 10 for stage in result.stages)
    assert [score.queries for score in result.scores] == [2, 2, 2]
    table = report([result])
    assert "| small | ingest |" in table
    assert "| small | our ranking | 2 |" in table


def test_a_stage_that_fails_is_named_with_its_output(tmp_path: Path) -> None:
    paper = Paper("broken", tmp_path / "missing.jsonl", tmp_path / "links.tsv", "title=title")
    with pytest.raises(RecsysError, match="ingest ended with status 1"):
        measure(paper, tmp_path / "work", Weights())


def test_no_papers_are_found_in_an_empty_folder(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["papers", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "no paper found" in result.output
