"""A draft has the list that it will have as an article, and leaves no trace."""

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import closing
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
from test_recommender import paper

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
    """`serving(load)`: a service with the embedder that `load` gives, on a copy of that night; without it none embeds."""
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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    lists = [Recommender(known).similar(key, 20, explain=True) for key in ids]
    drafted = Recommender(extension.with_draft(written, vector)).similar(written.id, 50, explain=True)
    assert len(extension) == len(before)
    assert [known.ids[row] for row in range(len(known))] == ids
    for again in (known, extension.release()):
        assert [Recommender(again).similar(key, 20, explain=True) for key in ids] == lists
    extension.add(written, vector)
    assert Recommender(extension.release()).similar(written.id, 50, explain=True) == drafted
    assert written.id not in {item.id for item in drafted.items}


@pytest.mark.parametrize("key", ["b001", "a003"])
def test_over_http_a_draft_is_answered_as_the_article_is_after_it_was_put(desk: Desk, key: str) -> None:
    sent = {**TEXT, "byline": "By Ines Vallory", "section": "news", "tags": ["Harbour"],
            "published_at": "2026-04-01T00:00:00Z", "url": "https://paper.example/new"}  # fmt: skip
    desk.until(lambda: desk.draft(sent).by_meaning)
    extension = Extension(desk.client.app.state.live.view.base)  # type: ignore[attr-defined]
    one = Article(key, TEXT["title"], body=TEXT["body"])
    embedder = FakeEmbedder()
    desk.store.put_embeddings(embedder.fingerprint, [extension.key(one)], embedder.embed([extension.text(one)]))
    drafted = desk.draft({**sent, "id": key}, k=50, explain=True)
    assert drafted.by_meaning
    desk.put(key, **sent)

    def answered() -> Any:
        return desk.client.get(f"/v1/articles/{key}/similar?k=50&explain=true").json()

    desk.until(lambda: answered().get("items", [{}])[0].get("parts", {}).get("semantic", 0) > 0)
    assert len(drafted.items) == (20 if key == "b001" else 19)
    assert drafted.article_id == key
    desk.until(lambda: "tags" in answered()["items"][0]["parts"] and _same(desk, answered(), drafted))


def _same(desk: Desk, answer: Any, drafted: schemas.DraftAnswer) -> bool:
    shown = drafted.model_dump(mode="json")
    return all(answer[name] == shown[name] for name in ("article_id", "release", "model", "status", "items"))
