"""What a CMS says: its order, what it takes down and brings back, many processes at once."""

import multiprocessing
import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from conftest import article
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres import execute

from recsys.articles import Article, Status
from recsys.cms import Fate, Gone, Taken
from recsys.errors import ConfigError
from recsys.records import Reading
from recsys.store import ArticleStore

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
CMS = "webhook cms"
BY = ("A. Editor", "court order")
Message = tuple[str, str, int]  # what, id, minute


@pytest.fixture
def store(store_url: str) -> Iterator[ArticleStore]:
    with closing(ArticleStore.open(store_url)) as opened:
        yield opened


def at(minute: int) -> datetime:
    return NOW + timedelta(minutes=minute)


def version(minute: int | None, key: str = "a", **more: object) -> Reading:
    """The article as it was saved at a minute; None says no moment."""
    moment = None if minute is None else at(minute)
    return Reading(article(1, id=key, title=f"At {minute}", updated_at=moment, **more), ())


def said(message: Message) -> Reading | Gone:
    what, key, minute = message
    if what == "gone":
        return Gone(key, "deleted", at(minute))
    return version(minute, key, status=Status(what))


def take(store: ArticleStore, *messages: Reading | Gone, now: datetime = NOW) -> list[Taken]:
    return store.cms.take(messages, CMS, now)


def fates(store: ArticleStore, *messages: Reading | Gone, now: datetime = NOW) -> list[str]:
    return [one.fate.value for one in take(store, *messages, now=now)]


def shown(store: ArticleStore, key: str = "a") -> str | None:
    """The title of the article; None where nobody sees it."""
    found = store.get(key)
    return found.title if found is not None and found.status is Status.USABLE else None


# --- order ---


def expected(messages: Sequence[Message], key: str) -> tuple[str | None, str | None]:
    """(what is shown, what is stored) in the end, in whatever order they came."""
    of_key = [one for one in messages if one[1] == key]
    versions = [one for one in of_key if one[0] != "gone"]
    stored = None if not versions else f"At {max(minute for *_, minute in versions)}"
    last = max(of_key, key=lambda one: one[2], default=None)
    return (stored if last is not None and last[0] == "usable" else None), stored


MESSAGES = st.lists(
    st.tuples(st.sampled_from(["usable", "usable", "gone", "canceled", "withheld"]), st.sampled_from("ab")),
    min_size=1,
    max_size=9,
).map(lambda found: [(what, key, minute) for minute, (what, key) in enumerate(found)])


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MESSAGES, st.randoms(use_true_random=False), st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_in_any_order_number_and_batches_the_latest_stands(
    tmp_path_factory: pytest.TempPathFactory, messages: list[Message], chance: random.Random, sizes: list[int]
) -> None:
    sent = messages + [one for one in messages if chance.random() < 0.4]
    chance.shuffle(sent)
    folder = tmp_path_factory.mktemp("law")
    with closing(ArticleStore.open(f"sqlite:///{folder / 'a.db'}", create=True)) as store:
        left, turn = list(sent), 0
        while left:
            size = sizes[turn % len(sizes)]
            take(store, *(said(one) for one in left[:size]), now=at(1000))
            left, turn = left[size:], turn + 1
        for key in "ab":
            found = store.get(key)
            assert (shown(store, key), None if found is None else found.title) == expected(messages, key)


def test_of_one_id_in_one_batch_each_message_finds_what_the_one_before_left(store: ArticleStore) -> None:
    gone = Gone("a", "deleted", at(2))
    told = take(store, version(1), version(1), gone, version(2), version(3), version(0), now=at(9))
    assert told == [
        Taken(Fate.NEW, taken_down=False),
        Taken(Fate.UNCHANGED, taken_down=False),
        Taken(Fate.CHANGED, taken_down=True),
        Taken(Fate.CHANGED, taken_down=True),
        Taken(Fate.CHANGED, taken_down=False),
        Taken(Fate.STALE, taken_down=False),
    ]
    assert shown(store) == "At 3"


def hammer(url: str, seed: int, messages: list[Message]) -> None:
    chance = random.Random(seed)
    chance.shuffle(messages)
    with closing(ArticleStore.open(url)) as store:
        while messages:
            size = chance.randint(1, 4)
            take(store, *(said(one) for one in messages[:size]), now=at(1000))
            messages = messages[size:]


def test_however_processes_come_between_each_other_the_latest_stands(store_url: str) -> None:
    chance = random.Random(5)
    whats = ["usable", "usable", "usable", "gone", "canceled"]
    messages = [(chance.choice(whats), key, minute) for key in "abcdefgh" for minute in range(8)]
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=hammer, args=(store_url, seed, messages)) for seed in range(2)]
    for worker in workers:
        worker.start()
    hammer(store_url, 2, list(messages))
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    with closing(ArticleStore.open(store_url)) as store:
        found = {key: (shown(store, key), store.get(key).title) for key in "abcdefgh"}  # type: ignore[union-attr]
        down = {one.article_id for one in store.takedowns.standing()}
    assert found == {key: expected(messages, key) for key in "abcdefgh"}
    assert down == {key for key, (title, _) in found.items() if title is None}
    assert 0 < len(down) < 8, "both ends are tried"


def test_versions_without_a_moment_are_taken_as_they_come(store: ArticleStore) -> None:
    one, other = version(None), Reading(article(1, id="a", title="Other"), ())
    assert fates(store, one, other, one) == ["new", "changed", "changed"]


def test_links_come_with_their_version(store: ArticleStore) -> None:
    take(store, replace(version(2), links=("https://x.example/2",)))
    take(store, replace(version(1), links=("https://x.example/1",)), Gone("a", "deleted"))
    assert store.links("a") == ("https://x.example/2",)


# --- takedowns ---


def test_takedowns_of_a_store_of_version_4_are_somebodys(empty_url: str) -> None:
    import recsys.database as database

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "VERSION", 4)
        database.open_engine(empty_url, create=True).dispose()
    execute(empty_url, "INSERT INTO takedowns (article_id, at, who, reason) VALUES ('a', 7, 'A. Editor', 'law')")
    with closing(ArticleStore.open(empty_url, create=True)) as store:
        assert take(store, version(1)) == [Taken(Fate.NEW, taken_down=True)]
        (standing,) = store.takedowns.standing()
        assert (standing.who, standing.lifted_after) == ("A. Editor", None)


@pytest.mark.parametrize("status", [Status.CANCELED, Status.WITHHELD])
def test_what_is_sent_as_no_longer_usable_is_a_takedown_that_no_export_ends(
    store: ArticleStore, status: Status
) -> None:
    take(store, version(1))
    assert take(store, version(2, status=status)) == [Taken(Fate.CHANGED, taken_down=True)]
    (standing,) = store.takedowns.standing()
    assert (standing.who, standing.reason, standing.lifted_after) == (CMS, f"sent as {status}", at(2))
    assert fates(store, version(2)) == ["changed"], "of the moment at which it went"
    store.put([version(1).article, version(9).article])
    assert shown(store) is None
    assert fates(store, version(9), now=at(10)) == ["changed"], "the CMS says so itself"
    assert shown(store) == "At 9"
    taken, lifted = reversed(store.desk.log())
    assert (taken.who, taken.what, lifted.who, lifted.what) == (CMS, "article taken down", CMS, "takedown lifted")


def test_a_draft_is_no_takedown(store: ArticleStore) -> None:
    assert fates(store, version(1, status=Status.WITHHELD), version(2, status=Status.WITHHELD)) == ["new", "changed"]
    assert fates(store, version(3)) == ["changed"]
    assert (shown(store), store.desk.log()) == ("At 3", ())


def test_what_somebody_took_down_no_cms_brings_back(store: ArticleStore) -> None:
    take(store, version(1))
    store.takedowns.take_down("a", *BY, NOW)
    assert take(store, version(2), Gone("a", "deleted"), version(50)) == [
        Taken(Fate.CHANGED, taken_down=True),
        Taken(Fate.UNCHANGED, taken_down=True),
        Taken(Fate.CHANGED, taken_down=True),
    ]
    (standing,) = store.takedowns.standing()
    assert (standing.who, standing.lifted_after) == ("A. Editor", None)


def test_somebody_who_takes_down_what_the_cms_took_down_makes_it_theirs(store: ArticleStore) -> None:
    take(store, version(1), Gone("a", "deleted"))
    change = store.change()
    made = store.takedowns.take_down("a", *BY, at(5))
    assert (made.at, made.who, made.lifted_after, store.change()) == (NOW, "A. Editor", None, change)
    assert store.takedowns.standing() == (made,)
    entry = store.desk.log()[0]
    assert (entry.who, entry.at, entry.number, entry.details["reason"]) == ("A. Editor", at(5), change, "court order")
    assert take(store, version(50)) == [Taken(Fate.CHANGED, taken_down=True)]
    store.takedowns.lift("a", *BY)
    assert shown(store) == "At 50"


def test_a_version_without_a_moment_brings_nothing_back(store: ArticleStore) -> None:
    take(store, version(None), Gone("a", "deleted"))
    assert take(store, version(None)) == [Taken(Fate.UNCHANGED, taken_down=True)]
    take(store, Reading(article(1, id="a", title="Other"), ()))
    assert shown(store) is None
    store.takedowns.lift("a", *BY)
    assert shown(store) == "Other"
    take(store, version(None, status=Status.WITHHELD))
    assert store.takedowns.standing() == (), "nothing could be told from it, so it is a status as any other"


def test_what_is_gone_before_it_came_comes_in_taken_down(store: ArticleStore) -> None:
    assert take(store, Gone("a", "deleted", at(5)), now=at(6)) == [Taken(Fate.UNKNOWN, taken_down=True)]
    assert take(store, version(4)) == [Taken(Fate.NEW, taken_down=True)]
    assert shown(store) is None
    assert take(store, version(6)) == [Taken(Fate.CHANGED, taken_down=False)]


def test_what_is_said_to_go_in_the_future_goes_now_and_may_come_back(store: ArticleStore) -> None:
    take(store, version(1), Gone("a", "deleted", at(500)), now=at(2))
    assert shown(store) is None
    take(store, version(3), now=at(4))
    assert shown(store) == "At 3"


def test_saying_again_that_it_is_gone_writes_no_log_and_no_change(store: ArticleStore) -> None:
    take(store, version(1), Gone("a", "deleted", at(2)), now=at(9))
    change, log = store.change(), store.desk.log()
    assert fates(store, Gone("a", "deleted", at(4)), Gone("a", "deleted", at(3)), now=at(9)) == ["unchanged"] * 2
    assert (store.change(), store.desk.log()) == (change, log)
    take(store, version(3))
    assert shown(store) is None, "it was gone at 4"


def test_what_is_written_over_says_who_wrote_it(store: ArticleStore) -> None:
    store.put([article(1, id="a")], who="ingest old.jsonl")
    assert written_by(store) == "ingest old.jsonl"
    take(store, version(1))
    assert written_by(store) == CMS
    store.put([version(1).article], who="ingest same.jsonl")
    assert written_by(store) == CMS, "nothing was changed"
    store.put([article(1, id="a")])
    assert written_by(store) is None
    with pytest.raises(ConfigError, match="who is"):
        store.cms.take([version(2)], " ")


def written_by(store: ArticleStore) -> str | None:
    found = store.edits.get("a")
    assert found is not None
    return found.written_by


def test_many_articles_of_one_message_are_put_as_one(store: ArticleStore) -> None:
    many: list[Article] = [article(n) for n in range(1200)]
    told = store.cms.take([Reading(one, ()) for one in many], CMS)
    assert {one.fate for one in told} == {Fate.NEW}
    assert store.change() == 1200
