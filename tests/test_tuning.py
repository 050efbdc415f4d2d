"""Tuning: the pool ranks as the recommender does, the fit finds what was planted, and nothing is told twice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import DAY_ZERO, MakeRelease, article
from hypothesis import given
from hypothesis import strategies as st

from eval.__main__ import main
from eval.asof import AsOf
from eval.evaluate import rank
from eval.judged.stories import read_stories
from eval.judgments import Judgments
from eval.measures import Measure
from eval.metrics import per_query
from eval.tuning.fit import RANGES, FitConfig, Range, fit
from eval.tuning.pool import Pool
from eval.tuning.split import by_story, by_time
from eval.tuning.tune import tune
from recsys import Release
from recsys.errors import ConfigError
from recsys.ranking import Weights

QUICK = FitConfig(trials=60)


@pytest.fixture
def paper(make_release: MakeRelease) -> Release:
    """40 articles: what they say is by number modulo 8, and their tags, which nothing else shows, by modulo 5."""
    words = [f"theme{n % 8} theme{n % 8} matter{n % 8} city{n % 3} report{n}" for n in range(40)]
    return make_release(
        [article(n, title=f"Report {n}", body=words[n], tags=(f"tag{n % 5}", "all")) for n in range(40)]
    )


def same(modulo: int, count: int = 40) -> Judgments:
    """Each article is related to those whose number is the same modulo this."""
    return Judgments(
        {
            f"a{n:03}": {f"a{m:03}": 1.0 for m in range(count) if m != n and m % modulo == n % modulo}
            for n in range(count)
        },
        f"modulo {modulo}",
    )


@pytest.mark.parametrize(
    "weights", [Weights(), Weights(words_long=0.1, tempo=0.9, later=0.3, tags=0.4), Weights(kin_short=2, names_short=1)]
)
@pytest.mark.parametrize("as_of", [AsOf(), AsOf(own=True)])
def test_a_pools_figures_are_those_of_the_recommender(paper: Release, weights: Weights, as_of: AsOf) -> None:
    judgments = Judgments({**same(8).gains, "a007": {"a015": 2.0, "a023": 0.0, "a001": 1.0}})
    asked = rank(paper, list(judgments.gains), weights, "ours", as_of=as_of)
    wanted = per_query(asked, judgments, Measure("nDCG", 10))
    pool = Pool.of(paper, judgments, as_of)
    assert pool.queries == tuple(wanted)
    found = dict(zip(pool.queries, pool.figures(weights), strict=True))
    assert found == pytest.approx(wanted)
    some = pool.only([3, 17])
    assert dict(zip(some.queries, some.figures(weights), strict=True)) == pytest.approx(
        {query: wanted[query] for query in (pool.queries[3], pool.queries[17])}
    )


def test_the_fit_finds_the_signal_that_the_judgments_follow(paper: Release) -> None:
    by_tag = by_story(same(5), seed=1)
    found = tune(paper, by_tag, QUICK)
    assert found.after.tags > found.before.tags
    figures = {score.system: score.ndcg_at_10 for score in found.scores}
    assert figures["after tuning"] > figures["before tuning"] + 0.1
    assert found.comparison.effect == pytest.approx(figures["after tuning"] - figures["before tuning"])


def test_articles_of_one_story_are_one_piece_of_evidence(paper: Release, tmp_path: Path) -> None:
    rows = [f"story{n % 5}\ta{n:03}" for n in range(40)]
    (tmp_path / "stories.tsv").write_text("\n".join(["story\tarticle_id", *rows]) + "\n")
    split = by_story(read_stories(tmp_path / "stories.tsv"), seed=1)
    comparison = tune(paper, split, FitConfig(trials=12)).comparison
    assert (comparison.queries, comparison.clusters) == (len(split.rest), len(split.rest) / 8)


def test_the_rest_is_never_fitted_to(paper: Release) -> None:
    split = by_story(same(5), seed=1)
    upside_down = replace(
        split, rest=Judgments({q: {"a000" if q != "a000" else "a001": 1.0} for q in split.rest.gains})
    )
    assert tune(paper, split, QUICK).after == tune(paper, upside_down, QUICK).after


def test_the_same_seed_gives_the_same_weights_and_what_is_kept_stays(paper: Release) -> None:
    pool = Pool.of(paper, same(5))
    config = replace(QUICK, keep=frozenset({"section", "later"}))
    first = fit([pool], config)
    assert first != config.start
    assert first == fit([pool], config)
    assert (first.section, first.later) == (Weights().section, Weights().later)
    assert first != fit([pool], replace(config, seed=1))


def test_weights_that_cannot_be_bettered_stay(paper: Release) -> None:
    perfect = Weights(tags=1.0)
    pool = Pool.of(paper, Judgments({"a000": {"a005": 1.0}})).only([0])
    assert fit([pool], FitConfig(trials=24, start=perfect)) == perfect or pool.figures(perfect)[0] < 1


def test_no_pool_and_unknown_names_are_refused(paper: Release) -> None:
    with pytest.raises(ConfigError, match="no judged articles"):
        fit([])
    with pytest.raises(ConfigError, match="keep sections: known are"):
        FitConfig(keep=frozenset({"sections"}))
    with pytest.raises(ConfigError, match="none of the 1 judged articles"):
        Pool.of(paper, Judgments({"x": {"a001": 1.0}}))


@given(st.sampled_from(sorted(RANGES)), st.floats(0, 1))
def test_a_place_in_a_range_is_a_weight_that_is_allowed_and_comes_back(name: str, place: float) -> None:
    found = RANGES[name]
    value = found.value(place)
    Weights(**{name: value})
    assert found.place(value) == pytest.approx(place, abs=0.02)


def test_a_range_by_ratio_is_halved_at_the_geometric_mean() -> None:
    assert Range(1.0, 100.0, by_ratio=True).value(0.5) == 10.0
    assert Range(0.0, 1.0).value(0.5) == 0.5


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=40), st.integers(0, 5))
def test_no_chain_of_judgments_is_parted_by_story(pairs: list[tuple[int, int]], seed: int) -> None:
    gains: dict[str, dict[str, float]] = {}
    for first, second in pairs:
        gains.setdefault(str(first), {})[str(second)] = 1.0
    judgments = Judgments(gains)
    try:
        split = by_story(judgments, seed=seed)
    except ConfigError:
        return
    assert set(split.fit.gains) | set(split.rest.gains) == set(gains)

    def touched(part: Judgments) -> set[str]:
        return set(part.gains) | {other for known in part.gains.values() for other in known}

    assert not touched(split.fit) & touched(split.rest)


def test_a_split_by_time_fits_to_the_past(paper: Release) -> None:
    split = by_time(paper, same(5), share=0.25)
    assert max(split.fit.gains) < min(split.rest.gains)  # the ids are in the order of time
    assert (len(split.fit), len(split.rest)) == (10, 30)


def test_articles_of_one_moment_are_not_parted_by_time(make_release: MakeRelease) -> None:
    release = make_release([article(n, published_at=DAY_ZERO) for n in range(6)])
    with pytest.raises(ConfigError, match="one part is empty"):
        by_time(release, same(2, 6))


def test_the_command_writes_weights_that_the_service_reads(paper: Release, tmp_path: Path) -> None:
    links = tmp_path / "links.tsv"
    rows = [f"{query}\t{other}" for query, known in same(5).gains.items() for other in known]
    links.write_text("\n".join(["article_id\trelated_id", *rows]) + "\n")
    out = tmp_path / "weights.json"
    asked = ["tune", "--releases", str(paper.path), "--links", str(links), "--out", str(out), "--trials", "36"]
    result = CliRunner().invoke(main, [*asked, "--split", "story", "--seed", "1"], catch_exceptions=False)
    assert "fitted to" in result.output
    assert "after tuning" in result.output
    assert "| tags |" in result.output
    written = Weights.read(out)
    assert written.tags > Weights().tags
    assert written.later == Weights().later
    again = tmp_path / "again.json"
    CliRunner().invoke(main, [*asked[:-3], str(again), *asked[-2:], "--split", "story", "--seed", "1"])
    assert again.read_bytes() == out.read_bytes()


def test_weights_that_cannot_be_written_are_an_error_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.*cannot be written"):
        Weights().write(tmp_path / "nowhere" / "weights.json")


def test_a_pool_without_candidates_in_the_past_scores_nothing(paper: Release) -> None:
    pool = Pool.of(paper, Judgments({"a000": {"a005": 1.0}}), AsOf(own=True))
    assert np.array_equal(pool.figures(Weights()), [0.0])
