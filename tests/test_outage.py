"""A database that is locked, slow, full or gone: lists go on, writes say when to come again, and it heals by itself."""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import article
from fakes import FakeEmbedder
from fastapi.testclient import TestClient
from postgres import Server, execute
from sqlalchemy import select, text

import service.office
import service.reader
from index.nightly import NightlyConfig, nightly
from recsys.articles import Status
from recsys.database import open_engine, writing
from recsys.errors import StoreError
from recsys.keys import Scope
from recsys.release import current_id
from recsys.rules import Action, Kind, Rule, Subject
from recsys.schema import counters
from recsys.store import ArticleStore
from recsys.waits import Waits
from service.app import create_app
from service.listener import Listener
from service.settings import Settings

QUICK = Waits(connect=2.0, lock=0.2, statement=5.0)
RULE = {"action": "exclude", "subject": {"kind": "article", "value": "a003"}, "reason": "legal", "ends_at": None}


@dataclass
class Paper:
    """A service that by itself looks once an hour, its store, and a key of A. Editor."""

    url: str
    client: TestClient
    store: ArticleStore
    secret: str

    def write(self) -> httpx.Response:
        return self.client.post("/v1/rules", json=RULE, headers={"Authorization": f"Bearer {self.secret}"})

    def shown(self) -> set[str]:
        return {item["id"] for item in self.client.get("/v1/articles/a000/similar?k=100").json()["items"]}

    def refuses_writes_and_shows(self, shown: set[str]) -> None:
        response = self.write()
        assert response.status_code == 503, response.text
        assert response.json()["type"] == "urn:problem-type:store-unavailable"
        assert int(response.headers["retry-after"]) > 0
        assert self.shown() == shown


def soon(right: Callable[[], bool]) -> bool:
    """Whether it comes true; the time is for busy machines."""
    end = time.monotonic() + 20
    while not (found := right()) and time.monotonic() < end:
        time.sleep(0.005)
    return found


@pytest.fixture
def paper(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Paper]:
    for module in (service.office, service.reader):
        monkeypatch.setattr(module, "SERVICE", QUICK)
    with closing(ArticleStore.open(store_url)) as store:
        store.put([article(number) for number in range(12)])
        nightly(store, tmp_path / "releases", FakeEmbedder(), NightlyConfig(force=True))
        _, secret = store.keys.make("A. Editor", [Scope.RULES], who="admin")
        app = create_app(Settings(tmp_path / "releases", store=store_url, poll_seconds=3600))
        with TestClient(app, raise_server_exceptions=False) as client:
            yield Paper(store_url, client, store, secret)


def exclude(article_id: str) -> Rule:
    now = datetime.now(UTC)
    return Rule(Action.EXCLUDE, Subject(Kind.ARTICLE, article_id), "A. Editor", "legal", now, now + timedelta(hours=1))


def test_a_paper_is_made_served_and_edited_on_either_database(paper: Paper, tmp_path: Path) -> None:
    head = {"Authorization": f"Bearer {paper.secret}"}
    before = paper.shown()
    added = paper.write()
    assert added.status_code == 201
    assert paper.shown() == before - {"a003"}
    number = added.json()["id"]
    assert [rule["id"] for rule in paper.client.get("/v1/rules", headers=head).json()["rules"]] == [number]
    assert paper.client.get(f"/v1/rules/{number}", headers=head).json() == added.json()
    assert paper.client.delete(f"/v1/rules/{number}?reason=settled", headers=head).status_code == 200
    assert paper.shown() == before
    log = paper.client.get("/v1/rules/log", headers=head).json()["entries"]
    assert [entry["what"] for entry in log] == ["rule ended", "rule added", "key made"]
    first = current_id(tmp_path / "releases")
    paper.store.put([article(12), article(3, status=Status.CANCELED)])
    built = nightly(paper.store, tmp_path / "releases", FakeEmbedder(), NightlyConfig(force=True))
    assert (built.change, built.id > str(first)) == (14, True)


@pytest.mark.parametrize("word", ["a\0", "\0"])
def test_a_nul_in_a_rule_is_the_writers_mistake_not_the_stores(paper: Paper, word: str) -> None:
    head = {"Authorization": f"Bearer {paper.secret}"}
    for body in (RULE | {"reason": word}, RULE | {"subject": {"kind": "article", "value": word}}):
        assert paper.client.post("/v1/rules", json=body, headers=head).status_code == 422
    assert paper.store.get(word) is None


def test_a_store_locked_by_another_session_keeps_readers_from_nothing(paper: Paper) -> None:
    before = paper.shown()
    engine = open_engine(paper.url, create=False)
    with writing(engine, "cannot hold the lock") as connection:
        connection.execute(select(counters).with_for_update())
        connection.execute(text("UPDATE counters SET value = value WHERE name = 'rules'"))
        paper.refuses_writes_and_shows(before)
    engine.dispose()
    assert paper.write().status_code == 201
    assert soon(lambda: paper.shown() == before - {"a003"})


@contextmanager
def no_room(url: str) -> Iterator[None]:
    """No more can be written: the process may make no file longer; PostgreSQL reports the error of a full disk."""
    if url.startswith("sqlite"):
        log = Path(url.removeprefix("sqlite:///") + "-wal")
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    else:
        fails = "BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END"
        execute(url, f"CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $${fails}$$")
        execute(url, "CREATE TRIGGER full_disk BEFORE INSERT ON rules EXECUTE FUNCTION full_disk()")
        try:
            yield
        finally:
            execute(url, "DROP TRIGGER full_disk ON rules; DROP FUNCTION full_disk")


def test_a_full_disk_refuses_writes_and_takes_them_again_when_there_is_room(paper: Paper) -> None:
    before = paper.shown()
    with no_room(paper.url):
        paper.refuses_writes_and_shows(before)
    assert paper.store.desk.rules() == ()
    assert paper.write().status_code == 201


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_server_that_stops_and_starts_again_is_found_again(paper: Paper, postgres: Server) -> None:
    before = paper.shown()
    assert paper.write().status_code == 201  # so that there are connections to lose
    postgres.stop()
    try:
        for _ in range(2):
            paper.refuses_writes_and_shows(before - {"a003"})
        with pytest.raises(StoreError):
            paper.store.change()
    finally:
        postgres.start()
    assert paper.store.change() == 12
    assert paper.write().status_code == 201
    paper.store.desk.add(exclude("a004"), who="A. Editor")  # of which this service hears, as it polls once an hour
    assert soon(lambda: paper.shown() == before - {"a003", "a004"})
    assert paper.client.get("/health/ready").json()["store"]["ok"] is True


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_statement_that_takes_too_long_is_given_up(store_url: str) -> None:
    engine = open_engine(store_url, create=False)
    with closing(ArticleStore.open(store_url, waits=Waits(2.0, 60.0, 0.2))) as store:
        with writing(engine, "cannot hold the lock") as connection:
            connection.execute(text("LOCK TABLE articles IN ACCESS EXCLUSIVE MODE"))
            with pytest.raises(StoreError, match="statement timeout"):
                store.count()
        assert store.count()[Status.USABLE] == 0
    engine.dispose()


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_what_the_url_says_of_a_connection_counts_more(store_url: str) -> None:
    own = "&options=-c%20statement_timeout%3D150&application_name=ours"
    engine = open_engine(store_url + own, create=False)
    with engine.connect() as connection:
        names = ("statement_timeout", "application_name", "lock_timeout")
        assert [connection.scalar(text(f"SHOW {name}")) for name in names] == ["150ms", "ours", "1min"]
    engine.dispose()


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_with_postgresql_a_service_hears_of_every_change_without_polling(paper: Paper) -> None:
    live: Any = paper.client.app.state.live  # type: ignore[attr-defined]
    for status in [Status.CANCELED, Status.USABLE] * 10:
        paper.store.put([article(3, status=status)])
        change = paper.store.change()
        assert soon(lambda change=change: live.view.overlay.upto == change)  # type: ignore[misc]
        assert ("a003" in paper.shown()) == (status is Status.USABLE)
    with paper.store.full_export() as export:
        export.add(f"a{number:03}" for number in range(11))
        export.retire_absent()
    assert soon(lambda: "a011" not in paper.shown())


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_listener_hears_what_is_committed_and_nothing_else(store_url: str) -> None:
    heard = list[float]()
    listener = Listener.of(store_url, lambda: heard.append(time.monotonic()))
    assert listener is not None
    listener.start()
    assert soon(lambda: len(heard) == 1)  # something may have been written before
    engine = open_engine(store_url, create=False)
    with engine.execution_options(write=True).connect() as connection, connection.begin() as transaction:
        connection.execute(text("UPDATE counters SET value = value"))
        transaction.rollback()
    with closing(ArticleStore.open(store_url)) as store:
        store.change()
        time.sleep(0.1)
        assert len(heard) == 1
        store.put([article(1)])
        assert soon(lambda: len(heard) == 2)
    engine.dispose()
    listener.close()
    assert not listener._thread.is_alive()


def test_only_postgresql_is_listened_to() -> None:
    for url in ("sqlite:///a.db", "nonsense", "sqlite://"):
        assert Listener.of(url, lambda: None) is None
