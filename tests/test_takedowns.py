"""Takedowns: out of everything, whatever is ingested, built or rolled back, until somebody lifts it."""

import logging
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from conftest import article
from fakes import FakeEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

from index.__main__ import main
from index.ingest import IngestConfig, ingest
from index.nightly import NightlyConfig, nightly
from index.publish import point_at
from recsys.articles import Article, Status
from recsys.errors import ConfigError, TakedownNotFound
from recsys.overlay import Overlay, follow
from recsys.release import Release
from recsys.store import ArticleStore, Outcome
from recsys.takedowns import Takedown
from service.live import Live

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
BY = ("A. Editor", "court order")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArticleStore]:
    with closing(ArticleStore.open(f"sqlite:///{tmp_path / 'a.db'}", create=True)) as opened:
        yield opened


def usable(store: ArticleStore) -> list[Article]:
    with store.snapshot() as snapshot:
        return list(snapshot.articles())


# --- one takedown ---


def test_what_is_taken_down_is_canceled_to_everybody_and_stands_again_when_that_is_lifted(store: ArticleStore) -> None:
    store.put([article(1), article(2)])
    made = store.takedowns.take_down("a001", *BY, NOW)
    assert made == Takedown("a001", NOW, *BY)
    assert store.takedowns.standing() == (made,)
    assert usable(store) == [article(2)]
    assert store.get("a001") == article(1, status=Status.CANCELED)
    assert store.count()[Status.CANCELED] == 1
    (told,) = store.changes_after(2)
    assert (told.change, told.id, told.status, told.lifecycle.changed_at) == (3, "a001", Status.CANCELED, NOW)
    later = NOW + timedelta(hours=1)
    assert store.takedowns.lift("a001", "Bo Day", "appeal won", later) == made
    assert store.takedowns.standing() == ()
    assert usable(store) == [article(1), article(2)]
    (told,) = store.changes_after(3)
    assert (told.change, told.status, told.lifecycle.changed_at) == (4, Status.USABLE, later)


def test_what_is_put_meanwhile_is_kept_and_shown_when_lifted(store: ArticleStore) -> None:
    store.put([article(1)])
    store.takedowns.take_down("a001", *BY)
    newer = article(1, title="Newer", expires_at=NOW)
    assert store.put([newer, newer, article(1), newer]) == [
        Outcome.CHANGED,
        Outcome.UNCHANGED,
        Outcome.CHANGED,
        Outcome.CHANGED,
    ]
    assert store.get("a001") == replace(newer, status=Status.CANCELED)
    assert {change.status for change in store.changes_after(0)} == {Status.CANCELED}
    assert usable(store) == []
    store.takedowns.lift("a001", *BY)
    assert store.get("a001") == newer


@pytest.mark.parametrize("own", [Status.WITHHELD, Status.CANCELED])
def test_a_lifted_article_has_the_status_that_its_newest_version_says(store: ArticleStore, own: Status) -> None:
    store.put([article(1)])
    store.takedowns.take_down("a001", *BY)
    store.put([article(1, status=own)])
    store.takedowns.lift("a001", *BY)
    assert store.get("a001") == article(1, status=own)


def test_an_id_that_nobody_has_seen_can_be_taken_down_before_it_comes(store: ArticleStore) -> None:
    store.takedowns.take_down("a001", *BY)
    assert (store.change(), store.get("a001")) == (0, None)
    assert store.put([article(1), article(2)], [["https://x.example/"], []]) == [Outcome.NEW, Outcome.NEW]
    assert usable(store) == [article(2)]
    assert store.links("a001") == ("https://x.example/",)
    store.takedowns.lift("a001", *BY)
    assert usable(store) == [article(1), article(2)]
    store.takedowns.take_down("never", *BY)
    store.takedowns.lift("never", *BY)
    assert store.change() == 3


def test_taking_down_twice_is_taking_down_once(store: ArticleStore) -> None:
    store.put([article(1)])
    made = store.takedowns.take_down("a001", *BY, NOW)
    assert store.takedowns.take_down(" a001 ", "Bo Day", "again", NOW + timedelta(days=1)) == made
    assert (store.change(), len(store.desk.log())) == (2, 1)
    store.takedowns.lift("a001", *BY)
    with pytest.raises(TakedownNotFound, match="not taken down"):
        store.takedowns.lift("a001", *BY)
    assert (store.change(), len(store.desk.log())) == (3, 2)


def test_the_log_tells_who_took_what_down_and_who_lifted_it_beside_its_old_entries(store: ArticleStore) -> None:
    store.put([article(1)])
    key, _ = store.keys.make("A. Editor", ["articles"], "admin")  # type: ignore[list-item]
    store.takedowns.take_down("a001", *BY, NOW)
    store.takedowns.take_down("never", *BY, NOW)
    store.takedowns.lift("a001", "Bo Day", "appeal won", NOW)
    lifted, unseen, taken, made = store.desk.log()
    assert (made.what, made.number) == ("key made", key.id)
    assert (taken.at, taken.who, taken.what, taken.number) == (NOW, "A. Editor", "article taken down", 2)
    assert taken.details == {"article_id": "a001", "reason": "court order"}
    assert (unseen.number, unseen.details["article_id"]) == (0, "never")
    assert (lifted.who, lifted.what, lifted.number) == ("Bo Day", "takedown lifted", 3)
    assert lifted.details == {"article_id": "a001", "reason": "appeal won", "taken_down_for": "court order"}


def test_a_takedown_without_article_name_or_reason_is_refused(store: ArticleStore) -> None:
    for bad in (("", *BY), ("a", " ", "x"), ("a", "x", ""), ("x" * 501, *BY), ("a", "x", "x" * 501)):
        with pytest.raises(ConfigError):
            store.takedowns.take_down(*bad)
    with pytest.raises(ConfigError):
        store.takedowns.lift("a", "x", " ")
    assert (store.takedowns.standing(), store.desk.log()) == ((), ())


def test_no_takedown_changes_a_digest(store: ArticleStore) -> None:
    store.put([article(1)])
    store.takedowns.take_down("a001", *BY)
    stored = store.edits.get("a001")
    assert stored is not None
    assert (stored.article, stored.digest, stored.change) == (article(1), article(1).digest(), 2)
    assert stored.takedown is not None
    assert store.put([article(1)]) == [Outcome.UNCHANGED]


def test_a_full_export_neither_counts_nor_lifts_nor_disturbs_what_is_taken_down(store: ArticleStore) -> None:
    store.put([article(n) for n in range(4)])
    for key in ("a000", "a001"):
        store.takedowns.take_down(key, *BY)
    with store.full_export() as export:
        assert export.usable_before == 2
        export.add(["a001", "a002", "a003"])
        assert export.retire_absent(limit=0.0) == 0
    assert store.change() == 6
    assert [change.status for change in store.changes_after(4)] == [Status.CANCELED, Status.CANCELED]
    for key in ("a000", "a001"):
        store.takedowns.lift(key, *BY)
    assert [store.get(key).status for key in ("a000", "a001")] == [Status.RETIRED, Status.USABLE]  # type: ignore[union-attr]
    assert store.put([article(0)]) == [Outcome.CHANGED]


def test_a_store_of_version_3_is_upgraded_with_nothing_taken_down(tmp_path: Path) -> None:
    import recsys.database as database

    url = f"sqlite:///{tmp_path / 'old.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "VERSION", 3)
        database.open_engine(url, create=True).dispose()
    with closing(sqlite3.connect(tmp_path / "old.db")) as old, old:
        old.execute("INSERT INTO log (at, who, what, number, details) VALUES (7, 'admin', 'key made', 5, '{}')")
    with closing(ArticleStore.open(url, create=True)) as store:
        (entry,) = store.desk.log()
        assert (entry.who, entry.what, entry.number) == ("admin", "key made", 5)
        assert store.takedowns.standing() == ()
        store.takedowns.take_down("a", *BY)


# --- it survives ---


def test_a_takedown_survives_the_next_build_a_rollback_and_an_old_export(tmp_path: Path) -> None:
    url, releases = f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "releases"
    papers = [article(n) for n in range(12)]
    export = tmp_path / "old.jsonl"
    export.write_bytes(b"\n".join(msgspec.json.encode(paper) for paper in papers))

    def night() -> str:
        return nightly(store, releases, FakeEmbedder(), NightlyConfig(force=True)).id

    def shown() -> set[str]:
        live.step()
        assert live.view is not None
        recommender = live.view.recommender
        lists = [recommender.similar(f"a{n:03}", 100).items for n in (0, 1, 2)]
        return {item.id for items in lists for item in items} | {recommender.release.id}

    with closing(ArticleStore.open(url, create=True)) as store:
        store.put(papers)
        first = night()
        live = Live(releases, store=url)
        assert "a003" in shown()
        store.takedowns.take_down("a003", *BY)
        assert "a003" not in shown()
        second = night()
        assert second in shown()
        assert "a003" not in shown()
        assert "a003" not in Release.open(releases)
        for full in (False, True):
            report = ingest([export], store, IngestConfig(rejects=tmp_path / "rejects.jsonl", full=full))
            assert (report.taken_down, report.read) == (1, 12)
            assert "a003" not in shown()
        point_at(releases, first)
        assert first in shown()
        assert "a003" not in shown()
        assert "a003" in Release.open(releases)
        fresh = Live(releases, store=url)  # a worker that starts after the rollback
        fresh.step()
        assert fresh.view is not None
        assert fresh.view.withdrawn == 1
        point_at(releases, second)
        assert "a003" not in shown()
        store.put([article(3, title="Corrected")])
        night()
        assert "a003" not in Release.open(releases)
        store.takedowns.lift("a003", *BY)
        point_at(releases, first)
        assert "a003" in shown()
        night()
        assert "a003" in shown()


# --- a law ---

IDS = "abc"
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(IDS), st.sampled_from(["1", "2"]), st.sampled_from(list(Status)[:3])),
        st.tuples(st.just("down"), st.sampled_from(IDS)),
        st.tuples(st.just("lift"), st.sampled_from(IDS)),
        st.tuples(st.just("full"), st.sets(st.sampled_from(IDS))),
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_whatever_is_done_the_store_and_its_followers_are_as_a_plain_model_says(
    steps: list[tuple[object, ...]],
) -> None:
    own: dict[str, Article] = {}
    down: set[str] = set()
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(ArticleStore.open(f"sqlite:///{folder}/a.db", create=True)) as store,
    ):
        known = Overlay.none_since(0)
        for step in steps:
            match step:
                case ("put", str(key), str(title), Status() as status):
                    new = Article(key, title, status=status)
                    outcome = (
                        Outcome.UNCHANGED if own.get(key) == new else Outcome.CHANGED if key in own else Outcome.NEW
                    )
                    assert store.put([new]) == [outcome]
                    own[key] = new
                case ("down", str(key)):
                    store.takedowns.take_down(key, *BY)
                    down.add(key)
                case ("lift", str(key)):
                    if key in down:
                        store.takedowns.lift(key, *BY)
                        down.remove(key)
                    else:
                        with pytest.raises(TakedownNotFound):
                            store.takedowns.lift(key, *BY)
                case ("full", set() as kept):
                    with store.full_export() as export:
                        export.add(sorted(kept))
                        export.retire_absent()
                    own |= {key: replace(own[key], status=Status.RETIRED) for key in own.keys() - kept}
            effective = {key: Status.CANCELED if key in down else one.status for key, one in own.items()}
            assert {one.article_id for one in store.takedowns.standing()} == down == store.takedowns.among(IDS)
            assert [one.id for one in usable(store)] == sorted(key for key in own if effective[key] is Status.USABLE)
            known = follow(store, known)
            assert {key: life.status for key, life in known.changed.items()} == effective
            for key in IDS:
                stored = store.edits.get(key)
                assert (stored and stored.article) == own.get(key)
        numbers = [change.change for change in store.changes_after(0)]
        assert numbers == sorted(set(numbers))
        assert max(numbers, default=0) <= store.change()


# --- commands ---

Type = Callable[..., Result]


@pytest.fixture
def typed(store: ArticleStore, tmp_path: Path) -> Iterator[Type]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield lambda *words: CliRunner().invoke(main, [*words, "--store", f"sqlite:///{tmp_path / 'a.db'}"])
    root.handlers[:], root.level = handlers, level


WHO = ("--owner", "A. Editor", "--reason", "court\norder")


def test_the_commands_take_down_list_and_lift(typed: Type, store: ArticleStore) -> None:
    store.put([article(1)])
    result = typed("takedowns", "add", "a001", *WHO)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("a001  down since 2")
    assert result.stdout.endswith("Z  (A. Editor: court order)\n")
    assert typed("takedowns", "list").stdout == result.stdout
    assert usable(store) == []
    assert "A. Editor: article taken down 2" in typed("rules", "log").stdout
    lifted = typed("takedowns", "lift", "a001", *WHO)
    assert lifted.stdout == f"lifted: {result.stdout}"
    assert usable(store) == [article(1)]
    assert typed("takedowns", "list").stdout == ""
    again = typed("takedowns", "lift", "a001", *WHO)
    assert (again.exit_code, "not taken down" in again.stderr) == (1, True)


def test_a_mistyped_id_is_told(typed: Type) -> None:
    result = typed("takedowns", "add", "a0001", *WHO)
    assert result.exit_code == 0
    assert "the store has no article a0001" in result.stderr


def test_an_ingest_tells_how_many_records_are_taken_down(typed: Type, store: ArticleStore, tmp_path: Path) -> None:
    store.takedowns.take_down("a001", *BY)
    export, rejects = tmp_path / "e.jsonl", str(tmp_path / "r.jsonl")
    export.write_bytes(b"\n".join(msgspec.json.encode(article(n)) for n in (1, 2, 1)))
    result = typed("ingest", str(export), "--rejects", rejects)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["read", "3"]
    assert lines[-1] == "of articles that are taken down, and stay so: 2"
    store.takedowns.lift("a001", *BY)
    assert "taken down" not in typed("ingest", str(export), "--rejects", rejects).stdout
