"""Scores of pairs are held against what people said."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import MakeRelease, article
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from eval.__main__ import main
from eval.judged.human import HumanPairs, agreement, read_pairs, spearman, text_scorer
from eval.judgments import Judgments
from recsys import Recommender, Weights
from recsys.errors import ArticleNotFound, ConfigError, SourceError


def some(number: int, seed: int = 0) -> HumanPairs:
    """Pairs of articles of their own, with a random similarity each."""
    values = np.random.default_rng(seed).random(number).tolist()
    return HumanPairs(tuple((f"a{n}", f"b{n}") for n in range(number)), tuple(values))


def test_pairs_are_read_from_a_table_and_from_both_files_of_semeval(tmp_path: Path) -> None:
    table = tmp_path / "pairs.tsv"
    table.write_text("article_id\tother_id\tsimilarity\n1\t2\t3\n3\t4\t0.5\n5\t5\t9\n")
    pairs = read_pairs(table)
    assert pairs == HumanPairs((("1", "2"), ("3", "4")), (3.0, 0.5))
    rows = [{"pair_id": "1_2", "Overall": 1.0, "lang1": "en"}, {"pair_id": "3_4", "Overall": 3.5, "lang1": "en"}]
    (tmp_path / "official.csv").write_text(
        "lang1,pair_id,Overall\n" + "".join(f"en,{r['pair_id']},{r['Overall']}\n" for r in rows)
    )
    (tmp_path / "pairs.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    assert read_pairs(tmp_path / "official.csv") == read_pairs(tmp_path / "pairs.jsonl.gz") == pairs
    assert pairs.only({"1", "2", "3"}) == HumanPairs((("1", "2"),), (3.0,))
    assert pairs.judgments() == Judgments(
        {"1": {"2": 3.0}, "2": {"1": 3.0}, "3": {"4": 0.5}, "4": {"3": 0.5}}, "human similarity"
    )


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("p.tsv", "article_id\tother_id\n", "no column similarity"),
        ("p.tsv", "article_id\tother_id\tsimilarity\na\tb\tvery\n", "line 2: similarity 'very'"),
        ("p.csv", "pair_id,Overall\n12,3\n", "line 2: pair_id '12'"),
        ("p.jsonl", '{"pair_id": "1_2"}', "line 1: similarity None"),
        ("p.jsonl", "[1]", "line 1"),
    ],
)
def test_senseless_pairs_are_refused(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SourceError, match=problem):
        read_pairs(tmp_path / name)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=20))
def test_the_correlation_is_scipys(values: list[tuple[int, int]]) -> None:
    one, other = np.array(values, np.float64).T
    if np.ptp(one) and np.ptp(other):
        assert spearman(one, other) == pytest.approx(spearmanr(one, other).statistic)
    else:
        assert np.isnan(spearman(one, other))


def test_a_perfect_scorer_agrees_and_the_interval_tells_luck_from_skill() -> None:
    human = some(200)
    perfect = agreement(human, lambda _: [value**3 for value in human.similarity], resamples=50)
    assert (perfect.spearman, perfect.low, perfect.high) == pytest.approx((1, 1, 1))
    luck = agreement(human, lambda pairs: np.random.default_rng(1).random(len(pairs)), resamples=500)
    assert luck.low is not None
    assert luck.high is not None
    assert luck.low < 0 < luck.high
    assert 0.2 < luck.high - luck.low < 0.4  # 4 / sqrt(200) is 0.28
    assert luck == agreement(human, lambda pairs: np.random.default_rng(1).random(len(pairs)), resamples=500)


def test_pairs_that_share_articles_are_not_taken_for_independent() -> None:
    alone = some(60, seed=2)
    noisy = np.random.default_rng(3).random(60) * 0.3 + np.array(alone.similarity)
    # each pair five times, as a chain through shared articles: no new knowledge
    chained = HumanPairs(
        tuple(pair for n in range(60) for pair in [(f"c{n}-{step}", f"c{n}-{step + 1}") for step in range(5)]),
        tuple(np.repeat(alone.similarity, 5)),
    )
    once = agreement(alone, lambda _: noisy, resamples=400)
    often = agreement(chained, lambda _: np.repeat(noisy, 5), resamples=400)
    assert once.low is not None
    assert often.low is not None
    assert often.low == pytest.approx(once.low, abs=0.02)
    star = HumanPairs(tuple(("hub", f"x{n}") for n in range(60)), alone.similarity)
    assert agreement(star, lambda _: noisy).low is None


@pytest.mark.parametrize("scores", [[1.0] * 5, [1.0, 2.0], [1.0, 2.0, 3.0, 4.0, float("nan")]])
def test_scores_that_order_nothing_are_refused(scores: list[float]) -> None:
    with pytest.raises(ConfigError):
        agreement(some(5), lambda _: scores)


def test_a_pair_is_scored_as_the_lists_score_it(make_release: MakeRelease) -> None:
    release = make_release([article(n, section="news", tags=(f"t{n % 2}",)) for n in range(12)])
    recommender = Recommender(release)
    items = recommender.similar("a003", 11, explain=True).items
    assert [item.parts for item in items] == recommender.parts("a003", [item.id for item in items])
    scorer = text_scorer(recommender)
    best, other = items[0].id, items[-1].id
    assert scorer([("a003", best), (best, "a003")]) == pytest.approx([scorer([("a003", best)])[0]] * 2)
    parts = [recommender.parts(a, [b])[0] for a, b in (("a003", other), (other, "a003"))]
    by_text = ("semantic", "lexical", "names", "kin")
    assert scorer([("a003", other)]) == pytest.approx([max(sum(part[name] for name in by_text) for part in parts)])
    with pytest.raises(ArticleNotFound):
        recommender.parts("a003", ["gone"])


def test_neither_time_nor_site_changes_how_alike_two_texts_are(make_release: MakeRelease) -> None:
    """Articles three days apart on two sites, under weights that look hard at both, and under weights that do not."""
    release = make_release([article(n, url=f"https://{'ab'[n % 2]}.example/{n}", section="City") for n in range(12)])
    hard = Weights(tempo=0.8, freshness_floor=0.3, half_life_days=1, later=0.1, other_site=0.1)
    soft = Weights(tempo=0, freshness_floor=1, later=1, other_site=1)
    pairs = [(f"a{n:03}", f"a{n + 3:03}") for n in range(8)]
    found = [text_scorer(Recommender(release, weights))(pairs) for weights in (hard, soft)]
    assert min(found[1]) > 0
    np.testing.assert_allclose(found[0], found[1])


def test_the_command_tells_how_well_each_system_agrees(make_release: MakeRelease, tmp_path: Path) -> None:
    release = make_release([article(n) for n in range(12)])
    path = tmp_path / "pairs.tsv"
    rows = [f"a{n:03}\ta{m:03}\t{int(n % 3 == m % 3)}\n" for n in range(12) for m in range(n)]
    path.write_text("article_id\tother_id\tsimilarity\n" + "".join(rows) + "a000\tgone\t1\n")
    result = CliRunner().invoke(main, ["human", "--releases", str(release.path.parent), "--pairs", str(path)])
    assert result.exit_code == 0, result.output
    assert "1 of 67 pairs are not in the release" in result.stderr
    figures = {line.split("|")[1].strip(): line.split("|")[3].strip() for line in result.stdout.splitlines()[2:]}
    assert list(figures) == ["words alone (TF-IDF)", "meaning alone", "our ranking"]
    assert float(figures["our ranking"]) > 0.5
