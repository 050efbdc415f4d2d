"""Comparing systems: every figure against an independent way to it, and the promises in simulation."""

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.__main__ import main
from eval.compare import CompareConfig, Comparison, compare, table
from eval.runfiles import write_run
from eval.runs import Run
from eval.significance import Clusters, bootstrap_intervals, detectable, holm, sign_flip_p, standard_errors
from recsys.errors import ConfigError

FAST = CompareConfig(resamples=999)


def by_query(values: np.ndarray) -> dict[str, float]:
    return {f"q{number:04}": float(value) for number, value in enumerate(values)}


def some_systems(count: int = 3, queries: int = 40, seed: int = 0) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(seed)
    return {f"system {number}": by_query(rng.random(queries) + number / 20) for number in range(count)}


@pytest.mark.parametrize("seed", range(5))
def test_permutation_p_is_that_of_all_sign_patterns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sums = rng.normal(0.3, 1, size=(3, 10)).round(1)  # rounded: ties occur
    draws = 20_000
    found = sign_flip_p(Clusters(sums, np.ones(10)), draws, rng)
    signs = np.array(list(product([-1, 1], repeat=10)))
    for row, p in zip(sums, found, strict=True):
        exact = np.mean(np.abs(signs @ row) >= abs(row.sum()) - 1e-9)
        assert abs(p - exact) <= 3.5 * np.sqrt(exact * (1 - exact) / draws) + 1 / draws


def test_permutation_p_is_never_zero_and_equal_systems_have_one() -> None:
    systems = {"base": by_query(np.zeros(60)), "better": by_query(np.ones(60)), "equal": by_query(np.zeros(60))}
    better, equal = compare(systems, "base", config=FAST)
    assert better.p == 1 / 1000
    assert better.winner == "better"
    assert equal.p == equal.corrected_p == 1
    assert (equal.low, equal.effect, equal.high, equal.winner) == (0, 0, 0, None)


def test_all_queries_of_a_cluster_change_sign_together() -> None:
    """Four articles with 50 queries each that all agree are four observations: p cannot be below 2 / 2 ** 4."""
    systems = {"base": by_query(np.zeros(200)), "other": by_query(np.full(200, 0.1))}
    clusters = {query: str(number // 50) for number, query in enumerate(systems["base"])}
    (clustered,) = compare(systems, "base", clusters=clusters, config=FAST)
    assert clustered.p == pytest.approx(2 / 16, abs=0.04)
    assert (clustered.queries, clustered.clusters, clustered.winner) == (200, 4, None)
    (alone,) = compare(systems, "base", config=FAST)
    assert alone.winner == "other"


def test_holm_by_hand() -> None:
    # sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 gives 0.02, 0.03, 0.06, 0.04; the last may not fall: 0.06
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.6, 0.7])).tolist() == [1, 1]
    # six tried, two shown: times 6 and 5
    assert holm(np.array([0.01, 0.002]), family=6) == pytest.approx([0.05, 0.012])


@given(st.lists(st.floats(0.0001, 1), min_size=1, max_size=12), st.floats(0.001, 0.2))
def test_holm_rejects_what_its_step_down_rejects(p: list[float], alpha: float) -> None:
    rejected: set[int] = set()
    for step, place in enumerate(sorted(range(len(p)), key=lambda place: p[place])):
        if p[place] * (len(p) - step) > alpha:
            break
        rejected.add(place)
    assert {place for place, q in enumerate(holm(np.array(p))) if q <= alpha} == rejected


@given(st.lists(st.floats(0.0001, 1), min_size=2, max_size=10), st.integers(1, 9))
def test_holm_with_unseen_variants_is_never_bolder_than_with_all_seen(p: list[float], shown: int) -> None:
    shown = min(shown, len(p))
    assert np.all(holm(np.array(p[:shown]), family=len(p)) >= holm(np.array(p))[:shown] - 1e-12)


def clustered_trials(trials: int, rng: np.random.Generator) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """Systems no better than the baseline, whose queries are alike within an article; 60 articles of 1 to 8 queries."""
    groups = np.repeat(np.arange(60), rng.integers(1, 9, size=60))
    shared = (
        rng.normal(0, 0.1, size=(trials, 60))[:, groups] + (rng.exponential(0.1, size=(trials, 60)) - 0.1)[:, groups]
    )
    values = shared + rng.normal(0, 0.1, size=(trials, len(groups)))
    systems = {f"trial {number:04}": by_query(row) for number, row in enumerate(values)}
    systems["base"] = by_query(np.zeros(len(groups)))
    return systems, {query: str(group) for query, group in zip(systems["base"], groups, strict=True)}


def covers(found: tuple[Comparison, ...]) -> list[bool]:
    return [c.low <= 0 <= c.high for c in found]


def test_clustered_intervals_cover_as_often_as_they_say_and_unclustered_ones_do_not() -> None:
    rng = np.random.default_rng(7)
    clustered: list[bool] = []
    alone: list[bool] = []
    for seed in range(20):
        systems, clusters = clustered_trials(100, rng)
        config = CompareConfig(resamples=1999, seed=seed)
        clustered += covers(compare(systems, "base", clusters=clusters, config=config))
        alone += covers(compare(systems, "base", config=config))
    assert 0.93 <= np.mean(clustered) <= 0.97
    assert np.mean(alone) < 0.85  # the control: what ignoring the articles costs


@pytest.mark.parametrize(("baseline", "trials"), [("s0", 1000), (None, 500)])
def test_eight_equal_systems_yield_a_false_finding_in_at_most_one_of_twenty_trials(
    baseline: str | None, trials: int
) -> None:
    rng = np.random.default_rng(11)
    corrected = uncorrected = 0
    for seed in range(trials):
        values = rng.random((8, 50)) * rng.random(50)  # queries differ in how hard they are
        systems = {f"s{number}": by_query(row) for number, row in enumerate(values)}
        found = compare(systems, baseline, config=CompareConfig(resamples=999, seed=seed))
        corrected += any(c.corrected_p < 0.05 for c in found)
        uncorrected += any(c.p < 0.05 for c in found)
    assert corrected / trials <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / trials)
    assert uncorrected / trials > 0.15  # the control: what Holm is for


def test_a_difference_of_the_smallest_detectable_size_is_found_in_four_of_five_trials() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 1, size=(400, 100))
    clusters = Clusters(noise, np.ones(100))
    size = float(np.mean(detectable(standard_errors(clusters), 100, 0.05, 1)))
    assert size == pytest.approx((1.984 + 0.845) / 10, rel=0.02)  # t tables, 99 degrees of freedom
    found = sign_flip_p(Clusters(noise + size, np.ones(100)), 1999, rng) < 0.05
    assert 0.74 <= found.mean() <= 0.86


def test_the_error_of_a_mean_over_single_queries_is_the_textbook_one() -> None:
    values = np.random.default_rng(0).normal(size=(2, 30))
    expected = values.std(axis=1, ddof=1) / np.sqrt(30)
    assert standard_errors(Clusters(values, np.ones(30))) == pytest.approx(expected)


def test_the_interval_is_that_of_drawing_whole_articles_one_by_one() -> None:
    rng = np.random.default_rng(5)
    sizes = rng.integers(1, 6, size=40)
    queries = [rng.normal(0.2, 1, size=size) for size in sizes]
    clusters = Clusters(np.array([[q.sum() for q in queries]]), sizes.astype(float))
    low, high = bootstrap_intervals(clusters, 0.05, 20_000, rng)[0]
    means = [np.concatenate([queries[i] for i in rng.integers(0, 40, size=40)]).mean() for _ in range(20_000)]
    assert np.mean(means <= low) == pytest.approx(0.0195, abs=0.005)  # Phi(-sqrt(40 / 39) * 2.0227) = 0.0203
    assert np.mean(means >= high) == pytest.approx(0.0195, abs=0.005)


def test_same_seed_gives_the_same_bytes_whatever_the_order_of_the_mappings() -> None:
    systems = some_systems()
    clusters = {query: query[:-1] for query in systems["system 0"]}
    turned = {name: dict(reversed(values.items())) for name, values in reversed(systems.items())}
    renamed = {query: f"z{99 - int(group[1:])}" for query, group in reversed(clusters.items())}
    for baseline in ("system 1", None):
        first = compare(systems, baseline, clusters=clusters, config=FAST)
        assert repr(first) == repr(compare(turned, baseline, clusters=renamed, config=FAST))
        assert repr(first) != repr(compare(systems, baseline, clusters=clusters, config=CompareConfig(0.05, 999, 1)))


def test_a_comparison_does_not_depend_on_which_other_systems_are_there_but_for_holm() -> None:
    systems = some_systems(4)
    few = compare({name: systems[name] for name in ("system 0", "system 3")}, "system 0", config=FAST)[0]
    many = compare(systems, "system 0", config=FAST)[-1]
    assert (few.effect, few.low, few.high, few.p) == (many.effect, many.low, many.high, many.p)
    assert few.corrected_p <= many.corrected_p
    assert few.detectable < many.detectable


def test_the_number_of_threads_changes_no_byte() -> None:
    code = (
        "import numpy as np; from eval.compare import *; r = np.random.default_rng(0);"
        "s = {str(j): {str(i): float(v) for i, v in enumerate(r.random(700))} for j in range(5)};"
        "print(compare(s, '0', config=CompareConfig(resamples=2000)))"
    )
    outputs = set()
    for threads in ("1", "2", "8"):
        environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        outputs.add(
            subprocess.run(
                [sys.executable, "-c", code],
                check=True,
                capture_output=True,
                env=environment,
                cwd=Path(__file__).parents[1],
            ).stdout
        )
    assert len(outputs) == 1


def test_all_pairs_are_compared_where_there_is_no_baseline() -> None:
    found = compare(some_systems(4), config=FAST)
    assert len(found) == len({frozenset((c.system, c.baseline)) for c in found}) == 6
    assert {c.variants for c in found} == {4}


def test_variants_that_were_tried_and_dropped_count_in_the_correction() -> None:
    systems = some_systems(2)
    shown = compare(systems, "system 0", config=FAST)[0]
    tuned = compare(systems, "system 0", config=CompareConfig(resamples=999, variants=30))[0]
    assert tuned.corrected_p == pytest.approx(min(30 * shown.p, 1))
    assert (shown.variants, tuned.variants) == (1, 30)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.floats(-1, 1), min_size=8, max_size=8), min_size=2, max_size=5),
    st.integers(1, 20),
)
def test_no_winner_is_named_where_the_interval_includes_zero(rows: list[list[float]], extra: int) -> None:
    systems = {f"s{number}": by_query(np.array(row)) for number, row in enumerate(rows)}
    found = compare(systems, "s0", config=CompareConfig(resamples=199, variants=len(rows) - 1 + extra))
    lines = table(found).splitlines()
    assert "winner" not in lines[0]
    for c, line in zip(found, lines[2:], strict=True):
        named = c.corrected_p < 0.05 and not c.low <= 0 <= c.high
        assert ("winner" in line) == named == (c.winner is not None)
        assert 0 < c.p <= c.corrected_p <= 1
        assert c.low <= c.high


def test_the_table_always_says_how_much_could_be_found() -> None:
    better = Comparison("a|b", "base", 0.1, 0.05, 0.15, 0.001, 0.002, 0.07, 120, 80, 2, 0.05)
    unclear = Comparison("c", "base", -0.01, -0.05, 0.03, 0.5, 0.5, 0.06, 120, 80, 2, 0.05)
    head, _, first, second = table([better, unclear]).splitlines()
    for column in ("effect", "interval", "queries", "smallest detectable", "corrected p", "variants tried"):
        assert column in head
    assert first == ("| a\\|b | base | +0.1 | [+0.05, +0.15] at 95.0% | 120 (80) | 0.07 | 0.002 | 2 | winner: a\\|b |")
    assert second == (
        "| c | base | -0.01 | [-0.05, +0.03] at 95.0% | 120 (80) | 0.06 | 0.5 | 2 | no difference shown |"
    )


def test_a_worse_system_makes_the_baseline_the_winner() -> None:
    rng = np.random.default_rng(0)
    systems = {"base": by_query(rng.random(50) + 1), "worse": by_query(rng.random(50))}
    assert compare(systems, "base", config=FAST)[0].winner == "base"


def test_nothing_is_written_into_the_arguments() -> None:
    systems = some_systems()
    before = repr(systems)
    compare(systems, config=FAST)
    assert repr(systems) == before


@pytest.mark.parametrize(
    ("systems", "baseline", "clusters", "problem"),
    [
        ({"a": {"q1": 1.0}}, None, None, "1 systems: give at least two"),
        ({"a": {"q1": 1.0, "q2": 1.0}, "b": {"q1": 1.0}}, None, None, "'b' has no value for query 'q2'"),
        ({"a": {"q3": 1.0}, "b": {"q1": 1.0, "q3": 0.0}}, None, None, "'a' has no value for query 'q1'"),
        ({"a": {"q1": 1.0, "q2": float("nan")}, "b": {"q1": 1.0, "q2": 1.0}}, None, None, "'a', query 'q2': nan"),
        ({"a": {"q1": 1.0, "q2": 1.0}, "b": {"q1": float("inf"), "q2": 1.0}}, None, None, "'b', query 'q1': inf"),
        ({"a": {"q1": 1.0, "q2": 1.0}, "b": {"q1": 1.0, "q2": 1.0}}, "c", None, "baseline 'c' is none of"),
        ({"a": {"q1": 1.0, "q2": 1.0}, "b": {"q1": 1.0, "q2": 1.0}}, "a", {"q1": "x"}, "'q2' has no cluster"),
        ({"a": {"q1": 1.0, "q2": 1.0}, "b": {"q1": 1.0, "q2": 1.0}}, "a", {"q1": "x", "q2": "x"}, "in 1 clusters"),
        ({"a": {}, "b": {}}, "a", None, "0 queries in 0 clusters"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    systems: dict[str, dict[str, float]], baseline: str | None, clusters: dict[str, str] | None, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        compare(systems, baseline, clusters=clusters)


def test_senseless_settings_are_refused() -> None:
    for make, problem in [
        (lambda: CompareConfig(alpha=0), "alpha is 0"),
        (lambda: CompareConfig(resamples=10), "resamples is 10"),
        (lambda: CompareConfig(seed=-1), "seed is -1"),
        (lambda: compare(some_systems(4), "system 0", config=CompareConfig(variants=2)), "variants is 2, but 3"),
    ]:
        with pytest.raises(ConfigError, match=problem):
            make()


@pytest.mark.parametrize(("low", "corrected_p"), [(-0.01, 0.001), (0.0, 0.001), (0.01, 0.05)])
def test_it_takes_both_the_interval_and_the_corrected_p_to_win(low: float, corrected_p: float) -> None:
    doubtful = Comparison("a", "base", 0.1, low, 0.2, 0.001, corrected_p, 0.07, 120, 80, 2, 0.05)
    assert doubtful.winner is None
    assert "winner" not in table([doubtful])


def run_files(folder: Path) -> tuple[list[str], list[str]]:
    """Two runs over 40 queries of which one always finds the related article and one never, and the judgments."""
    good = Run.of("good", {f"q{n}": [(f"d{n}", 1.0)] for n in range(40)})
    bad = Run.of("bad", {f"q{n}": [("other", 1.0)] for n in range(40)})
    write_run(good, folder / "good.trec")
    write_run(bad, folder / "bad.jsonl")
    links = "".join(f"q{n}\td{n}\n" for n in range(40))
    (folder / "links.tsv").write_text(f"article_id\trelated_id\n{links}")
    return ["--run", str(folder / "good.trec"), "--run", str(folder / "bad.jsonl")], [
        "--links",
        str(folder / "links.tsv"),
    ]


def test_the_command_compares_run_files_and_is_the_same_every_time(tmp_path: Path) -> None:
    runs, links = run_files(tmp_path)
    first = CliRunner().invoke(main, ["compare", *runs, *links, "--baseline", "bad"])
    assert first.exit_code == 0, first.output
    assert first.output.startswith("nDCG@10, links\n")
    assert "| good | bad | +1 |" in first.output
    assert "winner: good" in first.output
    assert CliRunner().invoke(main, ["compare", *runs, *links, "--baseline", "bad"]).output == first.output


def test_two_runs_of_one_name_are_refused(tmp_path: Path) -> None:
    runs, links = run_files(tmp_path)
    result = CliRunner().invoke(main, ["compare", *runs[:2], *runs[:2], *links])
    assert result.exit_code == 1
    assert "same system name" in result.output
