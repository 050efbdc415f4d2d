"""What lists look like: every aspect equals plain Python over the same lists, and each policy holds."""

import math
import re
from itertools import combinations
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import DAY_ZERO, MakeRelease, article, published
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval.__main__ import main
from eval.aspects import ASPECTS, Aspect
from eval.beyond import catalogue, figure, per_query, table
from eval.beyond.shown import Shown
from eval.evaluate import rank
from eval.runfiles import read_run, write_run
from eval.runs import Run
from recsys import Recommender, Release, Weights
from recsys.answers import Source
from recsys.errors import ConfigError

SOURCES = [*Source, None]
CUTOFFS = (1, 2, 5, 100)
COPIES = (3, 8, 9, 12, 15, 18)  # more than an article has neighbours: some pairs stand in one table only
WHOLE = ("coverage", "unseen", "hubness", "Nmax", "GiniAuthor", "GiniSection")
by_query = st.sampled_from([aspect for aspect in ASPECTS if aspect.name not in WHOLE] + [
    Aspect("dup", 10, "cos", 0.8), Aspect("duplists", 10, "cos", 0.8), Aspect("stale", 10, "days", 3)
])  # fmt: skip
fast = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """24 articles: some undated, of two authors or none, in nested sections or none, and copies of each other."""
    sections = ["world/europe", "world", "news/local", ""]
    bylines = ["Ada Brown", "Ada Brown and Ben Cole", "Cy Dunn", ""]
    articles = [
        article(
            n,
            section=sections[n % 4],
            byline=bylines[n % 3 if n % 5 else 3],
            published_at=None if n % 7 == 1 else DAY_ZERO.replace(day=1 + (n * 5) % 28, hour=n),
            **({"title": "Copied story", "body": f"harbour council copied text once more {'again' * (n == 8)}"}
               if n in COPIES else {}),
        )
        for n in range(24)
    ]  # fmt: skip
    return published(tmp_path_factory.mktemp("beyond"), articles, neighbours=3, kin=0)


IDS = [f"a{n:03}" for n in range(24)]
lists = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(SOURCES)), max_size=7, unique_by=lambda a: a[0])
found = st.dictionaries(st.sampled_from(IDS), lists, min_size=1, max_size=8)


def run_of(lists: dict[str, list[tuple[str, Source | None]]]) -> Run:
    return Run.of("ours", {query: [(doc, 0.5, source) for doc, source in answers] for query, answers in lists.items()})


def days(release: Release, query: str, doc: str) -> float:
    asked, answered = (release.card(release.row(one)).published_at for one in (query, doc))
    return (asked - answered).total_seconds() / 86400 if asked and answered else math.nan


def cosine(release: Release, one: str, other: str) -> float:
    vectors = release.vectors.vectors(np.array([release.row(one), release.row(other)]))
    return float(vectors[0].astype(float) @ vectors[1].astype(float))


def alike(release: Release, one: str, other: str, key: str, threshold: float) -> bool:
    if key == "cos":
        return cosine(release, one, other) >= threshold
    for a, b in ((release.row(one), release.row(other)), (release.row(other), release.row(one))):
        near = release.neighbours(a)
        if any(row == b and words >= np.float32(threshold) for row, words in zip(near.rows, near.words, strict=True)):
            return True
    return False


def naive_answers(
    release: Release, aspect: Aspect, query: str, answers: list[tuple[str, Source | None]]
) -> list[float]:
    """The values of the answers of one list that have one."""
    value = aspect.value or 0.0
    ages = [days(release, query, doc) for doc, _ in answers]
    known = [age for age in ages if not math.isnan(age)]
    shown = [query, *(doc for doc, _ in answers)]
    match aspect.name:
        case "age":
            return known
        case "gap":
            return [abs(age) for age in known]
        case "stale":
            return [float(age > value) for age in known]
        case "undated":
            return [float(math.isnan(age)) for age in ages]
        case "source":
            return [float(source == aspect.key) for _, source in answers if source]
    return [
        float(any(alike(release, doc, other, aspect.key, value) for other in shown[:place]))
        for place, doc in enumerate(shown)
        if place
    ]


def naive_list(release: Release, aspect: Aspect, query: str, answers: list[tuple[str, Source | None]]) -> list[float]:
    """The value of one list, if it has one."""
    docs = [doc for doc, _ in answers]
    match aspect.name:
        case "short":
            return [float(len(docs) < (aspect.cutoff or 0))]
        case "empty":
            return [float(not docs)]
        case "ILD":
            pairs = [1 - cosine(release, a, b) for a, b in combinations(docs, 2)]
            return [fmean(pairs)] if pairs else []
        case "duplists":
            return [max(naive_answers(release, aspect, query, answers))] if docs else []
    values = naive_answers(release, aspect, query, answers)
    return [summary(aspect, values)] if values else []


def summary(aspect: Aspect, values: list[float]) -> float:
    return float(np.percentile(values, aspect.value or 0)) if aspect.name in ("age", "gap") else fmean(values)


def naive_whole(release: Release, name: str, docs: list[str]) -> float:
    """The figure of all answers together."""
    ids = [release.ids[row] for row in range(len(release))]
    counts = [docs.count(one) for one in ids]
    mean = fmean(counts)
    spread = fmean((count - mean) ** 2 for count in counts) ** 0.5
    match name:
        case "coverage":
            return len(set(docs)) / len(ids)
        case "unseen":
            return 1 - len(set(docs)) / len(ids)
        case "hubness":
            return fmean((count - mean) ** 3 for count in counts) / spread**3 if spread else 0.0
        case "Nmax":
            return max(counts)
    cards = {one: release.card(release.row(one)) for one in ids}
    of = {one: card.authors if name == "GiniAuthor" else (card.section,) * bool(card.section) for one, card in
          cards.items()}  # fmt: skip
    everybody = sorted({who for names in of.values() for who in names})
    shares = [sum(who in of[doc] for doc in docs) for who in everybody]
    if not sum(shares):
        return math.nan
    return sum(abs(a - b) for a in shares for b in shares) / (2 * len(shares) * sum(shares))


@fast
@given(found, by_query, st.sampled_from(CUTOFFS))
def test_the_value_of_each_list_is_that_of_plain_python(
    paper: Release, lists: dict[str, list[tuple[str, Source | None]]], what: Aspect, cutoff: int
) -> None:
    aspect = Aspect(what.name, cutoff, what.key, what.value)
    shown = Shown.of(run_of(lists), paper)
    cut = {query: answers[:cutoff] for query, answers in lists.items()}
    expected = {query: value for query, answers in cut.items() for value in naive_list(paper, aspect, query, answers)}
    assert per_query(shown, aspect) == pytest.approx(expected, abs=1e-6)
    if aspect.name in ("ILD", "duplists", "short", "empty"):
        values = list(expected.values())
    else:
        values = [v for query, answers in cut.items() for v in naive_answers(paper, aspect, query, answers)]
    assert figure(shown, aspect) == (pytest.approx(summary(aspect, values), abs=1e-6) if values else None)


@fast
@given(found, st.sampled_from(WHOLE), st.sampled_from(CUTOFFS))
def test_the_figure_of_a_whole_run_is_that_of_plain_python(
    paper: Release, lists: dict[str, list[tuple[str, Source | None]]], name: str, cutoff: int
) -> None:
    docs = [doc for answers in lists.values() for doc, _ in answers[:cutoff]]
    expected = naive_whole(paper, name, docs)
    value = figure(Shown.of(run_of(lists), paper), Aspect(name, cutoff))
    assert value == (None if math.isnan(expected) else pytest.approx(expected))


@fast
@given(found, st.permutations(IDS))
def test_longer_lists_cover_more_and_names_do_not_matter(
    paper: Release, lists: dict[str, list[tuple[str, Source | None]]], names: list[str]
) -> None:
    shown = Shown.of(run_of(lists), paper)
    covered = [figure(shown, Aspect("coverage", cutoff)) or 0 for cutoff in range(1, 9)]
    assert covered == sorted(covered)
    assert covered[-1] == figure(shown, Aspect("coverage"))
    other = dict(zip(IDS, names, strict=True))
    renamed = {other[query]: [(other[doc], source) for doc, source in answers] for query, answers in lists.items()}
    for name in ("coverage", "unseen", "hubness", "Nmax"):
        aspect = Aspect(name, 5)
        assert figure(Shown.of(run_of(renamed), paper), aspect) == pytest.approx(figure(shown, aspect))


@fast
@given(found)
def test_shares_add_up_and_strict_thresholds_find_less(
    paper: Release, lists: dict[str, list[tuple[str, Source | None]]]
) -> None:
    shown = Shown.of(run_of(lists), paper)
    shares = [figure(shown, Aspect("source", 5, source.value)) for source in Source]
    assert shares == [None] * len(Source) or sum(share or 0 for share in shares) == pytest.approx(1)
    assert (figure(shown, Aspect("coverage", 5)) or 0) + (figure(shown, Aspect("unseen", 5)) or 0) == pytest.approx(1)
    for key in ("words", "cos"):
        rates = [figure(shown, Aspect("dup", 5, key, threshold)) or 0 for threshold in (1e-6, 0.5, 0.9, 1)]
        assert rates == sorted(rates, reverse=True)
    assert 0 <= (figure(shown, Aspect("ILD", 5)) or 0) <= 2


def test_copies_are_found_by_their_words_and_by_their_meaning(paper: Release) -> None:
    run = Run.of("ours", {"a001": [("a003", 1), ("a009", 0.5), ("a002", 0.1)], "a003": [("a009", 1), ("a002", 0)]})
    shown = Shown.of(run, paper)
    for key in ("words", "cos"):
        assert per_query(shown, Aspect("dup", 10, key, 0.99)) == pytest.approx({"a001": 1 / 3, "a003": 1 / 2})
        assert figure(shown, Aspect("dup", 10, key, 0.99)) == pytest.approx(2 / 5)
        assert per_query(shown, Aspect("duplists", 1, key, 0.99)) == {"a001": 0.0, "a003": 1.0}
    assert per_query(shown, Aspect("ILD", 2))["a001"] == pytest.approx(0, abs=1e-6)


def test_a_pair_counts_from_its_own_similarity_on_and_whichever_table_holds_it(paper: Release) -> None:
    tables = {n: paper.neighbours(paper.row(f"a{n:03}")) for n in COPIES}
    rows = {n: set(near.rows[near.words > 0.99].tolist()) for n, near in tables.items()}
    one, other = next((a, b) for a in COPIES for b in COPIES if paper.row(f"a{b:03}") in rows[a] and a != b
                      and paper.row(f"a{a:03}") not in rows[b])  # fmt: skip
    for first, second in ((one, other), (other, one)):
        shown = Shown.of(Run.of("ours", {f"a{first:03}": [(f"a{second:03}", 1.0)]}), paper)
        assert figure(shown, Aspect("dup", 10, "words", 0.9)) == 1
    near = tables[one]
    words = float(near.words[near.rows == paper.row(f"a{other:03}")][0])
    assert figure(shown, Aspect("dup", 10, "words", words)) == 1


def test_the_age_of_what_is_shown_counts_in_days_and_later_answers_are_below_zero(make_release: MakeRelease) -> None:
    release = make_release([*(article(n) for n in (0, 10, 14, 20)), article(30, published_at=None)])
    shown = Shown.of(
        Run.of("ours", {"a010": [(f"a{n:03}", 0) for n in (0, 14, 20, 30)], "a030": [("a000", 0)]}), release
    )
    ages = [figure(shown, Aspect("age", 10, "q", q)) for q in (0, 25, 50, 100)]
    assert ages == [-10, -7, -4, 10]
    assert figure(shown, Aspect("gap", 10)) == 10
    assert per_query(shown, Aspect("age", 10)) == {"a010": -4}
    assert figure(shown, Aspect("stale", 10, "days", 9)) == pytest.approx(1 / 3)
    assert figure(shown, Aspect("stale", 10, "days", 10)) == 0
    assert figure(shown, Aspect("undated", 10)) == pytest.approx(2 / 5)


def test_the_catalogue_has_a_concentration_of_its_own(make_release: MakeRelease) -> None:
    by = {1: "Ada Brown", 2: "Ada Brown", 3: "Ada Brown", 4: "Ben Cole"}
    release = make_release([article(n, byline=by[n], section="sport") for n in by])
    shown = Shown.of(Run.of("ours", {"a001": [("a002", 1), ("a004", 0)], "a002": [("a001", 1), ("a004", 0)]}), release)
    assert catalogue(release, Aspect("GiniAuthor")) == pytest.approx(1 / 4)
    assert figure(shown, Aspect("GiniAuthor", 2)) == 0
    assert figure(shown, Aspect("GiniAuthor", 1)) == pytest.approx(1 / 2)
    assert catalogue(release, Aspect("GiniSection")) == 0
    assert catalogue(release, Aspect("coverage")) is None


def test_lists_that_show_nothing_are_counted_as_such_and_have_no_other_value(paper: Release) -> None:
    shown = Shown.of(Run.of("ours", {"a001": [], "a002": [("a003", 1)], "a004": [("a005", 1), ("a006", 0)]}), paper)
    assert per_query(shown, Aspect("short", 2)) == {"a001": 1, "a002": 1, "a004": 0}
    assert per_query(shown, Aspect("empty", 2)) == {"a001": 1, "a002": 0, "a004": 0}
    assert figure(shown, Aspect("empty", 2)) == pytest.approx(1 / 3)
    assert set(per_query(shown, Aspect("ILD", 2))) == {"a004"}
    assert set(per_query(shown, Aspect("dup", 2))) == {"a002", "a004"}
    nothing = Shown.of(Run.of("ours", {"a001": []}), paper)
    defined = {aspect.name: figure(nothing, aspect) for aspect in ASPECTS if figure(nothing, aspect) is not None}
    assert defined == {"coverage": 0, "unseen": 1, "hubness": 0, "Nmax": 0, "short": 1, "empty": 1}


def test_many_lists_are_worked_out_in_blocks_as_in_one(paper: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    run = rank(paper, IDS, Weights(), "ours", k=6)
    once = table([run], paper, ASPECTS)
    monkeypatch.setattr("eval.beyond.resemblance._NUMBERS", 300)
    assert table([run], paper, ASPECTS) == once


@pytest.mark.parametrize("lists", [{"gone": [("a001", 1.0)]}, {"a001": [("a002", 1.0), ("gone", 0.5)]}])
def test_articles_that_the_release_lacks_are_refused(paper: Release, lists: dict[str, list[tuple[str, float]]]) -> None:
    with pytest.raises(ConfigError, match=r"run 'ours': 1 of its . articles are not in .*'gone': give the release"):
        Shown.of(Run.of("ours", lists), paper)


def test_a_run_of_nothing_and_values_that_do_not_exist_are_refused(paper: Release) -> None:
    with pytest.raises(ConfigError, match="run 'ours' has no query"):
        Shown.of(Run.of("ours", {}), paper)
    with pytest.raises(ConfigError, match="coverage@10 is a figure of a whole run"):
        per_query(Shown.of(Run.of("ours", {"a001": []}), paper), Aspect("coverage", 10))


def test_a_run_keeps_why_each_answer_is_there(make_release: MakeRelease, tmp_path: Path) -> None:
    release = make_release([article(n, section="sport" if n < 6 else "") for n in range(12)], neighbours=2, kin=0)
    run = rank(release, ["a001", "a007"], Weights(), "ours", k=8)
    answers = Recommender(release).similar("a001", 8).items
    assert [answer.source for answer in run.lists["a001"]] == [item.source for item in answers]
    write_run(run, tmp_path / "run.jsonl")
    write_run(run, tmp_path / "run.trec")
    kept, lost = (Shown.of(read_run(tmp_path / name), release) for name in ("run.jsonl", "run.trec"))
    told = [figure(kept, Aspect("source", 8, source.value)) or 0 for source in Source]
    assert {source for source, share in zip(Source, told, strict=True) if share} == {
        Source.SIMILAR, Source.SECTION, Source.RECENT,
    }  # fmt: skip
    assert sum(told) == pytest.approx(1)
    assert [figure(lost, Aspect("source", 8, source.value)) for source in Source] == [None] * len(Source)


@pytest.fixture
def scored(paper: Release, tmp_path: Path) -> list[str]:
    """The arguments of a run file, the release and judgments."""
    write_run(rank(paper, IDS, Weights(), "ours", k=6), tmp_path / "ours.jsonl")
    short = Run.of("other", {one: [] if one < "a005" else [("a001", 1), ("a002", 0)] for one in IDS})
    write_run(short, tmp_path / "other.jsonl")
    (tmp_path / "links.tsv").write_text("article_id\trelated_id\na001\ta004\n")
    runs = ["--run", str(tmp_path / "ours.jsonl"), "--run", str(tmp_path / "other.jsonl")]
    return [*runs, "--releases", str(paper.path), "--links", str(tmp_path / "links.tsv")]


def test_scoring_prints_both_kinds_and_each_alone(scored: list[str]) -> None:
    both = CliRunner().invoke(main, ["score", *scored])
    assert both.exit_code == 0, both.output
    assert "| system | judged | missing | nDCG@10 |" in both.stdout
    assert "\n| aspect | ours | other | catalogue |\n" in both.stdout
    assert "\n| empty@10 | 0.0000 | 0.2083 | – |\n" in both.stdout
    assert re.search(r"\n\| Nmax@10 \| \d\d?\.\d+ \| 19\.0 \| – \|\n", both.stdout)
    looks = CliRunner().invoke(main, ["score", *scored[:6]])
    assert looks.stdout == both.stdout[both.stdout.index("| aspect") :]
    chosen = CliRunner().invoke(main, ["score", *scored[:6], "--measure", "short@3"])
    assert chosen.stdout.splitlines()[2:] == ["| queries | 24 | 24 | 24 |", "| short@3 | 0.0000 | 1.0000 | – |"]
    judged = CliRunner().invoke(main, ["score", *scored, "--measure", "MRR"])
    assert "aspect" not in judged.stdout
    mixed = CliRunner().invoke(main, ["score", *scored, "--measure", "MRR", "--measure", "age@3"])
    assert "| RR |" in mixed.stdout
    assert "| age@3 |" in mixed.stdout


def test_scoring_says_what_it_lacks(scored: list[str]) -> None:
    for arguments, problem in [
        ([*scored[:4], "--measure", "ILD@10"], "give --releases"),
        ([*scored[:6], "--measure", "MRR"], "give at least one of --links"),
        (scored[:4], "give at least one of --links"),
    ]:
        result = CliRunner().invoke(main, ["score", *arguments])
        assert result.exit_code == 2
        assert problem in result.output


def test_systems_are_compared_on_what_their_lists_look_like(scored: list[str]) -> None:
    result = CliRunner().invoke(main, ["compare", *scored[:6], "--measure", "short@3", "--baseline", "ours"])
    assert result.exit_code == 0, result.output
    assert "| other | ours | +1 |" in result.stdout
    result = CliRunner().invoke(main, ["compare", *scored[:6], "--measure", "ILD@10"])
    assert result.exit_code == 0, result.output
    assert "; 5 queries left out, for which not every run has a value" in result.stdout
    assert "| 19 (19) |" in result.stdout
