"""The command that measures every claim: sets are converted as said, and no fit sees what it is tested on."""

import gzip
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import SAMPLE, article, published
from fakes import FakeEmbedder

from eval.__main__ import main
from eval.evaluate import rank
from eval.judged.human import Agreement
from eval.judgments import Judgments
from eval.metrics import mean as mean_of
from eval.papers import tuned
from eval.papers.conversion import CONVERTERS, convert
from eval.papers.datasets import BARS, NAMES, Paper, known_papers
from eval.papers.measure import PapersConfig, measure
from eval.papers.quality import NDCG, OURS, Bench, Gain, Quality
from eval.papers.report import Measured, report
from eval.papers.stages import Built, build
from eval.papers.tuned import by_halves, halves, leave_one_out
from eval.runs import Run
from eval.tuning.fit import FitConfig
from eval.tuning.pool import Pool
from index.__main__ import main as index
from index.nightly import NightlyConfig, nightly
from recsys import Weights
from recsys.errors import ConfigError, RecsysError, SourceError
from recsys.store import ArticleStore

DATA = Path(__file__).parents[1].parent / "shared/data"
STORIES = [
    "harbour bridge ferry",
    "school roof teacher",
    "council budget vote",
    "museum whale bone",
    "storm flood dyke",
]
ROWS: dict[str, list[dict[str, object]]] = {
    "wiki_current_events": [
        {
            "id": f"w{n}",
            "date": f"2025-01-{1 + n:02}",
            "category": "Disasters",
            "text": f"Item {n} says {STORIES[n % 5]} once more, and goes on about word{n} until it is long enough.",
            "story": STORIES[n % 5].replace(" ", "_") if n < 20 else None,
        }
        for n in range(24)
    ],
    "uci_news_aggregator": [
        {"ID": "7", "TITLE": "Bank cuts rates", "CATEGORY": "b", "STORY": "s1", "TIMESTAMP": "1394470501265"},
        {"ID": "8", "TITLE": "Rates are cut", "CATEGORY": "b", "STORY": "s1", "TIMESTAMP": "1394470501410"},
    ],
    "ecbplus": [{"doc": "1_1ecb", "event": "1_ecb", "text": "Singer in clinic\nA singer checked herself in."}],
    "fnc1": [{"body_id": "2", "story": 0, "body": "A mother saw it.\n\nShe told the radio."}],
    "semeval22_task8": [
        {"pair_id": "10_11", "Overall": 2.0, "text1": "Penguins win", "text2": "Penguins lose"},
        {"pair_id": "10_12", "Overall": 4.0, "text1": "Penguins win", "text2": "A new year"},
        {"pair_id": "11_12", "Overall": 3.0, "text1": "Penguins lose", "text2": "A new year"},
    ],
}  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder laid out like the real sets, with invented rows."""
    for name, rows in ROWS.items():
        source = tmp_path / "data" / name / CONVERTERS[name].file
        source.parent.mkdir(parents=True)
        source.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    return tmp_path / "data"


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Bench]:
    """`linked(name, gains)`: a bench over one small newspaper with these links or stories."""
    folder = tmp_path_factory.mktemp("linked")
    release = published(folder, [article(n) for n in range(24)])
    made = Built(release, f"sqlite:///{folder / 'articles.db'}", ())

    def bench(name: str, pairs: Sequence[tuple[int, int]], stories: bool = False) -> Bench:
        judged = folder / f"{name}.tsv"
        head = "story\tarticle_id" if stories else "article_id\trelated_id"
        lines = [f"{f's{a}' if stories else f'a{a:03}'}\ta{b:03}" for a, b in pairs]
        judged.write_text("\n".join([head, *lines, ""]))
        if not stories:
            return Bench.of(Paper(name, folder / "none", judged), made)
        jsonl = folder / f"{name}.jsonl"
        jsonl.write_text("\n".join(json.dumps({"id": f"a{b:03}", "story": f"s{a}"}) for a, b in pairs))
        return Bench.of(Paper(name, folder / "none", jsonl, "stories"), made)

    return bench


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_set_becomes_articles_with_a_title_a_story_and_an_invented_address(data: Path, tmp_path: Path) -> None:
    papers = {paper.name: paper for paper in known_papers(data, tmp_path / "work")}
    assert list(papers) == list(ROWS)
    found = {name: lines_of(paper.articles) for name, paper in papers.items()}
    first = found["wiki_current_events"][0]
    assert first["title"] == "Item 0 says harbour bridge ferry once more, and goes on about word0 until it is"
    assert first["body"] == ROWS["wiki_current_events"][0]["text"]
    assert (first["url"], first["section"]) == ("https://wiki.example/w0", "Disasters")
    assert found["uci_news_aggregator"][0] == {
        "url": "https://uci.example/7", "id": "7", "title": "Bank cuts rates", "body": "", "section": "b",
        "published_at": "2014-03-10T16:55:01.265000+00:00", "story": "s1",
    }  # fmt: skip
    assert found["ecbplus"][0]["title"] == "Singer in clinic"
    assert found["fnc1"][0]["story"] == 0
    assert papers["fnc1"].clusters() == {"2": "0"}
    assert [row["id"] for row in found["semeval22_task8"]] == ["10", "11", "12"]  # each once


def test_items_without_a_story_are_candidates_and_no_queries(data: Path, tmp_path: Path) -> None:
    (paper,) = known_papers(data, tmp_path, ("wiki_current_events",))
    assert len(lines_of(paper.articles)) == 24
    assert set(paper.judgments().gains) == {f"w{n}" for n in range(20)}
    assert len(set((paper.clusters() or {}).values())) == 5


def test_a_row_of_another_layout_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"id": "w1"}\n')
    with pytest.raises(SourceError, match=r"line 1: KeyError\('text'\)"):
        convert("wiki_current_events", tmp_path / "rows.jsonl", tmp_path / "out.jsonl")


def test_a_name_that_no_set_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no paper is named wikipedia: known are abp"):
        known_papers(tmp_path, tmp_path, ("wikipedia",))


def test_no_papers_are_found_in_an_empty_folder(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["papers", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "no paper found" in result.output


def test_error_removed_is_the_share_of_what_the_best_baseline_leaves(linked: Callable[..., Bench]) -> None:
    bench = linked("mod3", [(n, n + 3) for n in range(12)])
    ours = bench.ours(Weights())
    assert ours.lists == rank(bench.built.release, bench.judgments.gains, Weights(), OURS).lists
    found = bench.quality(ours)
    by_name = {run.system: mean_of(run, bench.judgments, NDCG) for run in bench.baselines}
    assert list(found.means) == ["TF-IDF", "BM25", "embedding", OURS]
    assert found.best == max(by_name, key=lambda name: by_name[name])
    best, own = by_name[found.best], mean_of(ours, bench.judgments, NDCG)
    assert found.removed == pytest.approx((own - best) / (1 - best))
    assert found.gain.effect == pytest.approx(own - best)
    assert {gain.baseline for gain in found.gains} == set(by_name)


def test_a_perfect_run_removes_all_error_and_an_empty_one_wins_nowhere(linked: Callable[..., Bench]) -> None:
    bench = linked("mod3", [(n, n + 3) for n in range(12)])
    perfect = bench.quality(Run.of(OURS, {a: [(b, 1.0) for b in known] for a, known in bench.judgments.gains.items()}))
    assert perfect.removed == 1
    assert all(gain.shown and gain.low <= gain.effect <= gain.high and gain.p < 0.05 for gain in perfect.gains)
    empty = bench.quality(Run.of(OURS, {}))
    assert empty.removed < 0
    assert not any(gain.shown for gain in empty.gains)


def test_articles_of_one_story_are_one_cluster(linked: Callable[..., Bench]) -> None:
    bench = linked("stories", [(n % 4, n) for n in range(20)], stories=True)
    gain = bench.quality(bench.ours(Weights())).gain
    assert (gain.queries, gain.clusters) == (20, 4)
    links = linked("mod3", [(n, n + 3) for n in range(12)])
    assert links.quality(links.ours(Weights())).gain.clusters == 12


def chain(length: int) -> Judgments:
    return Judgments({f"a{n}": {f"a{n + 1}": 1.0} for n in range(length)})


def test_one_long_chain_of_links_is_parted_by_article() -> None:
    apart = {f"{side}{n}": {f"{side}{n}+": 1.0} for n in range(20) for side in "xy"}
    judgments = Judgments({**chain(360).gains, **apart})
    found = halves(judgments, None)
    assert "one chain of links joins most" in found.rule
    assert found == halves(judgments, None)
    assert set(found.fit.gains) | set(found.rest.gains) == set(judgments.gains)
    assert not set(found.fit.gains) & set(found.rest.gains)
    assert 150 < len(found.fit) < 250
    assert halves(judgments, None, seed=1).fit.gains.keys() != found.fit.gains.keys()


def test_short_chains_of_links_stay_whole() -> None:
    judgments = Judgments({f"a{n}": {f"a{n // 2 * 2 + 1 - n % 2}": 1.0} for n in range(400)})
    found = halves(judgments, None)
    assert "whole stories" in found.rule
    assert all(related in found.fit.gains for known in found.fit.gains.values() for related in known)


def test_stories_stay_whole_however_uneven_the_halves() -> None:
    great = {f"g{n}": {f"g{m}": 1.0 for m in range(60) if m != n} for n in range(60)}
    small = {f"{s}{n}": {f"{s}{1 - n}": 1.0} for s in "xyzuvw" for n in range(2)}
    found = halves(Judgments({**great, **small}), {query: query[0] for query in {**great, **small}})
    assert len(set(great) & set(found.fit.gains)) in (0, 60)


def test_no_half_is_tested_with_weights_that_saw_it(
    linked: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in for fitting keeps which articles it saw; the bench tells which were asked with its weights."""
    seen: dict[Weights, set[str]] = {}
    asked: list[tuple[Weights, set[str]]] = []
    honest = Bench.ours

    def fit(pools: Sequence[Pool], config: FitConfig) -> Weights:
        weights = Weights(section=0.01 * (1 + len(seen)))
        seen[weights] = {query for pool in pools for query in pool.queries}
        return weights

    def ours(bench: Bench, weights: Weights, judgments: Judgments | None = None) -> Run:
        asked.append((weights, set((judgments or bench.judgments).gains)))
        return honest(bench, weights, judgments)

    monkeypatch.setattr(tuned, "fit", fit)
    monkeypatch.setattr(Bench, "ours", ours)
    first = linked("first", [(n, n + 3) for n in range(12)])
    found = by_halves(first, FitConfig(1))
    assert [weights for weights, _ in asked] == list(found.weights)
    assert set.union(*(queries for _, queries in asked)) == set(first.judgments.gains)
    assert [gain.queries for gain in found.together.gains] == [12, 12, 12]
    leave_one_out([first, linked("second", [(n, n - 3) for n in range(12, 24)])], FitConfig(1))
    assert len(asked) == 4
    assert all(seen[weights] and not seen[weights] & queries for weights, queries in asked)


def test_leaving_out_the_only_paper_is_refused(linked: Callable[..., Bench]) -> None:
    with pytest.raises(ConfigError, match="at least two"):
        leave_one_out([linked("mod3", [(n, n + 3) for n in range(12)])], FitConfig(1))


@pytest.mark.parametrize(
    ("removed", "low", "met"), [(0.22, 0.01, "yes, yes"), (0.219, 0.01, "no, yes"), (0.4, -0.01, "yes, no")]
)
def test_a_claim_holds_from_its_bar_on(linked: Callable[..., Bench], removed: float, low: float, met: str) -> None:
    bench = linked("mod3", [(n, n + 3) for n in range(12)])
    means = bench.quality(bench.ours(Weights())).means
    quality = Quality(means, "BM25", removed, (Gain("BM25", 0.1, low, 0.2, 0.01, 12, 12),))
    agreed = {OURS: Agreement(10, 0.799, None, None), "words alone": Agreement(10, 0.9, 0.8, 1.0)}
    table = report(Measured(Weights(), {}, {}, {"abp": bench}, {"abp": quality}, {"abp": quality}, {"pairs": agreed}))
    assert re.search(rf"\| abp \| BM25 \| .* \| {removed:.1%} \| 22% \| {met} \| {removed:.1%} \|", table)
    assert "| pairs | ours | 10 | 0.7990 |  | 0.8 | no |" in table


def test_what_dates_alone_bring_is_told(linked: Callable[..., Bench], tmp_path: Path) -> None:
    """All articles have one text, and editors link each to that of the day after: only dates can tell."""
    release = published(tmp_path, [article(n, title="Same", body="same words") for n in range(24)])
    links = tmp_path / "links.tsv"
    links.write_text("\n".join(["article_id\trelated_id", *(f"a{n:03}\ta{n + 1:03}" for n in range(12))]))
    bench = Bench.of(Paper("abp", tmp_path, links), Built(release, f"sqlite:///{tmp_path / 'articles.db'}", ()))
    timely = Weights(tempo=0, half_life_days=1, freshness_floor=0)
    dated, undated = (bench.quality(bench.ours(weights)) for weights in (timely, replace(timely, freshness_floor=1)))
    assert dated.removed > undated.removed
    found = Measured(timely, {}, {}, {"abp": bench}, {"abp": dated}, {"abp": undated}, {})
    assert f"| {dated.removed:.1%} | 22% |" in report(found)
    assert f"yes | {undated.removed:.1%} |" in report(found)


def test_the_command_measures_what_was_built_and_tunes_it(data: Path, tmp_path: Path) -> None:
    """On converted sets whose release has a fake embedding, so that nothing is slow."""
    work = tmp_path / "work"
    for paper in known_papers(data, work, ("wiki_current_events", "semeval22_task8")):
        store = f"sqlite:///{work / paper.name / 'articles.db'}"
        rejects = str(tmp_path / "rejects.jsonl")
        ingested = CliRunner().invoke(index, ["ingest", str(paper.articles), "--store", store, "--rejects", rejects])
        assert ingested.exit_code == 0, ingested.output
        opened = ArticleStore.open(store)
        nightly(opened, work / paper.name / "releases", FakeEmbedder(), NightlyConfig(force=True))
        opened.close()
    names = ["--only", "wiki_current_events", "--only", "semeval22_task8"]
    arguments = ["papers", "--data", str(data), "--work", str(work), "--no-build", "--tune", "--trials", "2", *names]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "| wiki_current_events | ours | 20 |" in result.stdout
    assert re.search(r"\| wiki_current_events \| BM25 .*\| 20 \(5\) \|", result.stdout)
    assert "whole stories by chance (seed 0)" in result.stdout
    assert re.search(r"\| semeval22_task8 \| ours \| 3 \|", result.stdout)
    assert "release: " in result.stdout
    assert "built with --force, as no article has a date" in result.stdout
    assert CliRunner().invoke(main, arguments).stdout == result.stdout


def test_a_paper_is_built_and_measured_by_the_real_programs(tmp_path: Path) -> None:
    """The whole job in its own processes, on a part of the sample newspaper."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    (tmp_path / "articles.jsonl").write_text(
        "\n".join(line for line in lines if '"mc-bridge' in line or '"mc-port' in line)
    )
    links = tmp_path / "links.tsv"
    links.write_text("article_id\trelated_id\nmc-bridge-01\tmc-bridge-02\nmc-port-01\tmc-port-02\n")
    paper = Paper("small", tmp_path / "articles.jsonl", links, mapping="title=title")
    found = measure([paper], PapersConfig(tmp_path / "work", FitConfig()))
    stages = found.built["small"].stages
    assert [stage.name for stage in stages] == ["ingest", "build, check, publish", "serve 2 requests"]
    assert all(stage.seconds > 0 and stage.peak_mib > 10 for stage in stages)
    table = report(found)
    assert "| small | ingest |" in table
    assert "| small | release: " in table
    assert "| small | ours | 2 |" in table


def test_a_stage_that_fails_is_named_with_its_output(tmp_path: Path) -> None:
    paper = Paper("broken", tmp_path / "missing.jsonl", tmp_path / "links.tsv")
    with pytest.raises(RecsysError, match="ingest ended with status 1"):
        build(paper, tmp_path / "work")


@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data")
def test_the_real_sets_convert_whole(tmp_path: Path) -> None:
    papers = {paper.name: paper for paper in known_papers(DATA, tmp_path)}
    assert set(papers) == set(NAMES) >= set(BARS)
    figures = {
        name: (len(lines_of(paper.articles)), len(paper.judgments()))
        for name, paper in papers.items()
        if name in CONVERTERS
    }
    assert figures == {
        "wiki_current_events": (5451, 2718),
        "uci_news_aggregator": (3377, 3377),
        "ecbplus": (496, 496),
        "fnc1": (463, 462),
        "semeval22_task8": (321, 321),
    }
