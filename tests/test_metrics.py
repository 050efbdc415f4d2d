"""Measures are values; their figures are those of trec_eval, and each policy holds."""

import random

import ir_measures
import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from eval.judgments import Judgments
from eval.measures import Measure
from eval.metrics import mean, per_query
from eval.runs import Run
from recsys.errors import ConfigError

CUTOFFS = (1, 3, 10, 100)
CUT = [Measure(name, cutoff) for name in ("nDCG", "P", "R", "AP") for cutoff in CUTOFFS]
WHOLE = [Measure("nDCG"), Measure("AP"), Measure("RR")]
RECIPROCAL = [Measure("RR", cutoff) for cutoff in CUTOFFS]
TREC_NAMES = {"nDCG": "ndcg", "P": "P", "R": "recall", "AP": "map", "RR": "recip_rank"}

ids = st.sampled_from([f"d{number}" for number in range(30)])
relations = st.dictionaries(ids, st.integers(0, 3).map(float), min_size=1)
measures = st.sampled_from(CUT + WHOLE + RECIPROCAL)


def random_case(seed: int) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, int]]]:
    """Scores and grades with ties, missing and unjudged queries, unjudged and unanswered articles, zero grades."""
    draw = random.Random(seed)
    docs = [f"d{number}" for number in range(60)] + ["é", "z" * 9, "Ω", "😀"]
    queries = [f"q{number}" for number in range(8)]
    steps = draw.choice([2, 5, 1000])
    near = draw.choice([0.0, 1e-9])  # a tie in 32 bits, which is what trec_eval holds
    scores = {
        query: {
            doc: draw.randrange(steps) / steps - 0.3 + near * draw.random()
            for doc in draw.sample(docs, draw.randint(1, 60))
        }
        for query in draw.sample(queries, 6)
    }
    grades = {
        query: {doc: draw.choice([0, 0, 1, 1, 2, 3]) for doc in draw.sample(docs, draw.randint(1, 40))}
        for query in draw.sample(queries, 6)
    }
    return scores, grades


def judged(grades: dict[str, dict[str, int]]) -> Judgments:
    return Judgments({query: {doc: float(gain) for doc, gain in known.items()} for query, known in grades.items()})


def trec_name(measure: Measure) -> str:
    stem = TREC_NAMES[measure.name]
    if measure.cutoff is None:
        return stem
    return f"{stem}_{measure.cutoff}" if stem in ("P", "recall") else f"{stem}_cut_{measure.cutoff}"


def test_a_thousand_random_runs_have_the_figures_of_trec_eval() -> None:
    cutoffs = ",".join(map(str, CUTOFFS))
    wanted = {"ndcg", "map", "recip_rank", *(f"{stem}.{cutoffs}" for stem in ("ndcg_cut", "P", "recall", "map_cut"))}
    compared = 0
    for seed in range(1000):
        scores, grades = random_case(seed)
        theirs = pytrec_eval.RelevanceEvaluator(grades, wanted).evaluate(scores)
        run = Run.by_score("random", scores)
        for measure in CUT + WHOLE:
            ours = per_query(run, judged(grades), measure)
            expected = {query: theirs.get(query, {}).get(trec_name(measure), 0.0) for query in grades}
            assert ours == pytest.approx(expected, abs=1e-6), (seed, str(measure))
            compared += len(ours)
        for measure in RECIPROCAL:  # trec_eval has no cutoff for it: what lies below the cutoff is 0
            expected = {query: theirs.get(query, {}).get("recip_rank", 0.0) for query in grades}
            cut = {query: value if value * measure.cutoff >= 1 - 1e-9 else 0.0 for query, value in expected.items()}
            assert per_query(run, judged(grades), measure) == pytest.approx(cut, abs=1e-6), (seed, str(measure))
    assert compared == 1000 * 6 * len(CUT + WHOLE)


@pytest.mark.parametrize("text", ["nDCG@10", "P@5", "R@10", "AP@100", "AP(rel=2)@10", "R(rel=3)@10", "RR", "RR(rel=2)"])
def test_texts_and_means_are_those_of_ir_measures(text: str) -> None:
    measure, theirs = Measure.parse(text), ir_measures.parse_measure(text)
    assert str(measure) == str(theirs)
    for seed in range(20):
        scores, grades = random_case(seed)
        expected = ir_measures.calc_aggregate([theirs], grades, scores)[theirs]
        assert mean(Run.by_score("random", scores), judged(grades), measure) == pytest.approx(expected, abs=1e-6)


@given(st.sampled_from(["nDCG", "P", "R", "RR", "AP"]), st.integers(1, 10**6), st.integers(1, 9))
def test_a_measure_survives_its_text(name: str, cutoff: int, rel: int) -> None:
    measure = Measure(name, cutoff, 1 if name == "nDCG" else rel)
    assert Measure.parse(str(measure)) == measure
    assert hash(Measure.parse(str(measure))) == hash(measure)


def test_the_names_of_other_tools_are_understood() -> None:
    texts = ["MRR@100", "map", "recall@10", "precision@5", "NDCG"]
    assert [str(Measure.parse(text)) for text in texts] == ["RR@100", "AP", "R@10", "P@5", "nDCG"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ERR@20", "'ERR@20' is no measure: write such as"),
        ("nDCG@", "is no measure"),
        ("nDCG@0", "cutoff is 0"),
        ("P", "P has no cutoff"),
        ("nDCG(rel=2)@10", "rel is 2"),
        ("RR(rel=0)", "rel is 0"),
    ],
)
def test_what_is_no_measure_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        Measure.parse(text)


def ask(docs: list[str], known: dict[str, float], measure: Measure) -> float:
    run = Run.of("s", {"q": [(doc, 0.0) for doc in docs]})
    return per_query(run, Judgments({"q": known}), measure)["q"]


@given(st.lists(ids, unique=True), relations, measures)
def test_every_figure_is_between_nought_and_one(docs: list[str], known: dict[str, float], measure: Measure) -> None:
    assert 0.0 <= ask(docs, known, measure) <= 1.0


@given(relations.filter(lambda known: any(known.values())), measures)
def test_the_best_list_has_the_figure_one(known: dict[str, float], measure: Measure) -> None:
    relevant = sum(gain >= 1 for gain in known.values())
    best = sorted(known, key=lambda doc: -known[doc])
    figure, cutoff = ask(best, known, measure), measure.cutoff or len(known)
    if measure.name == "P":
        assert figure == pytest.approx(min(1.0, relevant / cutoff))
    elif measure.name in ("R", "AP"):
        assert figure == pytest.approx(min(1.0, cutoff / relevant))
    else:
        assert figure == 1.0


@given(st.lists(ids, unique=True), relations, st.sampled_from(CUT + RECIPROCAL), st.randoms(use_true_random=False))
def test_what_lies_below_the_cutoff_changes_nothing(
    docs: list[str], known: dict[str, float], measure: Measure, shuffler: random.Random
) -> None:
    below = docs[measure.cutoff :]
    shuffler.shuffle(below)
    assert ask(docs, known, measure) == ask(docs[: measure.cutoff] + below, known, measure)
    assert ask(docs, known, measure) == ask(docs[: measure.cutoff], known, measure)


@given(st.lists(ids, unique=True, min_size=2), relations, measures, st.data())
def test_moving_a_better_answer_up_never_hurts(
    docs: list[str], known: dict[str, float], measure: Measure, data: st.DataObject
) -> None:
    place = data.draw(st.integers(1, len(docs) - 1))
    above, below = known.get(docs[place - 1], 0.0), known.get(docs[place], 0.0)
    swapped = [*docs[: place - 1], docs[place], docs[place - 1], *docs[place + 1 :]]
    before, after = ask(docs, known, measure), ask(swapped, known, measure)
    assert after >= before - 1e-12 if below >= above else after <= before + 1e-12


@pytest.mark.parametrize("measure", CUT + WHOLE + RECIPROCAL, ids=str)
def test_the_policies_hold_for_every_measure(measure: Measure) -> None:
    run = Run.of("s", {"unjudged": [("a", 1.0)], "empty answer": [], "nothing relevant": [("a", 1.0)]})
    known = {"missing": {"a": 1.0}, "empty answer": {"a": 1.0}, "nothing relevant": {"a": 0.0}, "no gains": {}}
    assert per_query(run, Judgments(known), measure) == dict.fromkeys(known, 0.0)
    assert ask(["not judged", "a"], {"a": 1.0}, measure) == ask(["x", "a"], {"a": 1.0, "x": 0.0}, measure)


def test_a_gain_below_one_counts_for_the_graded_measure_only() -> None:
    assert ask(["a"], {"a": 0.5}, Measure("nDCG", 10)) == 1.0
    assert ask(["a"], {"a": 0.5}, Measure("RR")) == 0.0


def test_graded_gains_are_linear() -> None:
    assert ask(["a", "b"], {"a": 1.0, "b": 3.0}, Measure("nDCG", 10)) == pytest.approx(
        (1 + 3 / 1.5849625007211562) / (3 + 1 / 1.5849625007211562)
    )


def test_the_mean_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="no query is judged"):
        mean(Run.of("s", {"q": [("a", 1.0)]}), Judgments({}), Measure("RR"))
