"""The editors' desk: rules come back as they were given, end when they are ended, and every change is told."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres import execute

from recsys.desk import Desk
from recsys.errors import ConfigError, RuleNotFound, StoreError
from recsys.rules import Action, Kind, Rule, Subject, Widget
from recsys.store import ArticleStore

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture(scope="module")
def everlasting(module_url: str) -> Iterator[Desk]:
    """A desk that the examples of one law share: making a store takes longer than a law."""
    with closing(ArticleStore.open(module_url)) as store:
        yield store.desk


@pytest.fixture
def store(store_url: str) -> Iterator[ArticleStore]:
    with closing(ArticleStore.open(store_url)) as opened:
        yield opened


@pytest.fixture
def desk(store: ArticleStore) -> Desk:
    return store.desk


def exclude(article: str = "a17", starts_at: datetime = NOW, ends_at: datetime | None = None) -> Rule:
    return Rule(Action.EXCLUDE, Subject(Kind.ARTICLE, article), "A. Editor", "legal", starts_at, ends_at)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20).filter(
    str.strip
)
# to the second, in any zone; an end lies after NOW, else the rule would be over
ZONES = st.timezones() | st.sampled_from([UTC, timezone(timedelta(hours=-12)), timezone(timedelta(hours=14))])
STARTS = (
    st.datetimes(datetime(2, 1, 1), datetime(2026, 1, 1), timezones=ZONES)
    .map(lambda m: m.replace(microsecond=0))
    .filter(lambda m: m.replace(fold=1).utcoffset() == m.utcoffset())  # a doubtful moment equals none
)
ENDS = st.none() | st.integers(1, 10**9).map(lambda seconds: NOW + timedelta(seconds=seconds))
PLACES = st.sampled_from([Kind.ARTICLE, Kind.SECTION]).flatmap(lambda kind: TEXTS.map(lambda text: Subject(kind, text)))


def a_rule(action: Action, kind: Kind, **more: st.SearchStrategy[object]) -> st.SearchStrategy[Rule]:
    subject = TEXTS.map(lambda text: Subject(kind, text)) if kind is not Kind.EVERYTHING else st.just(Subject(kind))
    parts: dict[str, st.SearchStrategy[object]] = {
        "owner": TEXTS,
        "reason": TEXTS,
        "starts_at": STARTS,
        "ends_at": ENDS,
    }
    return st.builds(Rule, st.just(action), subject, **{**parts, **more})  # type: ignore[arg-type]


RULES = st.one_of(
    st.sampled_from(list(Kind)[:-1]).flatmap(lambda kind: a_rule(Action.EXCLUDE, kind)),
    st.sampled_from(list(Kind)).flatmap(lambda kind: a_rule(Action.HIDE, kind, widget=st.sampled_from(list(Widget)))),
    a_rule(
        Action.PIN,
        Kind.ARTICLE,
        place=PLACES.filter(lambda place: place.kind is not Kind.ARTICLE) | st.just(Subject(Kind.EVERYTHING)),
        slot=st.integers(1, 100),
        widget=st.sampled_from([Widget.SIMILAR, Widget.AUTHOR]),
    ),
    st.sampled_from(list(Kind)[:-1]).flatmap(
        lambda kind: a_rule(Action.BOOST, kind, factor=st.floats(0.1, 3.0).filter(lambda factor: factor != 1.0))
    ),
    st.sampled_from([Kind.AUTHOR, Kind.SECTION, Kind.TAG]).flatmap(lambda kind: a_rule(Action.IGNORE, kind)),
    st.sampled_from(list(Kind)[:-1]).flatmap(lambda kind: a_rule(Action.EVERGREEN, kind)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RULES)
def test_any_rule_comes_back_as_it_was_given_and_counts_one(everlasting: Desk, rule: Rule) -> None:
    before = everlasting.version()
    added = everlasting.add(rule, "a tester", NOW)
    assert replace(added, id=0) == rule
    assert everlasting.rule(added.id) == added
    assert everlasting.rules(NOW)[-1] == everlasting.rules()[-1] == added
    assert everlasting.version() == before + 1
    (entry,) = everlasting.log(1)
    assert (entry.at, entry.who, entry.what, entry.number) == (NOW, "a tester", "rule added", added.id)


MOMENTS = st.integers(-(10**7), 10**7).map(lambda micros: NOW + timedelta(microseconds=micros))


@settings(max_examples=60, deadline=None)
@given(MOMENTS, MOMENTS.filter(lambda moment: moment > NOW), MOMENTS)
def test_a_rule_holds_as_long_as_was_asked_and_under_a_second_longer_at_either_side(
    everlasting: Desk, starts_at: datetime, ends_at: datetime, at: datetime
) -> None:
    if ends_at <= starts_at:
        return
    asked = exclude(starts_at=starts_at, ends_at=ends_at)
    kept = everlasting.add(asked, "t", NOW)
    assert kept.ends_at is not None
    assert not asked.active(at) or kept.active(at)
    assert starts_at - SECOND < kept.starts_at <= starts_at
    assert ends_at <= kept.ends_at < ends_at + SECOND
    assert (kept in everlasting.rules(at)) == (at < kept.ends_at)


@settings(max_examples=60, deadline=None)
@given(MOMENTS, st.none() | MOMENTS.filter(lambda moment: moment > NOW), MOMENTS.filter(lambda moment: moment >= NOW))
def test_what_was_ended_is_over_at_once_and_cannot_be_ended_again(
    everlasting: Desk, starts_at: datetime, ends_at: datetime | None, at: datetime
) -> None:
    if ends_at is not None and ends_at <= starts_at:
        return
    rule = everlasting.add(exclude(starts_at=starts_at, ends_at=ends_at), "t", NOW)
    over = rule.ends_at is not None and rule.ends_at <= at
    if not over:
        ended = everlasting.end(rule.id, "t", "settled", at)
        assert ended.ends_at is not None
        assert ended.ends_at <= at or ended.ends_at == ended.starts_at
        assert replace(ended, ends_at=rule.ends_at) == rule
    version, told, kept = everlasting.version(), everlasting.log(1), everlasting.rule(rule.id)
    for later in (at, at + HOUR):
        assert not kept.active(later)
        assert kept not in everlasting.rules(later)
        with pytest.raises(RuleNotFound, match="is over since"):
            everlasting.end(rule.id, "t", "again", later)
    assert (everlasting.version(), everlasting.log(1), everlasting.rule(rule.id)) == (version, told, kept)


def test_a_rule_ends_now_and_one_to_come_is_never_in_force(desk: Desk) -> None:
    running, coming = desk.add(exclude(), "ann", NOW), desk.add(exclude(starts_at=NOW + HOUR), "ann", NOW)
    assert desk.end(running.id, "bo", "settled", NOW + 2 * SECOND).ends_at == NOW + 2 * SECOND
    assert desk.end(coming.id, "bo", "not needed", NOW + 3 * SECOND).ends_at == NOW + HOUR
    assert desk.rules(NOW + 4 * SECOND) == ()
    assert [rule.id for rule in desk.rules()] == [running.id, coming.id]
    assert desk.version() == 4


def test_the_log_tells_who_did_what_and_why_newest_first(desk: Desk) -> None:
    rule = desk.add(exclude(ends_at=NOW + HOUR), " Ann Lee ", NOW)
    desk.end(rule.id, "Bo Day", "settled", NOW + SECOND)
    ended, added = desk.log()
    assert (ended.what, ended.who, ended.number, ended.at) == ("rule ended", "Bo Day", rule.id, NOW + SECOND)
    assert ended.details == {
        "reason": "settled",
        "ends_at": "2026-05-01T12:00:01+00:00",
        "would_have_ended_at": "2026-05-01T13:00:00+00:00",
    }
    assert (added.what, added.who) == ("rule added", "Ann Lee")
    assert added.details["subject_value"] == "a17"
    assert added.details["ends_at"] == "2026-05-01T13:00:00+00:00"
    assert desk.log(1) == (ended,)
    assert desk.log(before=ended.id) == (added,)
    assert desk.log(before=added.id) == ()
    with pytest.raises(ConfigError, match="limit is 0"):
        desk.log(0)


@pytest.mark.parametrize("rule_id", [0, -1, 7, 2**70])
def test_a_rule_that_is_not_there_is_an_error_and_changes_nothing(desk: Desk, rule_id: int) -> None:
    with pytest.raises(RuleNotFound, match="rules list"):
        desk.rule(rule_id)
    with pytest.raises(RuleNotFound, match="rules list"):
        desk.end(rule_id, "ann", "why")
    assert (desk.version(), desk.log()) == (0, ())


@pytest.mark.parametrize("ends_at", [NOW - HOUR, NOW, NOW + HOUR])
def test_a_rule_that_is_over_or_never_begins_is_refused(desk: Desk, ends_at: datetime) -> None:
    starts_at = min(ends_at, NOW + HOUR)
    with pytest.raises(ConfigError, match="is over already"):
        desk.add(exclude(starts_at=starts_at, ends_at=ends_at), "ann", NOW)
    assert (desk.version(), desk.log()) == (0, ())


def test_nobody_and_no_reason_are_refused(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="who is"):
        desk.add(exclude(), " ", NOW)
    rule = desk.add(exclude(), "ann", NOW)
    for who, reason, says in ((" ", "x", "who"), ("x", "", "reason"), ("x", "y" * 501, "reason")):
        with pytest.raises(ConfigError, match=f"{says} is"):
            desk.end(rule.id, who, reason, NOW)
    assert desk.rules(NOW) == (rule,)


def test_what_not_every_database_can_keep_is_refused_by_each(desk: Desk) -> None:
    for name, value in (("owner", "a\0"), ("reason", "\0b")):
        with pytest.raises(ConfigError, match=f"{name} is"):
            replace(exclude(), **{name: value})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="NUL"):
        exclude("a\0b")
    with pytest.raises(ConfigError, match="who is"):
        desk.add(exclude(), "ann\0", NOW)


def test_the_clock_tells_where_no_moment_is_given(desk: Desk) -> None:
    rule = desk.add(exclude(starts_at=datetime.now(UTC) - HOUR), "ann")
    assert desk.end(rule.id, "ann", "why").active(datetime.now(UTC)) is False
    assert desk.rules(datetime.now(UTC)) == ()
    with pytest.raises(ConfigError):
        desk.add(exclude(starts_at=NOW - 2 * HOUR, ends_at=datetime.now(UTC) - SECOND), "ann")


@pytest.mark.parametrize(
    "change",
    [
        "action = 'shout'",
        "subject_kind = 'colour'",
        "subject_value = ''",
        "factor = 7",
        "slot = 3",
        "widget = ''",
        "ends_at = starts_at - 1",
        "starts_at = 9000000000000000",
    ],
)
def test_a_row_that_is_no_rule_is_left_out_with_one_warning(
    desk: Desk, store_url: str, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    spoilt, whole = desk.add(exclude(), "ann", NOW), desk.add(exclude(), "ann", NOW)
    execute(store_url, f"UPDATE rules SET {change} WHERE id = {spoilt.id}")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert desk.rules() == (whole,)
    assert caplog.text.count(f"rule {spoilt.id} of the store is left out") == 1
    with pytest.raises(StoreError, match="cannot be read"):
        desk.rule(spoilt.id)


@pytest.mark.parametrize("change", ["factor = 'x'", "starts_at = 'x'"])
def test_a_row_of_another_type_is_left_out_where_sqlite_lets_it_in(tmp_path: Path, change: str) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    with closing(ArticleStore.open(url, create=True)) as store:
        spoilt = store.desk.add(exclude(), "ann", NOW)
        execute(url, f"UPDATE rules SET {change} WHERE id = {spoilt.id}")
        assert store.desk.rules() == ()


def test_an_id_is_never_given_twice(desk: Desk, store_url: str) -> None:
    first = desk.add(exclude(), "ann", NOW)
    execute(store_url, "DELETE FROM rules")
    assert desk.add(exclude(), "ann", NOW).id == first.id + 1


def test_rules_added_at_the_same_time_are_all_there(store: ArticleStore) -> None:
    desk = store.desk
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda number: desk.add(exclude(f"a{number}"), "ann", NOW), range(40)))
    assert desk.rules(NOW) == tuple(sorted(added, key=lambda rule: rule.id))
    assert {rule.subject.value for rule in added} == {f"a{number}" for number in range(40)}
    assert desk.version() == 40
    assert {entry.number for entry in desk.log()} == {rule.id for rule in added}


def test_of_many_who_end_one_rule_one_does(store: ArticleStore) -> None:
    rule = store.desk.add(exclude(), "ann", NOW)

    def end(number: int) -> bool:
        try:
            store.desk.end(rule.id, f"editor {number}", "why", NOW + SECOND)
        except RuleNotFound:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(end, range(8))) == 1
    assert (store.desk.version(), len(store.desk.log())) == (2, 2)


def test_a_change_whose_entry_cannot_be_written_does_not_happen(desk: Desk, store_url: str) -> None:
    rule = desk.add(exclude(), "ann", NOW)
    execute(store_url, "ALTER TABLE log RENAME TO gone")
    with pytest.raises(StoreError):
        desk.add(exclude(), "ann", NOW)
    with pytest.raises(StoreError):
        desk.end(rule.id, "ann", "why", NOW + SECOND)
    assert (desk.version(), desk.rules()) == (1, (rule,))


def test_another_program_sees_a_rule_as_soon_as_it_is_added(desk: Desk, store_url: str) -> None:
    with closing(ArticleStore.open(store_url)) as other:
        rule = desk.add(exclude(), "ann", NOW)
        assert (other.desk.version(), other.desk.rules(NOW)) == (1, (rule,))
