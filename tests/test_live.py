"""The follower: releases and takedowns swap in whole, and whatever breaks, what was served goes on."""

import logging
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from conftest import article
from fakes import FakeEmbedder
from hypothesis import given
from hypothesis import strategies as st

from index.nightly import NightlyConfig, nightly
from index.publish import point_at
from recsys.articles import Status
from recsys.errors import StoreError
from recsys.lifecycle import Lifecycle
from recsys.overlay import Overlay, follow
from recsys.release import CURRENT, current_id
from recsys.rules import Rule
from recsys.store import ArticleStore, Change
from service.live import Live
from service.reader import StoreReader

N = 12


@dataclass
class House:
    """A newsroom's store and releases."""

    url: str
    store: ArticleStore
    releases: Path
    first: str

    def put(self, number: int, status: Status = Status.USABLE, **fields: object) -> None:
        self.store.put([article(number, status=status, **fields)])

    def night(self, rebuild: bool = False) -> str:
        return nightly(self.store, self.releases, FakeEmbedder(), NightlyConfig(force=True, rebuild=rebuild)).id

    def live(self, store: bool = True) -> Live:
        return Live(self.releases, store=self.url if store else None)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of N articles and their first release; each test gets a copy."""
    folder = tmp_path_factory.mktemp("template")
    store = ArticleStore.open(f"sqlite:///{folder / 'articles.db'}", create=True)
    store.put([article(number) for number in range(N)])
    nightly(store, folder / "releases", FakeEmbedder(), NightlyConfig(force=True))
    store.close()
    return folder


@pytest.fixture
def house(tmp_path: Path, template: Path) -> Iterator[House]:
    """After the first night."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    url = f"sqlite:///{tmp_path / 'articles.db'}"
    store = ArticleStore.open(url)
    yield House(url, store, tmp_path / "releases", current_id(tmp_path / "releases"))
    store.close()


def shown(live: Live, number: int = 0) -> set[str]:
    assert live.view is not None
    return {item.id for item in live.view.recommender.similar(f"a{number:03}", 100).items}


def served(live: Live) -> str | None:
    return live.view.release.id if live.view else None


def test_before_the_first_release_there_is_no_view_and_then_there_is(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    (house.releases / CURRENT).unlink()
    live = house.live()
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            live.step()
    assert live.view is None
    assert caplog.text.count("nothing is published yet") == 1
    point_at(house.releases, house.first)
    live.step()
    assert served(live) == house.first


def test_the_view_is_the_same_object_while_nothing_changes(house: House) -> None:
    live = house.live()
    live.step()
    first = live.view
    live.step()
    assert live.view is first


def test_a_new_release_and_a_rollback_are_each_swapped_in(house: House) -> None:
    live = house.live()
    live.step()
    house.put(99)
    second = house.night()
    live.step()
    assert served(live) == second
    assert "a099" in shown(live)
    point_at(house.releases, house.first)
    live.step()
    assert served(live) == house.first


@pytest.mark.parametrize("damage", ["flip", "cut", "lose", "format", "current"])
def test_a_broken_release_is_logged_once_and_the_old_one_stays(
    house: House, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    live = house.live()
    live.step()
    before = shown(live)
    house.put(99)
    folder = house.releases / house.night(rebuild=True)  # no file of it is also the old one's
    cards = folder / "cards.utf8"
    whole = cards.read_bytes()
    if damage == "flip":
        cards.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    elif damage == "cut":
        cards.write_bytes(whole[:-1])
    elif damage == "lose":
        cards.unlink()
    elif damage == "format":
        manifest = folder / "manifest.json"
        manifest.write_text(re.sub('"format": [0-9]+', '"format": 99', manifest.read_text()))
    else:
        (house.releases / CURRENT).write_text("nonsense\n")
    for _ in range(3):
        live.step()
    assert served(live) == house.first
    assert shown(live) == before
    assert sum(record.levelno == logging.ERROR for record in caplog.records) == 1
    assert str(house.releases) in caplog.text


def test_a_release_that_was_repaired_is_taken(house: House) -> None:
    live = house.live()
    live.step()
    house.put(99)
    second = house.night()
    cards = house.releases / second / "cards.utf8"
    whole = cards.read_bytes()
    cards.unlink()
    live.step()
    assert served(live) != second
    cards.write_bytes(whole)
    live.step()
    assert served(live) == second


def test_answers_go_on_when_the_folder_of_releases_is_gone(house: House) -> None:
    live = house.live()
    live.step()
    before = shown(live)
    shutil.rmtree(house.releases)
    live.step()
    assert shown(live) == before
    assert live.view is not None
    assert live.view.recommender.similar("a000", section="news").items == ()


@pytest.mark.parametrize("status", [Status.WITHHELD, Status.CANCELED, Status.RETIRED])
def test_a_takedown_leaves_every_list_at_the_next_step_and_comes_back_when_usable_again(
    house: House, status: Status
) -> None:
    live = house.live()
    live.step()
    assert "a003" in shown(live)
    house.put(3, status)
    live.step()
    assert "a003" not in shown(live)
    assert live.view is not None
    assert np.flatnonzero(live.view.recommender.standing.gone).tolist() == [live.view.release.row("a003")]
    assert live.view.withdrawn == 1
    house.put(3, title="Corrected")
    live.step()
    assert "a003" in shown(live)


def test_a_takedown_holds_through_a_rollback_to_a_release_that_has_the_article(house: House) -> None:
    house.put(3, Status.CANCELED)
    house.put(50)
    live = house.live()
    live.step()
    house.put(4, Status.WITHHELD)
    live.step()
    assert not {"a003", "a004"} & shown(live)
    point_at(house.releases, house.first)
    live.step()
    assert served(live) == house.first
    assert not {"a003", "a004"} & shown(live)
    house.put(3)
    live.step()
    assert "a003" in shown(live)


def test_a_lost_store_is_logged_once_and_what_is_known_goes_on(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.put(3, Status.CANCELED)
    live = house.live()
    live.step()
    house.store.close()
    for name in house.releases.parent.glob("articles.db*"):
        name.write_bytes(b"not a database, but as long as you like" * 200)
    for _ in range(3):
        live.step()
    assert "a003" not in shown(live)
    assert live.view is not None
    assert live.view.store_ok is False
    assert caplog.text.count("neither takedowns nor rules are read") == 1


def test_a_store_that_is_missing_at_the_start_is_taken_when_it_comes(house: House) -> None:
    house.put(3, Status.CANCELED)
    house.store.close()
    path = Path(house.url.removeprefix("sqlite:///"))
    away = [(name, name.rename(name.with_name(f"away-{name.name}"))) for name in path.parent.glob("articles.db*")]
    live = house.live()
    live.step()
    assert "a003" in shown(live)
    for name, moved in away:
        moved.rename(name)
    live.step()
    assert "a003" not in shown(live)


def test_a_store_with_fewer_changes_than_the_release_is_another_store(house: House, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    ArticleStore.open(other, create=True).close()
    live = Live(house.releases, store=other)
    live.step()
    assert live.view is not None
    assert live.view.store_ok is False


def test_without_a_store_nothing_is_withdrawn(house: House) -> None:
    house.put(3, Status.CANCELED)
    live = house.live(store=False)
    live.step()
    assert "a003" in shown(live)
    assert live.view is not None
    assert live.view.store_ok is None


def test_the_thread_goes_on_after_a_step_that_failed(house: House, caplog: pytest.LogCaptureFixture) -> None:
    live = Live(house.releases, poll_seconds=0.001)
    again = threading.Event()
    calls = 0

    def step() -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            again.set()
        raise RuntimeError("out of luck")

    live.step = step  # type: ignore[method-assign]
    live.start()
    assert again.wait(10)
    live.stop()
    assert caplog.text.count("following failed") == 1


@dataclass
class FakeDesk:
    """The rules as the store tells them."""

    kept: list[Rule]

    def version(self) -> int:
        return len(self.kept)

    def rules(self, now: datetime | None = None) -> tuple[Rule, ...]:
        return tuple(self.kept)


@dataclass
class FakeStore:
    """The latest change of each article, as the store tells them; `gate` holds answers back."""

    latest: dict[str, Change] = field(default_factory=dict)
    last: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    rules: list[Rule] = field(default_factory=list)

    @property
    def desk(self) -> "FakeDesk":
        return FakeDesk(self.rules)

    def put(self, article_id: str, status: Status) -> None:
        self.last += 1
        self.latest[article_id] = Change(self.last, article_id, Lifecycle(status))

    def change(self) -> int:
        return self.last

    def changes_after(self, change: int, limit: int = 1000) -> list[Change]:
        self.gate.wait(10)
        return sorted((c for c in self.latest.values() if c.change > change), key=lambda c: c.change)[:limit]


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(Status)), max_size=30),
    st.sets(st.integers(0, 30)),
    st.integers(0, 30),
)
def test_following_in_any_steps_ends_where_the_store_stands(
    puts: list[tuple[str, Status]], asks: set[int], back: int
) -> None:
    store = FakeStore()
    store.gate.set()
    known = Overlay.none_since(0)
    for number, (article_id, status) in enumerate(puts):
        store.put(article_id, status)
        if number in asks:
            known = follow(store, known)  # type: ignore[arg-type]
    known = follow(store, known)  # type: ignore[arg-type]
    assert known.changed == {key: change.lifecycle for key, change in store.latest.items()}
    older = min(back, store.last)
    newer = Overlay(store.last, store.last, known.changed)
    again = follow(store, newer.reaching_back_to(older))  # type: ignore[arg-type]
    assert again.changed == known.changed


def test_nobody_waits_twice_for_a_slow_store_and_its_late_answer_is_used() -> None:
    store = FakeStore()
    store.put("a", Status.CANCELED)
    reader = StoreReader("sqlite:///nowhere.db", patience=0.01)
    reader._store = store  # type: ignore[assignment]
    known = Overlay.none_since(0)
    for _ in range(3):
        with pytest.raises(StoreError, match="no answer within"):
            reader.read(known)
    pending = reader._pending
    store.gate.set()
    assert pending is not None
    pending.result(10)
    reader._patience = 10
    assert set(reader.read(known).changed) == {"a"}
    assert reader.read(Overlay.none_since(1)).changed == {}


def test_a_store_that_cannot_even_be_opened_is_a_store_error() -> None:
    for url in ("nonsense", "sqlite:///missing.db", "nosuchdialect://host/db"):
        with pytest.raises(StoreError):
            StoreReader(url, patience=30).read(Overlay.none_since(0))
