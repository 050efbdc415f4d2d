"""The article store: articles, changes, snapshots, retirement, embeddings, opening."""

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from conftest import DATABASES, a_database
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres import execute

from recsys.articles import Article, AuthorName, Image, Status
from recsys.errors import StoreError, StoreVersionError
from recsys.lifecycle import Lifecycle
from recsys.schema import VERSION
from recsys.store import ArticleStore, Change, Outcome

FULL = Article(
    id="a17",
    title="Storm over the bay",
    url="https://www.paper.example/a17/",
    standfirst="Boats stay in.",
    body="One.\nTwo.",
    byline="By Ann Lee",
    authors=(AuthorName("Ann Lee", "p1"), AuthorName("Bo Day")),
    section="world/europe",
    tags=("storm", "sea"),
    published_at=datetime(1650, 1, 2, 3, 4, 5, tzinfo=UTC),
    updated_at=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    language="en",
    image=Image("https://paper.example/i.jpg", "waves"),
    status=Status.WITHHELD,
)
EVERY_FIELD = replace(
    FULL,
    embargoed_until=datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC),
    expires_at=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    recommendable=False,
    show_related=False,
    evergreen=True,
)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
# what `Article.digest` gave before the fields of EVERY_FIELD were thought of
OLD_DIGESTS = {
    "a17": "4f17c0bac627d83297815fb8cee92504da7e46c18aed102a6b5c5b38e1d00ba7",
    "b": "825ff6705757fd4cbd07f9afda0ffeffd7a309ba528545eb33f8543caf0861cf",
}


NewStore = Callable[[], AbstractContextManager[ArticleStore]]


def article(article_id: str, title: str = "t", status: Status = Status.USABLE) -> Article:
    return Article(id=article_id, title=title, status=status)


def statuses(changes: list[Change]) -> list[tuple[int, str, Status]]:
    return [(change.change, change.id, change.status) for change in changes]


@pytest.fixture
def url(empty_url: str) -> str:
    return empty_url


@pytest.fixture
def store(store_url: str) -> Iterator[ArticleStore]:
    with closing(ArticleStore.open(store_url)) as opened:
        yield opened


@pytest.fixture(params=DATABASES)
def new_store(request: pytest.FixtureRequest) -> NewStore:
    """Makes a store for each example of a law."""

    @contextmanager
    def make() -> Iterator[ArticleStore]:
        with (
            tempfile.TemporaryDirectory() as folder,
            a_database(request, Path(folder)) as url,
            closing(ArticleStore.open(url)) as store,
        ):
            yield store

    return make


def test_an_article_comes_back_as_it_was_put(store: ArticleStore) -> None:
    assert store.put([EVERY_FIELD]) == [Outcome.NEW]
    assert store.get("a17") == EVERY_FIELD
    assert store.put([FULL, article("b")]) == [Outcome.CHANGED, Outcome.NEW]
    assert store.get("a17") == FULL
    assert store.get("b") == article("b")
    assert store.get("c") is None


def test_times_are_kept_in_utc_to_the_second(store: ArticleStore) -> None:
    east = datetime(2024, 1, 1, 2, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    timed = Article(id="a", title="t", published_at=east)
    assert store.put([timed, timed]) == [Outcome.NEW, Outcome.UNCHANGED]
    found = store.get("a")
    assert found is not None
    assert found.published_at == datetime(2024, 1, 1, tzinfo=UTC)
    with pytest.raises(StoreError, match="no time zone"):
        store.put([Article(id="b", title="t", published_at=datetime(2024, 1, 1))])


def test_an_article_is_never_shown_longer_than_its_fields_say(store: ArticleStore) -> None:
    half = datetime(2031, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC)
    store.put([Article(id="a", title="t", embargoed_until=half, expires_at=half)])
    found = store.get("a")
    assert found is not None
    assert (found.embargoed_until, found.expires_at) == (
        half.replace(second=6, microsecond=0),
        half.replace(microsecond=0),
    )


def test_a_change_tells_the_lifecycle_and_when_the_store_took_it(store: ArticleStore) -> None:
    store.put([EVERY_FIELD, article("b")], now=NOW)
    later = NOW + timedelta(hours=1, microseconds=5)
    assert store.put([EVERY_FIELD, article("b", "new")], now=later) == [Outcome.UNCHANGED, Outcome.CHANGED]
    first, second = store.changes_after(0)
    assert first == Change(1, "a17", replace(Lifecycle.of(EVERY_FIELD), changed_at=NOW))
    assert second == Change(3, "b", Lifecycle(changed_at=NOW + timedelta(hours=1)))
    with store.full_export() as export:
        export.add(["b"])
        assert export.retire_absent(now=later) == 1
    (retired,) = store.changes_after(3)
    assert retired.lifecycle.changed_at == NOW + timedelta(hours=1)
    assert (retired.status, retired.lifecycle.evergreen) == (Status.RETIRED, True)


def test_without_a_moment_the_clock_tells_when_the_store_took_a_change(store: ArticleStore) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    store.put([article("a")])
    (change,) = store.changes_after(0)
    assert change.lifecycle.changed_at is not None
    assert before <= change.lifecycle.changed_at <= datetime.now(UTC)


def test_putting_again_changes_only_what_differs(store: ArticleStore) -> None:
    store.put([article("a"), article("b")])
    assert store.put([article("a"), article("b", "new")]) == [Outcome.UNCHANGED, Outcome.CHANGED]
    assert statuses(store.changes_after(0)) == [(1, "a", Status.USABLE), (3, "b", Status.USABLE)]
    assert statuses(store.changes_after(1, limit=1)) == [(3, "b", Status.USABLE)]
    assert store.changes_after(3) == []
    assert store.change() == 3


def test_an_id_that_occurs_twice_in_a_batch_is_put_twice(store: ArticleStore) -> None:
    outcomes = store.put([article("a", "1"), article("a", "2"), article("a", "2"), article("a", "1")])
    assert outcomes == [Outcome.NEW, Outcome.CHANGED, Outcome.UNCHANGED, Outcome.CHANGED]
    assert store.get("a") == article("a", "1")
    assert statuses(store.changes_after(0)) == [(3, "a", Status.USABLE)]


def test_an_empty_batch_is_nothing(store: ArticleStore) -> None:
    assert store.put([]) == []
    assert store.change() == 0
    assert store.count() == dict.fromkeys(Status, 0)


def test_a_failing_batch_leaves_no_trace(store: ArticleStore) -> None:
    with pytest.raises(StoreError):
        store.put([article("a"), article("\ud800")])
    assert (store.change(), store.get("a")) == (0, None)


BATCHES = st.lists(
    st.lists(
        st.builds(article, st.sampled_from("abcdé"), st.sampled_from(["1", "2"]), st.sampled_from(list(Status))),
        max_size=6,
    ),
    max_size=6,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BATCHES)
def test_the_store_holds_the_last_version_of_each_and_numbers_grow(
    new_store: NewStore, batches: list[list[Article]]
) -> None:
    with new_store() as store:
        last: dict[str, Article] = {}
        number = 0
        for batch in batches:
            outcomes = store.put(batch)
            for put, outcome in zip(batch, outcomes, strict=True):
                before = last.get(put.id)
                right = Outcome.NEW if before is None else Outcome.UNCHANGED if before == put else Outcome.CHANGED
                assert outcome == right
                last[put.id] = put
            changed = sum(outcome != Outcome.UNCHANGED for outcome in outcomes)
            assert store.change() == number + changed
            fresh = store.changes_after(number)
            assert [change.change for change in fresh] == sorted({change.change for change in fresh})
            assert {change.id for change in fresh} == {
                put.id for put, outcome in zip(batch, outcomes, strict=True) if outcome != Outcome.UNCHANGED
            }
            number += changed
        with store.snapshot() as snapshot:
            assert list(snapshot.articles(None)) == [last[key] for key in sorted(last)]
            usable = [last[key] for key in sorted(last) if last[key].status == Status.USABLE]
            assert list(snapshot.articles()) == usable
        assert sum(store.count().values()) == len(last)


def test_a_snapshot_sees_no_later_writes(store: ArticleStore) -> None:
    store.put([article(f"{n:04}") for n in range(250)])
    with store.snapshot() as snapshot:
        first = snapshot.articles()
        assert next(first).id == "0000"
        store.put([article("0001", "changed"), article("0200a")])
        store.put_embeddings("m", ["d"], np.ones((1, 2), np.float32))
        assert [found.title for found in first] == ["t"] * 249
        assert [found.id for found in snapshot.articles()] == [f"{n:04}" for n in range(250)]
        assert snapshot.change == 250
    with store.snapshot() as snapshot:
        assert snapshot.change == 252
        assert len(list(snapshot.articles())) == 251


def test_what_a_full_export_lacks_is_retired_with_a_number_each(store: ArticleStore) -> None:
    store.put([article("a"), article("b"), article("c", status=Status.WITHHELD), article("d")])
    with store.full_export() as export:
        export.add(["a", "a"])
        export.add(iter(["d", "new"]))
        assert export.retire_absent() == 2
        assert export.retire_absent() == 0
    assert statuses(store.changes_after(4)) == [(5, "b", Status.RETIRED), (6, "c", Status.RETIRED)]
    assert store.count() == {Status.USABLE: 2, Status.WITHHELD: 0, Status.CANCELED: 0, Status.RETIRED: 2}
    assert store.put([article("b"), article("a")]) == [Outcome.CHANGED, Outcome.UNCHANGED]
    assert store.get("b") == article("b")


def test_retiring_more_than_the_limit_is_refused(store: ArticleStore) -> None:
    store.put([article(f"{n}") for n in range(10)])
    with store.full_export() as export:
        store.put([article(f"new{n}") for n in range(90)])
        export.add([f"{n}" for n in range(7)] + [f"new{n}" for n in range(90)])
        with pytest.raises(StoreError, match="3 of the store's 10 usable articles"):
            export.retire_absent(limit=0.2)
        assert store.count()[Status.RETIRED] == 0
        assert export.retire_absent(limit=0.3) == 3


def test_two_exports_do_not_see_each_others_ids(store: ArticleStore) -> None:
    store.put([article("a"), article("b")])
    with store.full_export() as export:
        export.add(["a", "b"])
    with store.full_export() as export:
        export.add(["a"])
        assert export.retire_absent() == 1


def test_embeddings_come_back_in_the_order_asked(store: ArticleStore) -> None:
    vectors = np.random.default_rng(7).normal(size=(1203, 8)).astype(np.float32)
    digests = [f"d{n}" for n in range(1203)]
    store.put_embeddings("model-1", digests, vectors)
    order = np.random.default_rng(8).integers(0, 1203, 2500)
    found = store.embeddings([digests[place] for place in order], dim=8)
    np.testing.assert_array_equal(found, vectors[order])
    assert found.dtype == np.float32
    assert store.known_embeddings([*digests, "no"]) == set(digests)
    assert store.embeddings([], dim=8).shape == (0, 8)


def test_a_vector_put_again_replaces_the_old_one(store: ArticleStore) -> None:
    store.put_embeddings("m", ["d"], np.zeros((1, 3), np.float32))
    store.put_embeddings("m", ["d", "e", "d"], np.arange(9, dtype=np.float32).reshape(3, 3))
    np.testing.assert_array_equal(store.embeddings(["d", "e"], 3), [[6, 7, 8], [3, 4, 5]])


def test_embeddings_that_cannot_be_right_are_refused(store: ArticleStore) -> None:
    store.put_embeddings("m", ["d"], np.zeros((1, 3), np.float32))
    with pytest.raises(StoreError, match="'x'"):
        store.embeddings(["d", "x", "y"], 3)
    with pytest.raises(StoreError, match="3 numbers, expected 4"):
        store.embeddings(["d"], 4)
    with pytest.raises(StoreError, match="2 digests"):
        store.put_embeddings("m", ["d", "e"], np.zeros((1, 3), np.float32))
    with pytest.raises(StoreError, match="not finite"):
        store.put_embeddings("m", ["d"], np.full((1, 3), np.nan, np.float32))


def test_a_missing_store_is_an_error_and_is_not_made(url: str, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(StoreError, match=r"no article store|is not an article store"):
            ArticleStore.open(url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"this is no database" * 100])
def test_a_file_that_is_no_store_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.db").write_bytes(content)
    with pytest.raises(StoreError):
        ArticleStore.open(f"sqlite:///{tmp_path / 'a.db'}")


@pytest.mark.parametrize("bad", ["", "nonsense", "sqlite://", "nobase://x"])
def test_a_url_of_no_database_is_an_error(bad: str) -> None:
    with pytest.raises(StoreError):
        ArticleStore.open(bad, create=True)


@pytest.mark.parametrize(
    ("version", "create", "remedy"), [("9999", True, "update this"), ("0000", False, "upgrades it")]
)
def test_a_store_of_another_version_says_what_to_do(url: str, version: str, create: bool, remedy: str) -> None:
    ArticleStore.open(url, create=True).close()
    execute(url, f"UPDATE alembic_version SET version_num = '{version}'")
    with pytest.raises(StoreVersionError, match=remedy):
        ArticleStore.open(url, create=create)


def test_the_migrations_lead_to_the_tables_of_the_code(store_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    from recsys.schema import metadata

    engine = create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == f"{VERSION:04}"
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def _store_of_version_2(url: str, puts: list[Article]) -> None:
    """What the program of that time would have left: its tables, its columns, its digests."""
    from sqlalchemy import insert, inspect, text

    import recsys.database as database
    from recsys.schema import articles, to_row

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "VERSION", 2)
        engine = database.open_engine(url, create=True)
    with engine.execution_options(write=True).begin() as opened:
        columns = [column["name"] for column in inspect(opened).get_columns("articles")]
        assert len(columns) == 17
        for number, put in enumerate(puts, 1):
            row = to_row(put) | {"digest": OLD_DIGESTS[put.id], "change": number}
            opened.execute(insert(articles).values({name: row[name] for name in columns}))
            opened.execute(text(f"INSERT INTO links VALUES ('{put.id}', 0, 'https://paper.example/x')"))
        opened.execute(text(f"UPDATE counters SET value = {len(puts)} WHERE name = 'change'"))
    engine.dispose()


def test_an_upgrade_from_version_2_changes_no_article(url: str) -> None:
    puts = [FULL, article("b")]
    _store_of_version_2(url, puts)
    with pytest.raises(StoreVersionError, match="has schema version 2"):
        ArticleStore.open(url)
    with closing(ArticleStore.open(url, create=True)) as store:
        assert [change.lifecycle for change in store.changes_after(0)] == [Lifecycle.of(put) for put in puts]
        assert store.put(puts) == [Outcome.UNCHANGED, Outcome.UNCHANGED]
        assert [store.get(put.id) for put in puts] == puts
        assert store.links("b") == ("https://paper.example/x",)
        assert (store.change(), store.desk.version(), store.desk.rules(), store.keys.all()) == (2, 0, (), ())
        assert store.put([EVERY_FIELD]) == [Outcome.CHANGED]


def _open_and_put(url: str, name: str) -> None:
    with closing(ArticleStore.open(url, create=True)) as store:
        for number in range(10):
            store.put([article(f"{name}{number}")])


def test_several_processes_may_make_and_write_one_store(url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_open_and_put, args=(url, name)) for name in "abc"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    with closing(ArticleStore.open(url)) as store:
        assert store.change() == 30
        assert [change.change for change in store.changes_after(0)] == list(range(1, 31))
