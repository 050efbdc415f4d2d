"""What is written into the store is in force on the next request of every worker; nobody waits for a dead store."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import article
from fakes import FakeEmbedder
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.nightly import NightlyConfig, nightly
from recsys.articles import Status
from recsys.errors import StoreError
from recsys.keys import Scope
from recsys.overlay import Overlay
from recsys.rules import Action, Kind, Rule, Subject
from recsys.store import ArticleStore
from service import live as live_module
from service.app import create_app
from service.live import Live
from service.settings import Settings
from service.watch import Watch


@pytest.fixture(autouse=True)
def _on_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is that requests wait, not how fast this machine is."""
    monkeypatch.setattr(live_module, "PATIENCE", 20.0)


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[tuple[str, ArticleStore, Path]]:
    """(store URL, the store, folder of releases) of a dozen articles."""
    url = f"sqlite:///{tmp_path / 'a store.db'}"
    with closing(ArticleStore.open(url, create=True)) as store:
        store.put([article(number) for number in range(12)])
        nightly(store, tmp_path / "releases", FakeEmbedder(), NightlyConfig(force=True))
        yield url, store, tmp_path / "releases"


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def exclude(article_id: str) -> Rule:
    now = datetime.now(UTC)
    return Rule(Action.EXCLUDE, Subject(Kind.ARTICLE, article_id), "A. Editor", "legal", now, now + timedelta(hours=1))


@contextmanager
def serving(url: str, releases: Path) -> Iterator[TestClient]:
    """A worker that by itself looks once an hour."""
    with TestClient(create_app(Settings(releases, store=url, poll_seconds=3600))) as client:
        yield client


def shown(client: TestClient) -> set[str]:
    items = client.get("/v1/articles/a000/similar?k=100").json()["items"]
    return {item["id"] for item in items}


def test_a_watch_sees_what_others_commit_once_each(tmp_path: Path) -> None:
    file = tmp_path / "x y#%.db"
    with closing(sqlite3.connect(file)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE t (x)")
        watch = Watch(file)
        assert [watch.changed() for _ in range(3)] == [True, False, False]
        for number in range(20):
            writer.execute("INSERT INTO t VALUES (?)", (number,))
            assert not watch.changed(), "not committed yet"
            writer.commit()
            assert [watch.changed(), watch.changed()] == [True, False]
        watch.close()


def test_a_watch_keeps_no_writer_from_cutting_its_log(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE t (x)")
        watch = Watch(file)
        assert watch.changed()
        writer.execute("INSERT INTO t VALUES (1)")
        busy, *_ = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not busy
        assert file.with_name("a.db-wal").stat().st_size == 0
        watch.close()


def test_a_watch_never_makes_a_file_waits_for_nobody_and_begins_when_there_is_one(tmp_path: Path) -> None:
    file = tmp_path / "late.db"
    watch = Watch(file)
    assert not watch.changed()
    assert not file.exists()
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("CREATE TABLE t (x)")
        writer.execute("BEGIN EXCLUSIVE")  # without a log of its own, this keeps readers out
        assert not watch.changed()
        writer.execute("COMMIT")
        assert watch.changed()
    watch.close()


@pytest.mark.parametrize("url", ["postgresql://db/articles", "nonsense", "sqlite://", "sqlite:///:memory:"])
def test_only_files_of_sqlite_are_watched(url: str) -> None:
    watch = Watch.of(url)
    assert watch is None or not watch.changed()


def test_a_rule_is_obeyed_by_the_next_request_of_every_worker_fifty_times(
    paper: tuple[str, ArticleStore, Path],
) -> None:
    url, store, releases = paper
    with serving(url, releases) as one, serving(url, releases) as other:
        assert "a003" in shown(one)
        for _ in range(50):
            rule = store.desk.add(exclude("a003"), who="A. Editor")
            assert "a003" not in shown(one)
            assert "a003" not in shown(other)
            store.desk.end(rule.id, who="A. Editor", reason="settled")
            assert "a003" in shown(other)
            assert "a003" in shown(one)


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ArticleStore, str, list[TestClient]]]:
    """(the store, a key, two workers) that the examples of a law share."""
    folder = tmp_path_factory.mktemp("workers")
    url = f"sqlite:///{folder / 'articles.db'}"
    with closing(ArticleStore.open(url, create=True)) as store:
        store.put([article(number) for number in range(12)])
        nightly(store, folder / "releases", FakeEmbedder(), NightlyConfig(force=True))
        _, secret = store.keys.make("A. Editor", [Scope.RULES], who="admin")
        with serving(url, folder / "releases") as one, serving(url, folder / "releases") as other:
            yield store, secret, [one, other]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["exclude", "end", "withdraw", "give back"]),
            st.integers(1, 4),
            st.sampled_from(["store", 0, 1]),
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whoever_writes_whatever_each_next_answer_of_each_worker_obeys(
    workers: tuple[ArticleStore, str, list[TestClient]], steps: list[tuple[str, int, str | int]]
) -> None:
    store, secret, clients = workers
    head = {"Authorization": f"Bearer {secret}"}
    rules, withdrawn = dict[int, int](), set[int]()
    for action, number, where in steps:
        rule = exclude(f"a{number:03}")
        if action == "exclude" and number not in rules:
            if isinstance(where, int):
                subject = {"kind": "article", "value": rule.subject.value}
                body = {"action": "exclude", "subject": subject, "reason": "legal", "ends_at": None}
                rules[number] = clients[where].post("/v1/rules", json=body, headers=head).json()["id"]
            else:
                rules[number] = store.desk.add(rule, who="A. Editor").id
        elif action == "end" and number in rules:
            if isinstance(where, int):
                path = f"/v1/rules/{rules.pop(number)}?reason=settled"
                assert clients[where].delete(path, headers=head).status_code == 200
            else:
                store.desk.end(rules.pop(number), who="A. Editor", reason="settled")
        elif action in ("withdraw", "give back"):
            status = Status.CANCELED if action == "withdraw" else Status.USABLE
            (withdrawn.add if action == "withdraw" else withdrawn.discard)(number)
            store.put([article(number, status=status)])
        gone = {f"a{one:03}" for one in {*rules, *withdrawn}}
        for client in clients:
            assert shown(client) == {f"a{one:03}" for one in range(1, 12)} - gone
    for number in rules:
        store.desk.end(rules[number], who="A. Editor", reason="the example is over")
    store.put([article(number) for number in withdrawn])


def test_a_changed_article_is_obeyed_by_the_next_request(paper: tuple[str, ArticleStore, Path]) -> None:
    url, store, releases = paper
    with serving(url, releases) as client:
        for _ in range(5):
            store.put([article(3, status=Status.CANCELED)])
            assert "a003" not in shown(client)
            assert client.get("/v1/articles/a003/similar").status_code == 404
            store.put([article(3)])
            assert "a003" in shown(client)


def test_requests_that_come_together_all_wait_for_what_was_written(paper: tuple[str, ArticleStore, Path]) -> None:
    url, store, releases = paper
    live = Live(releases, store=url, poll_seconds=3600)
    live.start()

    async def together() -> list[bool]:
        store.desk.add(exclude("a003"), who="A. Editor")
        views = await asyncio.gather(*(live.current() for _ in range(20)))
        return [bool(view and view.overlay.rules) for view in views]

    try:
        assert all(asyncio.run(together()))
    finally:
        live.stop()


def test_requests_that_came_in_together_look_once_and_who_comes_later_looks_again(
    paper: tuple[str, ArticleStore, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _, releases = paper
    live, looks = Live(releases, store=url, poll_seconds=3600), list[bool]()
    live.start()
    assert live._watch is not None
    monkeypatch.setattr(live._watch, "changed", lambda: looks.append(True))

    async def three_turns() -> None:
        for turn in range(1, 4):
            await asyncio.gather(*(live.current() for _ in range(20)))
            assert len(looks) == turn

    try:
        asyncio.run(three_turns())
    finally:
        live.stop()


def test_an_editors_word_does_not_wait_for_a_release_that_is_being_opened(
    paper: tuple[str, ArticleStore, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, store, releases = paper
    opening, opened = threading.Event(), threading.Event()
    live = Live(releases, store=url, poll_seconds=0.01)
    live.start()

    def slow(_served: object) -> None:
        opening.set()
        opened.wait(20)

    async def now() -> bool:
        view = await live.current()
        return bool(view and view.overlay.rules)

    try:
        monkeypatch.setattr(live._folder, "other_than", slow)
        assert opening.wait(10)
        store.desk.add(exclude("a003"), who="A. Editor")
        assert asyncio.run(now())
    finally:
        opened.set()
        live.stop()


def test_a_store_that_does_not_answer_is_waited_for_once_and_again_when_it_has_answered(
    paper: tuple[str, ArticleStore, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, store, releases = paper
    gate, waits = threading.Event(), list[float | None]()
    gate.set()
    live = Live(releases, store=url, poll_seconds=3600)
    live.start()
    assert live._reader is not None
    read, wait = live._reader.read, asyncio.wait

    def slow(known: Overlay) -> Overlay:
        gate.wait(20)
        return read(known)

    async def counted(futures, timeout=None):  # type: ignore[no-untyped-def]
        waits.append(timeout)
        return await wait(futures, timeout=timeout)

    async def ask(times: int) -> bool:
        for _ in range(times):
            view = await live.current()
        return bool(view and view.overlay.rules)

    monkeypatch.setattr(live._reader, "read", slow)
    monkeypatch.setattr(asyncio, "wait", counted)
    try:
        asyncio.run(ask(2))  # the first look
        waits.clear()
        monkeypatch.setattr(live_module, "PATIENCE", 0.05)
        gate.clear()
        store.desk.add(exclude("a003"), who="A. Editor")
        assert not asyncio.run(ask(5))
        store.desk.add(exclude("a004"), who="A. Editor")  # written meanwhile: still nobody waits
        assert not asyncio.run(ask(5))
        assert waits == [0.05]
        pending = live._pending
        assert pending is not None
        gate.set()
        pending.result(10)
        assert asyncio.run(ask(1))
        assert len(waits) == 1
        monkeypatch.setattr(live_module, "PATIENCE", 20.0)
        rule = store.desk.add(exclude("a005"), who="A. Editor")
        asyncio.run(ask(1))
        assert len(waits) == 2
        assert live.view is not None
        assert live.view.overlay.rules[-1] == rule
    finally:
        gate.set()
        live.stop()


def test_whoever_asks_while_the_store_is_being_read_is_answered_by_the_next_reading(
    paper: tuple[str, ArticleStore, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _, releases = paper
    reading, gate = threading.Event(), threading.Event()
    live = Live(releases, store=url, poll_seconds=3600)
    live.start()
    assert live._reader is not None
    read = live._reader.read

    def slow(known: Overlay) -> Overlay:
        reading.set()
        gate.wait(20)
        return read(known)

    monkeypatch.setattr(live._reader, "read", slow)
    try:
        asked = [live._ask()]
        assert reading.wait(10)
        asked += [live._ask() for _ in range(5)]
        assert not any(one.done() for one in asked)
        gate.set()
        for one in asked:
            one.result(10)
    finally:
        gate.set()
        live.stop()


def test_a_store_that_fails_keeps_nobody_waiting(
    paper: tuple[str, ArticleStore, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, store, releases = paper

    def fails(known: Overlay) -> Overlay:
        raise StoreError("gone")

    with serving(url, releases) as client:
        before = shown(client)
        live = client.app.state.live  # type: ignore[attr-defined]
        monkeypatch.setattr(live._reader, "read", fails)
        store.desk.add(exclude("a003"), who="A. Editor")
        assert shown(client) == before
        assert client.get("/health/ready").json()["store"]["ok"] is False
        monkeypatch.undo()
        live.step()  # as the follower does by itself, every poll_seconds
        assert shown(client) == before - {"a003"}
