"""Runs hold what was answered, refuse what cannot be, and survive their files."""

import math
from pathlib import Path

import pytest
import pytrec_eval
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval.judgments import Judgments
from eval.runfiles import read_run, write_run
from eval.runs import Ranked, Run
from eval.trec import read_qrels, write_qrels
from recsys.answers import Source
from recsys.errors import ConfigError, SourceError

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
tokens = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0 \t\n\r\f\v"), min_size=1, max_size=5)
texts = st.text(max_size=5)
systems = st.sampled_from(["ours", "words alone (TF-IDF)"])
scores = st.floats(-1e30, 1e30) | st.sampled_from([0.0, 0.5, 0.5 + 1e-12, 1.0])


def lists(names: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, list[tuple[str, float]]]]:
    found = st.lists(st.tuples(names, scores), unique_by=lambda answer: answer[0], min_size=1, max_size=8)
    return st.dictionaries(names, found, min_size=1, max_size=4)


def order(run: Run) -> dict[str, list[tuple[str, int]]]:
    return {query: [(answer.doc, answer.rank) for answer in answers] for query, answers in run.lists.items()}


@in_one_folder
@given(systems, lists(texts))
def test_json_lines_lose_nothing(tmp_path: Path, system: str, answers: dict[str, list[tuple[str, float]]]) -> None:
    run = Run.of(system, answers | {"nothing found": []})
    write_run(run, tmp_path / "run.jsonl")
    assert read_run(tmp_path / "run.jsonl") == run


@in_one_folder
@given(systems, lists(tokens))
def test_a_trec_file_keeps_the_order_and_is_stable(
    tmp_path: Path, system: str, answers: dict[str, list[tuple[str, float]]]
) -> None:
    run = Run.of(system, answers)
    write_run(run, tmp_path / "run.trec")
    once = read_run(tmp_path / "run.trec")
    assert once.system == system.replace(" ", "_")
    assert order(once) == order(run)
    write_run(once, tmp_path / "again.trec")
    assert (tmp_path / "again.trec").read_bytes() == (tmp_path / "run.trec").read_bytes()


@in_one_folder
@given(lists(tokens))
def test_trec_eval_puts_our_answers_into_our_order(tmp_path: Path, answers: dict[str, list[tuple[str, float]]]) -> None:
    run = Run.of("ours", answers)
    write_run(run, tmp_path / "run.trec")
    theirs: dict[str, dict[str, float]] = {}
    for line in (tmp_path / "run.trec").read_bytes().decode().removesuffix("\n").split("\n"):
        query, _, doc, _, score, _ = line.split(" ")
        theirs.setdefault(query, {})[doc] = float(score)
    for query, found in run.lists.items():
        for answer in found:
            judged = pytrec_eval.RelevanceEvaluator({query: {answer.doc: 1}}, {"recip_rank"})
            assert judged.evaluate(theirs)[query]["recip_rank"] == pytest.approx(1 / answer.rank)


@pytest.mark.parametrize("source", [*Source, None])
def test_json_lines_keep_why_an_answer_is_there_and_trec_cannot(tmp_path: Path, source: Source | None) -> None:
    run = Run.of("ours", {"q": [("a", 1.0, source), ("b", 0.5)]})
    assert run.lists["q"] == (Ranked("a", 1.0, 1, source), Ranked("b", 0.5, 2, None))
    for name in ("run.jsonl", "run.trec"):
        write_run(run, tmp_path / name)
    assert read_run(tmp_path / "run.jsonl") == run
    assert [answer.source for _, answer in read_run(tmp_path / "run.trec")] == [None, None]
    assert (tmp_path / "run.jsonl").read_text().endswith('["b",0.5]]}\n')


def test_scores_that_fall_are_written_as_they_are(tmp_path: Path) -> None:
    write_run(Run.of("ours", {"a": [("b", 0.75), ("c", 0.5), ("d", 0.5), ("e", 0.7)]}), tmp_path / "run.trec")
    assert (tmp_path / "run.trec").read_text().splitlines() == [
        "a Q0 b 1 0.75 ours",
        "a Q0 c 2 0.5 ours",
        "a Q0 d 3 0.499998987 ours",
        "a Q0 e 4 0.499997973 ours",
    ]


def test_another_tools_run_is_ordered_by_score_and_then_by_the_larger_id(tmp_path: Path) -> None:
    path = tmp_path / "theirs.run"
    path.write_text("q Q0 a 1 0.5 bm25\n\nq\tQ0  c 2 0.5 bm25\r\nq Q0 b 3 1e0 bm25\n")
    assert order(read_run(path)) == {"q": [("b", 1), ("c", 2), ("a", 3)]}


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([Ranked("a", 1.0, 1), Ranked("a", 0.5, 2)], "query 'q': 'a' is answered twice, at ranks 1 and 2"),
        ([Ranked("a", math.nan, 1)], "score of 'a' is nan"),
        ([Ranked("a", math.inf, 1)], "score of 'a' is inf"),
        ([Ranked("a", 1.0, 0)], "'a' stands at place 1 with rank 0"),
    ],
)
def test_senseless_answers_are_refused(answers: list[Ranked], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        Run("ours", {"q": tuple(answers)})


@pytest.mark.parametrize("name", ["", " ", "two\nlines"])
def test_a_system_has_a_name_of_one_line(name: str) -> None:
    with pytest.raises(ConfigError, match="give it a name"):
        Run(name, {})


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("r.trec", "q Q0 a 1 0.5 s\nq Q0 a 2 0.4 s\n", "line 2: query 'q' is answered 'a' for a second time"),
        ("r.trec", "q Q0 a 1 nan s\n", "line 1: score 'nan'"),
        ("r.trec", "q Q0 a 1 high s\n", "line 1: score 'high'"),
        ("r.trec", "q Q0 a 1 0.5\n", "line 1: 5 fields; a line is `query Q0 article rank score system`"),
        ("r.trec", "q Q0 a 1 1 s\nq Q0 b 2 0 t\n", "2 systems in one file"),
        ("r.trec", "", "0 systems in one file"),
        ("r.jsonl", "", "0 systems in one file"),
        ("r.jsonl", '{"system":"s","query":"q","answers":[["a",1],["a",0]]}', "'a' is answered twice"),
        ("r.jsonl", '{"system":"s","query":"q","answers":[["a",NaN]]}', r"r\.jsonl, line 1"),
        ("r.jsonl", '{"system":"s","query":"q"}', "line 1: .*answers"),
        ("r.jsonl", '{"system":"s","query":"q","answers":[["a",1,"editor"]]}', "line 1: .*editor"),
        ("r.jsonl", '{"system":"s","query":"q","answers":[["a",1,"similar",2]]}', "line 1: .*length"),
        ("r.jsonl", '{"system":"s","query":"q","answers":[["a"]]}', "line 1: .*length"),
        ("r.jsonl", '{"system":"s","query":"q","answers":[]}\n' * 2, "line 2: query 'q' for a second time"),
    ],
)
def test_files_that_are_no_run_are_refused(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SourceError, match=problem):
        read_run(tmp_path / name)


@pytest.mark.parametrize("name", ["r.trec", "r.jsonl"])
def test_missing_files_and_other_encodings_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=name):
        read_run(tmp_path / name)
    (tmp_path / name).write_bytes(b'{"system":"\xe9"} Q0 a 1 0.5 \xe9\n')
    with pytest.raises(SourceError, match=f"{name}, line 1"):
        read_run(tmp_path / name)


@pytest.mark.parametrize("doc", ["two words", "", "tab\t", "nul\0"])
def test_an_id_that_trec_cannot_hold_is_refused_and_nothing_is_written(tmp_path: Path, doc: str) -> None:
    with pytest.raises(ConfigError, match="which a TREC file cannot hold"):
        write_run(Run.of("ours", {"q": [(doc, 1.0)]}), tmp_path / "run.trec")
    with pytest.raises(ConfigError, match="which a TREC file cannot hold"):
        write_qrels(Judgments({"q": {doc: 1.0}}), tmp_path / "qrels")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot write"):
        write_run(Run.of("ours", {"q": [("a", 1.0)]}), tmp_path / "file/run.jsonl")


@in_one_folder
@given(st.dictionaries(tokens, st.dictionaries(tokens, st.integers(0, 4).map(float), min_size=1), min_size=1))
def test_qrels_survive_their_file(tmp_path: Path, gains: dict[str, dict[str, float]]) -> None:
    judgments = Judgments(gains, "pooled")
    write_qrels(judgments, tmp_path / "qrels")
    assert read_qrels(tmp_path / "qrels", "pooled") == judgments


def test_qrels_hold_whole_numbers_once_and_negative_ones_mean_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gain 0\.5 of 'q' and 'a': TREC qrels hold whole numbers"):
        write_qrels(Judgments({"q": {"a": 0.5}}), tmp_path / "qrels")
    (tmp_path / "qrels").write_text("q 0 a -2\n")
    assert read_qrels(tmp_path / "qrels") == Judgments({"q": {"a": 0.0}}, "qrels")
    (tmp_path / "qrels").write_text("q 0 a 1\nq 0 a 2\n")
    with pytest.raises(SourceError, match="line 2: query 'q' and 'a' are judged for a second time"):
        read_qrels(tmp_path / "qrels")


def test_a_run_is_walked_answer_by_answer() -> None:
    run = Run.of("ours", {"q": [("a", 1.0), ("b", 0.5)], "r": []})
    assert len(run) == 2
    assert list(run) == [("q", Ranked("a", 1.0, 1)), ("q", Ranked("b", 0.5, 2))]
