"""What is published, changed or taken down after the night is in the lists of a running service within moments."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from conftest import article
from fakes import FakeEmbedder
from filelock import FileLock

from index.nightly import NightlyConfig, nightly
from index.publish import rollback
from recsys.articles import Article, AuthorName, Status
from recsys.embedding import load_embedder
from recsys.errors import ModelError
from recsys.extension import Extension
from recsys.extension.extension import Vector
from recsys.manifest import Model
from recsys.model_files import DEFAULT_MODEL
from recsys.store import ArticleStore
from service.embedding import Embedding
from service.live import Live, View
from service.model_process import ModelProcess
from service.newcomers import Newcomers

INES = (AuthorName("Ines Vallory"),)


@dataclass
class House:
    """A paper of twenty articles, its store, its releases and a service that follows both."""

    folder: Path
    url: str
    store: ArticleStore
    live: Live

    @property
    def view(self) -> View:
        assert self.live.view is not None
        return self.live.view

    def night(self) -> None:
        nightly(self.store, self.folder, FakeEmbedder(), NightlyConfig(force=True))

    def shown(self, article_id: str = "a001") -> set[str]:
        return {item.id for item in self.view.recommender.similar(article_id, 100).items}

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline, "it did not come within 20 seconds"
            time.sleep(0.01)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    url = f"sqlite:///{tmp_path / 'articles.db'}"
    store = ArticleStore.open(url, create=True)
    store.put([article(n, authors=INES if n % 2 else (), section="news") for n in range(20)])
    folder = tmp_path / "releases"
    nightly(store, folder, FakeEmbedder(), NightlyConfig(force=True))
    embedding = Embedding(url, tmp_path / "embedding.lock", lambda _model: FakeEmbedder())
    live = Live(folder, store=url, poll_seconds=0.05, embedding=embedding)
    live.start()
    yield House(folder, url, store, live)
    live.stop()
    store.close()


def new(number: int, **fields: object) -> Article:
    body = f"word1 word{number} harbour council"
    return article(number, authors=INES, section="news/late", **{"body": body, **fields})


def test_a_new_article_has_lists_is_in_others_and_gets_its_vector(house: House) -> None:
    before = house.view
    house.store.put([new(50)])
    house.until(lambda: "a050" in house.shown())
    assert before.base is house.view.base
    assert "a050" not in before.release, "an older view stays as it was"
    house.until(lambda: house.view.recommender.parts("a050", ["a001"])[0]["semantic"] > 0)
    recommender = house.view.recommender
    assert recommender.similar("a050", 5).items
    assert recommender.more_from_author("a001", 1).items[0].id == "a050"
    assert {item.id for item in recommender.similar("a001", 100, section="news/late").items} == {"a050"}
    assert house.view.withdrawn == 0


def test_a_wire_story_that_comes_three_times_is_shown_once(house: House) -> None:
    wire = " ".join(f"harbour council flood{n} water{n % 7}" for n in range(30))
    copies = [
        article(50 + n, title=f"Flood, report {n}", body=wire, byline="Reuters", section="news") for n in range(3)
    ]
    for one in copies:
        house.store.put([one])
        house.until(lambda key=one.id: key in house.view.release)  # type: ignore[misc]
    ids = {one.id for one in copies}
    for asked in ("a001", "a002", "a003"):
        assert len(house.shown(asked) & ids) == 1
    for asked in ids:
        assert not house.shown(asked) & ids, "no copy of the page's own text"


def test_a_changed_article_is_shown_as_it_is_now_and_a_withdrawn_one_no_more(house: House) -> None:
    house.store.put([new(50), article(3, title="Quite another title")])
    house.until(lambda: "a050" in house.shown() and house.view.release.row("a003") >= 20)
    titles = [item.title for item in house.view.recommender.similar("a001", 100).items]
    assert titles.count("Quite another title") == 1
    assert "Story 3" not in titles
    house.store.put([new(50, status=Status.CANCELED)])
    house.until(lambda: "a050" not in house.shown())
    house.store.put([new(50)])
    house.until(lambda: "a050" in house.shown())


def test_the_next_night_takes_over_and_a_rollback_goes_on(house: House) -> None:
    house.store.put([new(50)])
    house.until(lambda: "a050" in house.shown())
    house.night()
    house.until(lambda: "a050" in house.view.base)
    assert len(house.view.release) == 21, "it is a row of the night's now"
    house.store.put([new(51)])
    house.until(lambda: {"a050", "a051"} <= house.shown())
    rollback(house.folder, None)
    house.until(lambda: "a050" not in house.view.base)
    house.until(lambda: {"a050", "a051"} <= house.shown())


def test_many_changes_come_in_rounds_and_all_arrive(house: House) -> None:
    house.store.put([new(100 + n) for n in range(80)])
    house.until(lambda: all(f"a{n}" in house.view.release for n in range(100, 180)))


def note_measured(monkeypatch: pytest.MonkeyPatch, measured: list[tuple[str, bool]]) -> None:
    """Append (id, whether with its vector) to `measured` whenever an article is measured."""
    add = Extension.add

    def noted(extension: Extension, article: Article, vector: Vector | None) -> None:
        measured.append((article.id, vector is not None))
        add(extension, article, vector)

    monkeypatch.setattr(Extension, "add", noted)


@pytest.mark.parametrize("vectors_come", [True, False])
def test_many_that_come_at_once_are_measured_once_with_their_vector_or_without_when_it_is_late(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vectors_come: bool
) -> None:
    house.live.stop()
    elsewhere = FileLock(tmp_path / "elsewhere.lock")  # another process of the host embeds
    elsewhere.acquire()
    measured: list[tuple[str, bool]] = []
    note_measured(monkeypatch, measured)
    newcomers = Newcomers(
        house.url, Embedding(house.url, tmp_path / "elsewhere.lock", lambda _model: FakeEmbedder()), lambda: None
    )
    newcomers.beside(house.view.base)
    several = [new(100 + n) for n in range(5)]
    house.store.put(several)
    newcomers.round()
    assert not measured, "their vectors are awaited"
    if vectors_come:
        extension, embedder = Extension(house.view.base), FakeEmbedder()
        keys = [extension.key(one) for one in several]
        house.store.put_embeddings(embedder.fingerprint, keys, embedder.embed([extension.text(one) for one in several]))
    else:
        monkeypatch.setattr("service.newcomers.monotonic", lambda: time.monotonic() + 60)
    newcomers.round()
    assert sorted(measured) == [(one.id, vectors_come) for one in several]
    assert all(one.id in newcomers.beside(house.view.base) for one in several)


def test_those_that_come_while_others_wait_for_the_model_are_measured_once_too(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.live.stop()
    elsewhere = FileLock(tmp_path / "elsewhere.lock")
    elsewhere.acquire()
    measured: list[tuple[str, bool]] = []
    note_measured(monkeypatch, measured)
    embedding = Embedding(house.url, tmp_path / "elsewhere.lock", lambda _model: FakeEmbedder())
    newcomers = Newcomers(house.url, embedding, lambda: None)
    newcomers.beside(house.view.base)
    several = [new(100 + n) for n in range(5)]
    for one in several:  # PostgreSQL tells of each commit
        house.store.put([one])
        newcomers.round()
    assert measured == [("a100", False), ("a101", False)], "who comes alone is shown by its words meanwhile"
    extension, embedder = Extension(house.view.base), FakeEmbedder()
    keys = [extension.key(one) for one in several]
    house.store.put_embeddings(embedder.fingerprint, keys, embedder.embed([extension.text(one) for one in several]))
    newcomers.round()
    assert sorted(measured[2:]) == [(one.id, True) for one in several]


def test_a_process_that_another_embeds_for_does_not_ask_again_at_each_look(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = FileLock(tmp_path / "elsewhere.lock")
    elsewhere.acquire()
    embedding = Embedding(house.url, tmp_path / "elsewhere.lock", lambda _model: FakeEmbedder())
    embedding.start(lambda: None)
    assert embedding.idle
    embedding.ask(house.view.base.manifest.model, {"text": "text"})
    assert not embedding.idle
    house.until(lambda: embedding._not_before > 0)
    assert not embedding.idle
    monkeypatch.setattr("service.embedding.monotonic", lambda: time.monotonic() + 60)
    house.until(lambda: embedding.idle)
    elsewhere.release()
    embedding.ask(house.view.base.manifest.model, {"text": "text"})
    house.until(lambda: bool(house.store.known_embeddings(["text"])))
    embedding.stop()


def test_a_model_that_cannot_be_loaded_leaves_lists_by_words(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house.live.stop()

    def refuse(_model: Model) -> FakeEmbedder:
        raise RuntimeError("no such model")

    embedding = Embedding(house.url, tmp_path / "other.lock", refuse)
    other = replace(house, live=Live(house.folder, store=house.url, poll_seconds=0.05, embedding=embedding))
    other.live.start()
    try:
        house.store.put([new(60)])
        other.until(lambda: "a060" in other.shown())
        other.until(lambda: "no such model" in caplog.text)
        assert other.view.recommender.parts("a060", ["a001"])[0]["semantic"] == 0
    finally:
        other.live.stop()


def test_one_article_that_cannot_be_measured_keeps_no_other_out(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add = Extension.add

    def fails(self: Extension, one: Article, vector: object) -> None:
        if one.id == "a050":
            raise RuntimeError("cannot be read")
        add(self, one, vector)  # type: ignore[arg-type]

    monkeypatch.setattr(Extension, "add", fails)
    house.store.put([new(49), new(50), new(51)])
    house.until(lambda: {"a049", "a051"} <= house.shown())
    assert "a050" not in house.shown()
    assert "article 'a050' cannot be measured" in caplog.text


def test_an_export_that_waits_for_its_night_is_left_to_it(house: House, caplog: pytest.LogCaptureFixture) -> None:
    base = house.view.base
    newcomers = Newcomers(house.url, None, lambda: None, most=3)
    assert newcomers.beside(base) is base
    house.store.put([new(50 + n) for n in range(9)])
    newcomers.round()
    live = newcomers.beside(base)
    assert [f"a{n:03}" in live for n in range(50, 59)] == [True] * 3 + [False] * 6
    newcomers.round()
    assert caplog.text.count("3 articles came since the night") == 1
    newcomers.stop()


def test_a_vector_that_comes_but_cannot_be_used_is_not_tried_again_and_again(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    newcomers, add = Newcomers(house.url, None, lambda: None), Extension.add
    house.live.stop()
    newcomers.beside(house.view.base)
    house.store.put([new(50)])
    newcomers.round()
    extension = Extension(house.view.base)
    embedder = FakeEmbedder()
    text = extension.text(new(50))
    house.store.put_embeddings(embedder.fingerprint, [extension.key(new(50))], embedder.embed([text]))

    def fails(self: Extension, one: Article, vector: object) -> None:
        if vector is not None:
            raise RuntimeError("of another model")
        add(self, one, vector)

    monkeypatch.setattr(Extension, "add", fails)
    for _ in range(3):
        newcomers.round()
    assert caplog.text.count("article 'a050' cannot be measured") == 1
    newcomers.stop()


def test_one_process_of_a_host_loads_the_model_and_keeps_embedding_until_it_ends(house: House, tmp_path: Path) -> None:
    loaded: list[str] = []

    def load(name: str) -> Callable[[Model], FakeEmbedder]:
        def of(_model: Model) -> FakeEmbedder:
            loaded.append(name)
            return FakeEmbedder()

        return of

    several = [Embedding(house.url, tmp_path / "one.lock", load(name)) for name in ("first", "second")]
    for one in several:
        one.start(lambda: None)
    model = house.view.base.manifest.model

    def embedded(name: str) -> bool:
        for one in several:
            one.ask(model, {name: name})
        return bool(house.store.known_embeddings([name]))

    for number in range(6):
        house.until(lambda number=number: embedded(f"text {number}"))  # type: ignore[misc]
    assert len(loaded) == 1
    owner = loaded[0]
    several.pop(0 if owner == "first" else 1).stop()
    house.until(lambda: embedded("a last one"))
    assert len(loaded) == 2, "who is left takes over"
    several[0].stop()


def test_the_model_lives_in_a_process_of_its_own_that_is_made_anew_when_it_dies() -> None:
    here = load_embedder(DEFAULT_MODEL)
    other = ModelProcess(DEFAULT_MODEL, here.fingerprint)
    try:
        assert (other.fingerprint, other.dim, other.max_chars) == (here.fingerprint, here.dim, here.max_chars)
        texts = ["The bridge is closed.", "A storm in the harbour."]
        assert other.embed(texts) == pytest.approx(here.embed(texts), abs=1e-5)
        assert other.pid is not None
        os.kill(other.pid, signal.SIGKILL)
        with pytest.raises(ModelError, match="has ended"):
            other.embed(texts)
    finally:
        other.close()
    with pytest.raises(ModelError, match="is not the model of the release"):
        ModelProcess(DEFAULT_MODEL, "another")
