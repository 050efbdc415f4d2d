"""The policy of time: none, one moment, or each query's own; and 100 planted twins from the future."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import DAY_ZERO, MakeRelease, article, published

from eval.__main__ import main
from eval.asof import ANY_TIME, AsOf
from eval.baselines import baselines
from eval.baselines.scoring import answer
from eval.baselines.texts import full_texts
from eval.evaluate import rank, runs
from eval.judgments import Judgments
from eval.leaks import leaks
from eval.runfiles import read_run
from eval.runs import Run
from recsys import Recommender, Release, Weights
from recsys.articles import Article, AuthorName
from recsys.eligibility import Filters
from recsys.errors import ConfigError
from recsys.release import UNDATED
from recsys.store import ArticleStore
from recsys.variety import AS_RANKED

PLANTS = 100
OWN = AsOf(own=True)


def with_twins(seed: int) -> list[Article]:
    """100 articles of words of their own, and of each a twin that was published seconds to weeks later."""
    random = np.random.default_rng(seed)
    originals, twins = [], []
    for n in range(PLANTS):
        own = " ".join(f"term{n}x{word}" for word in range(8))
        fields = {
            "title": f"Report {own}",
            "body": f"{own} harbour council {random.integers(9)}",
            "section": str(random.choice(["", "news", "news/local"])),
            "authors": (AuthorName(f"Ines V{chr(97 + int(random.integers(20)))}llory"),),
            "published_at": DAY_ZERO + timedelta(seconds=int(random.integers(400 * 86_400))),
        }
        originals.append(article(n, **fields))
        late = fields["published_at"] + timedelta(seconds=int(random.integers(1, 30 * 86_400)))
        twins.append(article(n + PLANTS, **{**fields, "published_at": late}))
    return originals + twins


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return published(tmp_path_factory.mktemp("paper"), with_twins(3))


def store_of(release: Release) -> ArticleStore:
    return ArticleStore.open(f"sqlite:///{release.path.parent.parent / 'articles.db'}")


def twin(query: str) -> str:
    return f"a{int(query[1:]) + PLANTS:03}"


def test_100_of_100_planted_twins_are_first_without_as_of_and_absent_with_it(planted: Release) -> None:
    dates = {a.id: a.published_at for a in with_twins(3)}
    recommender = Recommender(planted, variety=AS_RANKED)
    for query in (f"a{n:03}" for n in range(PLANTS)):
        moment = dates[query]
        assert recommender.similar(query, 100).items[0].id == twin(query)
        assert twin(query) in {item.id for item in recommender.more_from_author(query, 100).items}
        both = recommender.related(query, 100, 100, as_of=moment)
        lists = [
            recommender.similar(query, 100, as_of=moment).items,
            recommender.more_from_author(query, 100, as_of=moment).items,
            both.similar + both.author,
        ]
        for items in lists:
            assert all(dates[item.id] <= moment for item in items)  # so the twin is absent
        earlier = sum(date <= moment for date in dates.values()) - 1
        assert len(lists[0]) == min(100, earlier)


def test_no_system_and_no_baseline_answers_from_the_future_and_the_check_sees_it_where_one_does(
    planted: Release,
) -> None:
    queries = [f"a{n:03}" for n in range(PLANTS)]
    beside = baselines(full_texts(store_of(planted)), Judgments({q: {twin(q): 1.0} for q in queries}))
    for baseline in beside:
        honest, open_ended = (answer(baseline, planted, queries, as_of=when) for when in (OWN, ANY_TIME))
        assert leaks(honest, planted, OWN) == ()
        if baseline.name in {"TF-IDF", "BM25", "embedding", "BM25 of titles"}:
            assert all(open_ended.lists[query][0].doc == twin(query) for query in queries)
            caught = {leak.query for leak in leaks(open_ended, planted, OWN) if leak.doc == twin(leak.query)}
            assert caught == set(queries)  # 100 of 100
    ours = rank(planted, queries, Weights(), "ours", as_of=OWN)
    assert leaks(ours, planted, OWN) == ()
    assert len(list(runs(planted, queries, {"ours": Weights()}, beside, OWN))) == len(beside) + 1


def test_a_system_that_leaks_stops_the_evaluation(planted: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    late = Run.of("ours", {"a000": [(twin("a000"), 1.0)]})
    monkeypatch.setattr("eval.evaluate.rank", lambda *_, **__: late)
    with pytest.raises(ConfigError, match=f"such as '{twin('a000')}' for 'a000', published later"):
        list(runs(planted, ["a000"], {"ours": Weights()}, as_of=OWN))


def test_one_moment_holds_for_all_queries_and_the_earlier_of_two_counts(make_release: MakeRelease) -> None:
    release = make_release([article(n) for n in range(10)])
    day = {n: DAY_ZERO + timedelta(days=n) for n in range(10)}

    def shown(as_of: AsOf, filters: Filters) -> set[str]:
        return {a.doc for a in rank(release, ["a005"], Weights(), "ours", as_of=as_of, filters=filters).lists["a005"]}

    assert shown(AsOf(day[7]), Filters()) == {"a000", "a001", "a002", "a003", "a004", "a006", "a007"}
    assert shown(AsOf(day[7]), Filters(as_of=day[2])) == {"a000", "a001", "a002"}
    assert shown(OWN, Filters(as_of=day[9])) == {"a000", "a001", "a002", "a003", "a004"}
    assert shown(ANY_TIME, Filters(as_of=day[1])) == {"a000", "a001"}
    assert shown(AsOf(day[7]), Filters(frozenset({"a006"}), published_after=day[4])) == {"a007"}


def test_an_undated_query_has_no_moment_of_its_own_and_so_no_candidates(make_release: MakeRelease) -> None:
    release = make_release([article(n, published_at=None if n == 2 else DAY_ZERO) for n in range(6)])
    assert rank(release, ["a002"], Weights(), "ours", as_of=OWN).lists == {"a002": ()}
    assert OWN.latest(release, [1, 2]).tolist() == [int(DAY_ZERO.timestamp()), UNDATED]
    for baseline in baselines():
        run = answer(baseline, release, ["a002", "a001"], as_of=OWN)
        assert run.lists["a002"] == ()
        assert "a002" not in {found.doc for found in run.lists["a001"]}


def test_what_may_be_asked_for() -> None:
    at = datetime(2026, 3, 1, 6, tzinfo=timezone(timedelta(hours=1)))
    assert AsOf.parse("2026-03-01T06:00:00+01:00") == AsOf(at)
    assert AsOf.parse(" Published ") == OWN
    assert [bool(when) for when in (ANY_TIME, OWN, AsOf(at))] == [False, True, True]
    assert [str(when) for when in (ANY_TIME, OWN, AsOf(at))] == ["any time", "published", "2026-03-01T06:00:00+01:00"]
    for text in ("2026-03-01", "2026-03-01T06:00:00"):
        with pytest.raises(ConfigError, match="has no time zone"):
            AsOf.parse(text)
    for text in ("", "yesterday", "2026"):
        with pytest.raises(ConfigError, match="give 'published' or an ISO 8601 time"):
            AsOf.parse(text)
    with pytest.raises(ConfigError, match="give one of them"):
        AsOf(at.astimezone(UTC), own=True)


def test_the_command_writes_a_run_as_of_each_querys_own_time(planted: Release, tmp_path: Path) -> None:
    (tmp_path / "links.tsv").write_text(f"article_id\trelated_id\na000\t{twin('a000')}\n")
    run = ["run", "--releases", str(planted.path.parent), "--queries", str(tmp_path / "links.tsv")]
    for when, leaking in [([], True), (["--as-of", "published"], False), (["--as-of", "2026-01-01T00:00Z"], False)]:
        result = CliRunner().invoke(main, [*run, "--out", str(tmp_path / "ours.jsonl"), *when])
        assert result.exit_code == 0, result.output
        docs = {found.doc for found in read_run(tmp_path / "ours.jsonl").lists["a000"]}
        assert (twin("a000") in docs) is leaking
    result = CliRunner().invoke(main, [*run, "--out", "x", "--as-of", "2026-01-01"])
    assert result.exit_code == 2
    assert "no time zone" in result.output.replace("\n", " ")
