"""A draft has the list that it will have as an article, and leaves no trace."""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from conftest import DAY_ZERO, article, published
from fakes import FakeEmbedder
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_laws import articles
from test_newsroom import BODIES

import service.app
import service.drafting
from index.nightly import NightlyConfig, nightly
from recsys import Recommender, Release
from recsys.articles import Article, AuthorName
from recsys.extension import Extension
from recsys.keys import Scope
from recsys.manifest import Model
from recsys.rules import Action, Kind, Rule, Subject
from recsys.store import ArticleStore
from service import schemas
from service.app import create_app
from service.article_body import LARGEST
from service.drafting import Drafting, Measured
from service.embedding import Embedding
from service.newcomers import Newcomers
from service.questions import MOST, Questions
from service.settings import Settings

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
INES = (AuthorName("Ines Vallory"),)
TEXT = {"title": "Harbour council", "body": "word1 word2 harbour council"}


@dataclass
class Desk:
    """A service, its store and a key for articles."""

    client: TestClient
    store: ArticleStore
    secret: str

    def ask(self, body: object, secret: str | None = None, **query: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {secret or self.secret}"}
        return self.client.post("/v1/similar", params=query, headers=headers, json=body)

    def draft(self, body: object, **query: Any) -> schemas.DraftAnswer:
        response = self.ask(body, **query)
        assert response.status_code == 200, response.text
        assert response.headers["cache-control"] == "no-store"
        assert "etag" not in response.headers
        return schemas.DraftAnswer.model_validate_json(response.content)

    def ids(self, body: object, **query: Any) -> list[str]:
        return [item.id for item in self.draft(body, **query).items]

    def put(self, key: str, **fields: Any) -> None:
        headers = {"Authorization": f"Bearer {self.secret}"}
        assert self.client.put(f"/v1/articles/{key}", headers=headers, json=fields).is_success

    def embedding_text(self, one: Article) -> tuple[str, str]:
        """Under which digest the store keeps the article's vector, and of which text it is."""
        extension = Extension(self.client.app.state.live.view.base)  # type: ignore[attr-defined]
        return extension.key(one), extension.text(one)

    def embed(self, one: Article) -> None:
        embedder, (key, text) = FakeEmbedder(), self.embedding_text(one)
        self.store.put_embeddings(embedder.fingerprint, [key], embedder.embed([text]))

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline, "it did not come within 20 seconds"
            time.sleep(0.01)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("night")
    with closing(ArticleStore.open(f"sqlite:///{folder / 'articles.db'}", create=True)) as store:
        store.put([article(n, authors=INES if n % 2 else (), section="news/local") for n in range(20)])
        nightly(store, folder / "releases", FakeEmbedder(), NightlyConfig(force=True))
    return folder


Open = Callable[..., Desk]


@pytest.fixture
def serving(tmp_path: Path, night: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """`serving(load)`: a service on a copy of that night, with what `load` gives as its embedder; without it, none."""
    shutil.copytree(night, tmp_path, dirs_exist_ok=True)
    url = f"sqlite:///{tmp_path / 'articles.db'}"
    opened: list[TestClient] = []
    store = ArticleStore.open(url)
    _, secret = store.keys.make("The CMS", [Scope.ARTICLES], who="admin")

    def start(load: Callable[[Model], FakeEmbedder] | None = None) -> Desk:
        embedding = None if load is None else Embedding(url, tmp_path / f"{len(opened)}.lock", load)
        monkeypatch.setattr(service.app, "embedding_of", lambda _: embedding)
        app = create_app(Settings(tmp_path / "releases", store=url, poll_seconds=0.05), NOW.timestamp)
        opened.append(TestClient(app, raise_server_exceptions=False).__enter__())
        return Desk(opened[-1], store, secret)

    yield start
    for client in opened:
        client.__exit__(None, None, None)
    store.close()


@pytest.fixture
def desk(serving: Open) -> Desk:
    return serving(lambda _: FakeEmbedder())


def problem(response: httpx.Response, status: int, kind: str) -> schemas.Problem:
    assert response.status_code == status, response.text
    assert response.headers["cache-control"] == "no-store"
    found = schemas.Problem.model_validate_json(response.content)
    assert found.type == f"urn:problem-type:{kind}"
    return found


# --- the law: as the article would be ---


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return published(tmp_path_factory.mktemp("base"), articles()[:40], neighbours=8)


def vector_of(extension: Extension, one: Article) -> npt.NDArray[np.float32]:
    vector: npt.NDArray[np.float32] = FakeEmbedder().embed([extension.text(one)])[0]
    return vector


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(st.integers(30, 59), max_size=6, unique=True),
    number=st.integers(0, 59),
    like=st.integers(0, 59),
    embedded=st.booleans(),
)
def test_a_draft_has_the_list_of_the_article_that_it_becomes_and_is_not_taken_in(
    base: Release, before: list[int], number: int, like: int, embedded: bool
) -> None:
    """Also where it is a new version (`number`) of an article, with the text of another (`like`)."""
    extension = Extension(base)
    for place in before:
        extension.add(articles()[place], vector_of(extension, articles()[place]))
    known, written = extension.release(), replace(articles()[like], id=articles()[number].id)
    vector = vector_of(extension, written) if embedded else None
    ids = [known.ids[row] for row in range(len(known))]
    asked = [key for key in ("a001", written.id, *ids[-3:]) if key in known]
    lists = [Recommender(known).similar(key, 20, explain=True) for key in asked]
    drafted = Recommender(extension.with_draft(written, vector)).similar(written.id, 50, explain=True)
    assert len(extension) == len(before)
    assert [known.ids[row] for row in range(len(known))] == ids
    for again in (known, extension.release()):
        assert [Recommender(again).similar(key, 20, explain=True) for key in asked] == lists
    extension.add(written, vector)
    assert Recommender(extension.release()).similar(written.id, 50, explain=True) == drafted
    assert written.id not in {item.id for item in drafted.items}


@pytest.mark.parametrize("key", ["b001", "a003"])
def test_over_http_a_draft_is_answered_as_the_article_is_after_it_was_put(desk: Desk, key: str) -> None:
    sent = {**TEXT, "byline": "By Ines Vallory", "section": "news", "tags": ["Harbour"],
            "published_at": "2026-04-01T00:00:00Z", "url": "https://paper.example/new"}  # fmt: skip
    desk.embed(Article(key, TEXT["title"], body=TEXT["body"]))
    drafted = desk.draft({**sent, "id": key}, k=50, explain=True).model_dump(mode="json")
    assert drafted.pop("by_meaning")
    assert not drafted.pop("warnings")
    assert len(drafted["items"]) == (20 if key == "b001" else 19)
    desk.put(key, **sent)
    desk.until(lambda: desk.client.get(f"/v1/articles/{key}/similar?k=50&explain=true").json() == drafted)


# --- no trace ---


def test_nothing_of_a_draft_stays_in_the_store_or_in_what_others_see(desk: Desk) -> None:
    live = desk.client.app.state.live  # type: ignore[attr-defined]
    key, _ = desk.embedding_text(Article("b001", TEXT["title"], body=TEXT["body"]))
    view, change, log = live.view, desk.store.change(), desk.store.desk.log()
    lists = [desk.client.get(f"/v1/articles/a{n:03}/related?coverage=3").content for n in range(20)]
    for body in (TEXT, TEXT | {"id": "b001"}, TEXT | {"id": "a003"}):
        desk.until(lambda body=body: desk.draft(body).by_meaning)  # type: ignore[misc]
    assert (desk.store.change(), desk.store.desk.log(), sum(desk.store.count().values())) == (change, log, 20)
    assert desk.store.get("b001") is None
    assert desk.store.known_embeddings([key]) == set()
    assert live.view is view
    assert len(view.release) == 20
    assert [desk.client.get(f"/v1/articles/a{n:03}/related?coverage=3").content for n in range(20)] == lists


def test_nothing_of_a_draft_is_in_a_log_whatever_goes_wrong(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = {"title": "zanzibar", "body": "quixotic zanzibar", "published_at": "2026-04-01"}
    desk.until(lambda: desk.draft(secret).by_meaning)

    def fails(*arguments: object) -> None:
        raise ValueError(f"cannot use {arguments!r}")

    with monkeypatch.context() as broken:
        broken.setattr(FakeEmbedder, "embed", fails)
        assert not desk.draft(secret).by_meaning
    monkeypatch.setattr(Extension, "with_draft", fails)
    problem(desk.ask(secret), 500, "draft-failed")
    problem(desk.ask(secret | {"tags": 7}), 422, "bad-parameters")
    told = caplog.text.casefold()
    assert "a draft is not embedded: valueerror" in told
    assert "a draft cannot be measured: valueerror" in told
    assert "extension.with_draft" in told, "where it failed is told"
    assert not [word for word in ("zanzibar", "quixotic") if word in told]


# --- what is in the list ---


def test_a_draft_of_no_article_is_its_own_and_one_of_an_article_takes_its_place(desk: Desk) -> None:
    same = {"title": "Story 3", "body": "word3 word0 harbour council"}
    answer = desk.draft(same, k=50)
    assert answer.article_id is None
    assert {item.id for item in answer.items} == {f"a{n:03}" for n in range(20)}
    assert "a003" not in desk.ids(same | {"id": "a003"}, k=50)
    desk.put("a003", **same, section="sport")
    desk.until(lambda: desk.client.get("/v1/articles/a000/similar?section=sport").json()["status"] != "empty")
    assert "a003" not in desk.ids(same | {"id": " a003 "}, k=50)
    for half in ({"body": "word17 word2 harbour council"}, {"title": "word17 word2"}):
        assert desk.draft(half, k=1, fallback="none").items[0].source == "similar"


def test_a_draft_without_a_date_is_published_now(desk: Desk) -> None:
    def parts(**more: Any) -> list[Any]:
        return [(item.id, item.parts) for item in desk.draft(TEXT | more, k=50, explain=True).items]

    desk.until(lambda: desk.draft(TEXT).by_meaning)
    assert parts() == parts(published_at=NOW.isoformat()) == parts(published_at="soonish")
    assert parts() != parts(published_at=DAY_ZERO.isoformat())
    assert desk.draft(TEXT | {"published_at": "soonish", "titel": 1}).warnings == [
        "published_at unreadable or absurd",
        "titel unknown, ignored",
    ]


def test_rules_takedowns_and_what_the_request_asks_hold_for_drafts(desk: Desk) -> None:
    everything = {f"a{n:03}" for n in range(20)}
    assert set(desk.ids(TEXT, k=100)) == everything
    rule = Rule(Action.EXCLUDE, Subject(Kind.ARTICLE, "a004"), "A. Editor", "legal", DAY_ZERO, None)
    desk.store.desk.add(rule, "A. Editor")
    desk.store.takedowns.take_down("a005", "A. Editor", "court order")
    desk.put("a006", title="Story 6", recommendable=False)
    desk.put("a007", title="Story 7", embargoed_until=(NOW + timedelta(days=1)).isoformat())
    desk.put("a008", title="Story 8", section="sport/rowing", body="word8 harbour")
    shown = everything - {"a004", "a005", "a006", "a007"}
    assert set(desk.ids(TEXT, k=100)) == shown
    desk.until(lambda: desk.ids(TEXT, k=100, section="sport") == ["a008"])
    assert set(desk.ids(TEXT, k=100, exclude_section="sport")) == shown - {"a008"}
    assert set(desk.ids(TEXT, k=100, exclude="a001,a002")) == shown - {"a001", "a002"}
    after = (DAY_ZERO + timedelta(days=15)).isoformat()
    assert set(desk.ids(TEXT, k=100, published_after=after)) == {f"a{n:03}" for n in range(16, 20)}
    assert desk.draft(TEXT, section="nowhere").status == "empty"
    assert len(desk.ids(TEXT, k=3)) == 3


def test_what_the_store_says_of_the_article_does_not_hold_for_its_draft(desk: Desk) -> None:
    desk.put("a003", title="Story 3", show_related=False)
    assert desk.draft(TEXT | {"id": "a003"}).status == "full"
    assert desk.draft(TEXT | {"id": "a003", "show_related": False}).status == "hidden"
    desk.store.takedowns.take_down("a003", "A. Editor", "court order")
    assert "a003" not in desk.ids(TEXT | {"id": "a003"}, k=100)


# --- who may, and what is refused ---


def test_a_draft_needs_a_key_for_articles(desk: Desk) -> None:
    _, other = desk.store.keys.make("A. Editor", [Scope.RULES, Scope.EXPLAIN], who="admin")
    problem(desk.client.post("/v1/similar", json=TEXT), 401, "key-missing")
    problem(desk.ask(TEXT, "nr_x"), 401, "key-refused")
    problem(desk.ask(TEXT, other), 403, "key-lacks-scope")
    assert desk.client.get("/v1/similar?url=https://paper.example/story/3").status_code == 200


def test_what_is_no_draft_is_refused_with_the_field(desk: Desk) -> None:
    refused: list[tuple[object, str]] = [
        ({}, "body.title"),
        ({"title": "<b> </b>", "standfirst": "s"}, "body.title"),
        ({"title": 7}, "body.title"),
        (TEXT | {"id": []}, "body.id"),
        (TEXT | {"id": "a\0"}, "body.id"),
        (TEXT | {"authors": 3}, "body.authors"),
        (TEXT | {"body": []}, "body.body"),
        ([TEXT], "body"),
    ]
    for body, where in refused:
        assert [error.where for error in problem(desk.ask(body), 422, "bad-parameters").errors] == [where]


def test_parameters_and_sizes_are_those_of_the_other_routes(desk: Desk) -> None:
    for query in ({"k": 0}, {"k": 101}, {"limit": 3}, {"fallback": "x"}):
        problem(desk.ask(TEXT, **query), 422, "bad-parameters")
    headers = {"Authorization": f"Bearer {desk.secret}"}
    for raw, status in ((b"{", 422), (b" " * (LARGEST + 1), 413)):
        assert desk.client.post("/v1/similar", headers=headers, content=raw).status_code == status


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BODIES)
def test_no_body_makes_the_service_fail(desk: Desk, body: dict[str, Any]) -> None:
    response = desk.ask(body)
    assert response.status_code in {200, 422}, response.text


def test_without_a_store_or_a_release_there_are_no_drafts(serving: Open, tmp_path: Path) -> None:
    desk = serving()
    with TestClient(create_app(Settings(tmp_path / "releases"))) as client:
        assert client.post("/v1/similar", json=TEXT).status_code == 405
    url = f"sqlite:///{tmp_path / 'articles.db'}"
    with TestClient(create_app(Settings(tmp_path / "none", store=url))) as client:
        problem(replace(desk, client=client).ask(TEXT), 503, "no-release")


# --- never waiting long ---


def test_while_the_model_loads_drafts_are_answered_by_words_and_reading_goes_on(
    serving: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.drafting, "EMBEDDED_WITHIN", 60.0)  # whoever waited for the model would be seen to
    monkeypatch.setattr(service.drafting, "PATIENCE", 60.0)
    loading, go_on = Event(), Event()

    def load(_model: Model) -> FakeEmbedder:
        loading.set()
        assert go_on.wait(30)
        return FakeEmbedder()

    desk = serving(load)
    assert not loading.is_set(), "nothing is loaded before the first draft"
    for _ in range(3):
        answer = desk.draft(TEXT, explain=True)
        assert not answer.by_meaning
        assert answer.items[0].source == "similar"
        assert loading.wait(30)
        assert desk.client.get("/v1/articles/a001/similar").status_code == 200
    go_on.set()
    desk.until(lambda: desk.draft(TEXT).by_meaning)


def test_a_model_that_is_slow_is_not_waited_for(serving: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.drafting, "EMBEDDED_WITHIN", 0.1)
    desk, go_on = serving(lambda _: FakeEmbedder()), Event()
    desk.until(lambda: desk.draft(TEXT).by_meaning)
    embed = FakeEmbedder.embed

    def slow(self: FakeEmbedder, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        assert go_on.wait(30)
        return embed(self, texts)

    monkeypatch.setattr(FakeEmbedder, "embed", slow)
    assert not desk.draft(TEXT).by_meaning
    go_on.set()
    desk.until(lambda: desk.draft(TEXT).by_meaning)


def test_a_model_that_cannot_be_loaded_is_not_tried_with_every_draft(serving: Open) -> None:
    tries = []

    def refuse(model: Model) -> FakeEmbedder:
        tries.append(model)
        raise RuntimeError("no such model")

    desk = serving(refuse)
    for _ in range(5):
        assert not desk.draft(TEXT).by_meaning
        desk.until(lambda: bool(tries))
    assert len(tries) == 1


def test_without_a_model_a_text_that_an_article_has_is_compared_by_meaning(serving: Open) -> None:
    desk = serving()
    assert not desk.draft(TEXT).by_meaning
    desk.embed(Article("other", TEXT["title"], body=TEXT["body"]))
    answer = desk.draft(TEXT, explain=True)
    assert answer.by_meaning
    assert any(item.parts and item.parts["semantic"] > 0 for item in answer.items)


def test_more_drafts_than_there_is_room_for_are_told_when_to_come_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafting = desk.client.app.state.drafting  # type: ignore[attr-defined]
    with ExitStack() as places:
        for _ in range(service.drafting.MOST):
            places.enter_context(drafting.place())
        response = desk.ask(TEXT)
        problem(response, 503, "drafts-busy")
        assert int(response.headers["retry-after"]) > 0
    assert desk.ask(TEXT).status_code == 200
    monkeypatch.setattr(service.drafting, "PATIENCE", 0.1)
    monkeypatch.setattr(Newcomers, "ask", lambda *_: Future())  # their thread never has a moment
    for _ in range(service.drafting.MOST + 1):
        problem(desk.ask(TEXT), 503, "drafts-busy")


def test_a_draft_that_was_measured_beside_another_release_is_measured_again(
    desk: Desk, base: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured, bases = Drafting.measured, iter([base] * 4)

    async def beside_another(self: Drafting, one: Article) -> Measured:
        found, other = await measured(self, one), next(bases, None)
        return found if other is None else replace(found, base=other)

    monkeypatch.setattr(Drafting, "measured", beside_another)
    problem(desk.ask(TEXT), 503, "drafts-busy")
    assert desk.ask(TEXT).status_code == 200


def test_a_draft_waits_for_one_newcomer_at_most(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = desk.client.app.state.live  # type: ignore[attr-defined]
    newcomers = Newcomers(f"sqlite:///{tmp_path / 'articles.db'}", None, lambda: None)
    newcomers.beside(live.view.base)
    add, began, go_on = Extension.add, Event(), Event()
    others = set(threading.enumerate())  # the service follows the same store

    def slowly(self: Extension, one: Article, vector: npt.NDArray[np.float32] | None) -> None:
        if threading.current_thread() not in others:
            began.set()
            assert go_on.wait(30)
        add(self, one, vector)

    desk.store.put([article(50 + n) for n in range(10)])
    monkeypatch.setattr(Extension, "add", slowly)
    newcomers.start()
    try:
        assert began.wait(30)
        there = newcomers.ask(lambda now: len(now[1]))
        go_on.set()
        assert there.result(30) == 1
        assert newcomers.ask(lambda now: now[0]).result(30) is live.view.base
    finally:
        go_on.set()
        newcomers.stop()


def test_a_question_is_answered_refused_or_taken_back() -> None:
    woken: list[None] = []
    questions = Questions[int](lambda: woken.append(None))
    double, fails, given_up = (questions.ask(one) for one in (lambda n: 2 * n, lambda n: n // 0, lambda n: n))
    assert questions
    given_up.cancel()
    questions.answer(21)
    assert double.result(0) == 42
    assert isinstance(fails.exception(0), ZeroDivisionError)
    assert given_up.cancelled()
    assert not questions
    assert len(woken) == 3
    for _ in range(MOST + 1):
        last = questions.ask(lambda n: n)
    questions.answer(7)
    assert last.result(0) == 7


def test_the_documented_draft_is_one(desk: Desk) -> None:
    operation = desk.client.get("/openapi.json").json()["paths"]["/v1/similar"]["post"]
    body = operation["requestBody"]["content"]["application/json"]
    assert set(body["schema"]["properties"]) == set(Article.__slots__)
    assert "required" not in body["schema"]
    assert desk.draft(body["example"]).warnings == []
    get = desk.client.get("/openapi.json").json()["paths"]["/v1/similar"]["get"]
    names = [{one["name"] for one in found["parameters"]} for found in (operation, get)]
    assert names[0] == names[1] - {"url"}
