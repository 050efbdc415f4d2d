"""The evaluation: judgments are read as they stand, figures are those worked out by hand."""

import json
import math
import re
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import MakeRelease, article, published
from fakes import FakeEmbedder

from eval.__main__ import main
from eval.evaluate import MEANING_ALONE, WORDS_ALONE, evaluate, known, rank, systems
from eval.judgments import Judgments, read_links
from eval.runfiles import kept, read_run
from eval.runs import Run
from recsys import Recommender, Release, Weights
from recsys.errors import ConfigError


def test_each_system_is_judged_by_its_own_lists(make_release: MakeRelease) -> None:
    release = make_release([article(n) for n in range(12)])
    judgments = Judgments({"a000": {"a003": 1.0, "a006": 1.0}, "gone": {"a001": 1.0}})
    for score in evaluate(release, judgments, systems(Weights())):
        weights = {"words alone (TF-IDF)": WORDS_ALONE, "meaning alone": MEANING_ALONE}.get(score.system, Weights())
        answered = [item.id for item in Recommender(release, weights).similar("a000", 100).items]
        assert score.recall_at_10 == len({"a003", "a006"} & set(answered[:10])) / 2
        assert score.mrr == 1 / (1 + min(answered.index("a003"), answered.index("a006")))
        assert 0 < score.ndcg_at_10 <= 1
        assert (score.queries, score.missing) == (1, 1)


def test_a_release_without_any_judged_article_is_refused(make_release: MakeRelease) -> None:
    with pytest.raises(ConfigError, match="none of the 1 judged articles"):
        evaluate(make_release([article(1), article(2)]), Judgments({"x": {"y": 1.0}}), systems(Weights()))


def evaluated(release: Release, folder: Path, *options: str) -> tuple[list[str], str]:
    """The systems of the table that `evaluate` prints, and all that it prints."""
    (folder / "links.tsv").write_text("article_id\trelated_id\na000\ta003\na004\ta003\n")
    arguments = ["--releases", str(release.path.parent), "--links", str(folder / "links.tsv"), *options]
    result = CliRunner().invoke(main, ["evaluate", *arguments])
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stdout.splitlines() if line.startswith("|")]
    return [line.split("|")[1].strip() for line in lines[2:]], result.stdout


OURS = ["words alone (TF-IDF)", "meaning alone", "our ranking"]
NO_TEXTS = ["random", "newest in section", "same author (newest)", "most linked"]
OF_TITLES = ["TF-IDF of titles", "BM25 of titles"]


def test_the_command_shows_every_baseline_that_can_be_made_without_texts(
    make_release: MakeRelease, tmp_path: Path
) -> None:
    names, output = evaluated(make_release([article(n) for n in range(12)]), tmp_path)
    assert names == [*NO_TEXTS, *OF_TITLES, "embedding", *OURS]
    assert output.endswith("left out, for they need the texts of --store: TF-IDF, BM25\n")


def test_the_command_shows_all_baselines_and_keeps_their_runs(
    make_release: MakeRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eval.commands.evaluate.load_embedder", lambda model: FakeEmbedder(name=model))
    release = make_release([article(n) for n in range(12)])
    store = f"sqlite:///{release.path.parent.parent / 'articles.db'}"
    options = ["--store", store, "--embed-titles", "--as-of", "published", "--runs", str(tmp_path / "runs")]
    names, output = evaluated(release, tmp_path, *options)
    assert names == [*NO_TEXTS, *OF_TITLES, "embedding of titles", "TF-IDF", "BM25", "embedding", *OURS]
    assert output.endswith("as of published: no answer of any system was published later\n")
    paths = sorted((tmp_path / "runs").iterdir())
    assert {read_run(path).system for path in paths} == set(names)
    assert tmp_path / "runs/words-alone-tf-idf.jsonl" in paths
    words = ["score", "--links", str(tmp_path / "links.tsv"), "--run", str(tmp_path / "runs/bm25.jsonl")]
    figures = re.findall(r"\d\.\d+", CliRunner().invoke(main, words).stdout)
    shown = next(line for line in output.splitlines() if line.startswith("| BM25 |"))
    assert [float(f) for f in re.findall(r"\d\.\d+", shown)] == pytest.approx([float(f) for f in figures], abs=6e-4)


def test_popularity_may_come_from_other_links_than_those_judged(make_release: MakeRelease, tmp_path: Path) -> None:
    release = make_release([article(n) for n in range(12)])
    (tmp_path / "clicks.tsv").write_text("article_id\trelated_id\na001\ta003\n")
    _, by_links = evaluated(release, tmp_path)
    _, by_clicks = evaluated(release, tmp_path, "--popularity", str(tmp_path / "clicks.tsv"))
    most_linked = [line for line in (by_links + by_clicks).splitlines() if line.startswith("| most linked")]
    assert most_linked == ["| most linked | 2 | 1.000 | 1.000 | 1.000 |"] * 2
    (tmp_path / "clicks.tsv").write_text("article_id\trelated_id\na000\ta003\n")  # only what one query itself shows
    _, by_own = evaluated(release, tmp_path, "--popularity", str(tmp_path / "clicks.tsv"))
    assert "| most linked | 2 | 0.500 | 0.500 | 0.500 |" in by_own


def test_two_systems_are_not_kept_in_one_file(tmp_path: Path) -> None:
    runs = [Run.of(name, {"a": [("b", 1.0)]}) for name in ("our ranking", "our_Ranking")]
    with pytest.raises(ConfigError, match=r"'our ranking' and 'our_Ranking' would both be our-ranking\.jsonl"):
        list(kept(runs, tmp_path))
    assert list(kept(runs, None)) == runs


def test_a_run_that_was_written_gives_the_same_figures_as_the_evaluation(
    make_release: MakeRelease, tmp_path: Path
) -> None:
    release = make_release([article(n) for n in range(12)])
    links = tmp_path / "links.tsv"
    links.write_text("article_id\trelated_id\na000\ta003\na001\ta004\na001\ta009\n")
    (score,) = evaluate(release, read_links(links), {"ours": Weights()})
    arguments = ["run", "--releases", str(release.path.parent), "--queries", str(links), "--system", "ours"]
    paths = [tmp_path / "ours.trec", tmp_path / "ours.jsonl"]
    for path in paths:
        result = CliRunner().invoke(main, [*arguments, "--out", str(path)])
        assert result.exit_code == 0, result.output
    runs = [word for path in paths for word in ("--run", str(path))]
    result = CliRunner().invoke(main, ["score", *runs, "--links", str(links)])
    assert result.exit_code == 0, result.output
    figures = f"{score.ndcg_at_10:.4f} | {score.recall_at_10:.4f} | {score.mrr:.4f}"
    assert result.stdout.splitlines() == [
        "| system | judged | missing | nDCG@10 | R@10 | RR@100 |",
        "|---|---:|---:|---:|---:|---:|",
        f"| ours | 2 | 0 | {figures} |",
        f"| ours | 2 | 0 | {figures} |",
    ]


def test_scoring_counts_what_a_run_misses(tmp_path: Path) -> None:
    (tmp_path / "run.trec").write_text("a Q0 b 1 0.5 other\n")
    (tmp_path / "qrels").write_text("a 0 b 2\nc 0 b 1\n")
    (tmp_path / "stories.tsv").write_text("story\tarticle_id\ns\ta\ns\tb\n")
    score = ["score", "--run", str(tmp_path / "run.trec"), "--measure", "MRR"]
    qrels, stories = ["--qrels", str(tmp_path / "qrels")], ["--stories", str(tmp_path / "stories.tsv")]
    assert "| other | 2 | 1 | 0.5000 |" in CliRunner().invoke(main, [*score, *qrels]).stdout
    assert "| other | 2 | 1 | 0.5000 |" in CliRunner().invoke(main, [*score, *stories]).stdout


def test_a_run_asks_only_what_the_release_has(make_release: MakeRelease, tmp_path: Path) -> None:
    release = make_release([article(n) for n in range(12)])
    assert known(release, ["a001", "gone"]) == ["a001"]
    run = rank(release, ["a001"], Weights(), "ours", k=3)
    assert [answer.doc for answer in run.lists["a001"]] == [
        item.id for item in Recommender(release).similar("a001", 3).items
    ]


def test_weights_are_checked_and_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    path.write_text('{"words_long": 0.2, "kin_short": 3, "other_site": 0}')
    assert Weights.read(path) == Weights(words_long=0.2, kin_short=3, other_site=0)
    every = {item.name: getattr(Weights(), item.name) for item in fields(Weights)}
    path.write_text(json.dumps(every))
    assert Weights.read(path) == Weights()
    for text, problem in [
        (
            '{"meaning": 1}',
            "unknown meaning; known are author, floor, freshness_floor, half_life_days, kin_long",
        ),
        ('{"slow_half_life_days": 30}', "unknown slow_half_life_days"),
        ("{", "weights file"),
        ('{"tempo": "much"}', "weights file"),
        ('{"section": -1}', "section is -1"),
    ]:
        path.write_text(text)
        with pytest.raises(ConfigError, match=problem):
            Weights.read(path)


SHARES = ["words_short", "words_long", "freshness_floor", "later", "other_site", "floor"]
ABOVE_ZERO = ["long_text", "half_life_days"]
NAMES = [item.name for item in fields(Weights)]


@pytest.mark.parametrize("name", NAMES)
def test_each_weight_has_bounds(name: str) -> None:
    for value in (-0.01, math.inf, math.nan, True, "1"):
        with pytest.raises(ConfigError, match=f"weight {name} is {value!r}: give a finite number >= 0"):
            Weights(**{name: value})  # type: ignore[arg-type]
    if name in SHARES:
        assert Weights(**{name: 1}) != Weights(**{name: 0})
        with pytest.raises(ConfigError, match=rf"weight {name} is 1.01: give a number in \[0, 1\]"):
            Weights(**{name: 1.01})
    elif name in ABOVE_ZERO:
        with pytest.raises(ConfigError, match=f"weight {name} is 0: give a number > 0"):
            Weights(**{name: 0})
    else:
        assert Weights(**{name: 0}) != Weights(**{name: 1000.0})


def test_as_served_leaves_out_copies_and_crowds(tmp_path: Path) -> None:
    body = " ".join(f"sentence{n} harbour bridge tower engineers" for n in range(60))
    copies = [article(n, title=f"Bridge closes {n}", body=body) for n in range(4)]
    published(tmp_path, [*copies, *(article(n) for n in range(10, 30))])
    queries = tmp_path / "queries.tsv"
    queries.write_text("article_id\na000\n")
    lists = {}
    for name, option in (("ranked.jsonl", []), ("served.jsonl", ["--as-served"])):
        arguments = ["--releases", str(tmp_path / "releases"), "--queries", str(queries), "--out", str(tmp_path / name)]
        result = CliRunner().invoke(main, ["run", *arguments, *option])
        assert result.exit_code == 0, result.output
        lists[name] = {answer.doc for answer in read_run(tmp_path / name).lists["a000"]}
    assert {"a001", "a002", "a003"} <= lists["ranked.jsonl"]
    assert not {"a001", "a002", "a003"} & lists["served.jsonl"]
