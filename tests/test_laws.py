"""No list may break these laws, whatever the store, the editors' rules and the request: held against a plain reading.

What may be shown is worked out here from the articles and the rules alone, one article at a time.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, reduce
from operator import add
from typing import Any

import numpy as np
import pytest
from conftest import DAY_ZERO, published
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from test_recommender import NAMES, SECTIONS, WORDS, paper

from recsys import Recommender, Release
from recsys.answers import Fallback, Filled, Item, Order, Source
from recsys.articles import Article, Status
from recsys.columns import ListColumn
from recsys.lifecycle import Lifecycle
from recsys.overlay import Overlay
from recsys.rules import Action, Kind, Rule, Subject, Widget
from recsys.variety import Variety

N = 60
NOW = DAY_ZERO + timedelta(days=500)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A paper with lifecycles of its own, and with stories planted: every law is to hold whatever they are."""
    folder = tmp_path_factory.mktemp("laws")
    return planted(published(folder, articles(), neighbours=8))


@cache
def articles() -> tuple[Article, ...]:
    """Random articles; some are embargoed or expire around NOW, are not to be recommended, show nothing, or last."""
    random = np.random.default_rng(3)
    return tuple(
        replace(
            one,
            embargoed_until=NOW + timedelta(hours=int(random.integers(-3, 4))) if random.random() < 0.15 else None,
            expires_at=NOW + timedelta(hours=int(random.integers(-3, 4))) if random.random() < 0.15 else None,
            recommendable=bool(random.random() > 0.1),
            show_related=bool(random.random() > 0.1),
            evergreen=bool(random.random() < 0.1),
        )
        for one in paper(11, N)
    )


TEXTS = [[0, 7, 21], [3, 4], [30, 31, 32, 33], [50, 59]]  # the first of each is the one to show
EVENTS = [[0, 7, 21, 9], [3, 4, 10, 11, 12, 13, 14], [30, 31, 32, 33], [40, 41], [50, 59, 51, 52, 53, 54, 55, 56]]


def planted(release: Release) -> Release:
    """The release with these stories."""
    for name, groups in (("text", TEXTS), ("event", EVENTS)):
        column = np.full(N, -1, np.int32)
        for number, rows in enumerate(groups):
            column[rows] = number
        setattr(release, f"{name}_group", column)
    release.text_preference = np.zeros(N, np.int32)
    for rows in TEXTS:
        release.text_preference[rows] = range(len(rows))
    release.text_rows = ListColumn.of(TEXTS)
    newest = {int(row): place for place, row in enumerate(release.recent)}
    release.event_rows = ListColumn.of([sorted(rows, key=newest.__getitem__) for rows in EVENTS])
    return release


def group_of(groups: list[list[int]], number: int) -> int | None:
    return next((place for place, rows in enumerate(groups) if number in rows), None)


# --- what may be asked and said ---

ids = st.integers(0, N - 1).map(lambda n: f"a{n:03}")
subjects: dict[Kind, st.SearchStrategy[str]] = {
    Kind.ARTICLE: st.integers(0, N + 1).map(lambda n: f"a{n:03}"),
    Kind.AUTHOR: st.sampled_from([*NAMES, "INES VALLORY", "nobody"]),
    Kind.SECTION: st.sampled_from([*SECTIONS[1:], "NEWS/Local", "nowhere"]),
    Kind.TAG: st.sampled_from([*WORDS, "Harbour", "none"]),
    Kind.KEYWORD: st.sampled_from([*WORDS, "bridge storm", "Goal", "none at all"]),
    Kind.EVERYTHING: st.just(""),
}


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    action = draw(st.sampled_from(Action))
    kinds = {
        Action.PIN: [Kind.ARTICLE],
        Action.IGNORE: [Kind.AUTHOR, Kind.SECTION, Kind.TAG],
        Action.HIDE: [Kind.ARTICLE, Kind.SECTION, Kind.TAG, Kind.KEYWORD, Kind.AUTHOR, Kind.EVERYTHING],
    }.get(action, [Kind.ARTICLE, Kind.ARTICLE, Kind.AUTHOR, Kind.SECTION, Kind.TAG, Kind.KEYWORD])
    kind = draw(st.sampled_from(kinds))
    starts = NOW + draw(st.integers(-3, 3)) * HOUR
    more: dict[str, Any] = {}
    if action is Action.PIN:
        place = draw(st.sampled_from([Kind.ARTICLE, Kind.SECTION, Kind.EVERYTHING]))
        more = {
            "slot": draw(st.integers(1, 6)),
            "place": Subject(place, draw(subjects[place])),
            "widget": draw(st.sampled_from([Widget.SIMILAR, Widget.AUTHOR])),
        }
    elif action is Action.BOOST:
        more = {"factor": draw(st.sampled_from([0.1, 0.5, 1.5, 3.0]))}
    elif action is Action.HIDE:
        more = {"widget": draw(st.sampled_from([Widget.ALL, Widget.SIMILAR, Widget.AUTHOR, Widget.COVERAGE]))}
    subject = Subject(kind, draw(subjects[kind]))
    if more.get("place") == subject:
        more["place"] = Subject(Kind.EVERYTHING)
    ends = draw(st.one_of(st.none(), st.integers(0, 5).map(lambda hours: starts + hours * HOUR)))
    return Rule(action, subject, "A. Editor", "a test", starts, ends, **more)


lifecycles = st.builds(
    Lifecycle,
    status=st.sampled_from([Status.USABLE, Status.USABLE, *Status]),
    embargoed_until=st.one_of(st.none(), st.integers(-2, 2).map(lambda hours: NOW + hours * HOUR)),
    expires_at=st.one_of(st.none(), st.integers(-2, 2).map(lambda hours: NOW + hours * HOUR)),
    recommendable=st.sampled_from([True, True, False]),
    show_related=st.sampled_from([True, True, False]),
    evergreen=st.booleans(),
)
overlays = st.builds(
    lambda changed, found: Overlay(
        changed=changed, rules=tuple(replace(rule, id=place + 1) for place, rule in enumerate(found))
    ),
    st.dictionaries(ids, lifecycles, max_size=6),
    st.lists(rules(), max_size=8),
)
days = st.one_of(st.none(), st.integers(-10, 410).map(lambda d: DAY_ZERO + timedelta(days=d)))
sections = st.sampled_from([None, None, None, "news", "news/local", "sport", "nowhere"])
narrowings = st.fixed_dictionaries(
    {
        "exclude": st.frozensets(st.integers(0, N + 1).map(lambda n: f"a{n:03}"), max_size=10),
        "section": sections,
        "exclude_section": sections.map(lambda section: (section,) if section else ()),
        "published_after": days,
        "as_of": days,
    }
)
varieties = st.builds(Variety, copies=st.booleans(), per_event=st.sampled_from([None, 1, 2, 3]))


# --- what they mean, one article at a time ---


@dataclass(frozen=True)
class Reading:
    """The articles and what the newsroom says of them at one moment, read plainly."""

    overlay: Overlay
    now: datetime

    def life(self, one: Article) -> Lifecycle:
        return self.overlay.changed.get(one.id) or Lifecycle.of(one)

    def gone(self, one: Article) -> bool:
        life = self.life(one)
        early = life.embargoed_until is not None and self.now < life.embargoed_until
        late = life.expires_at is not None and self.now >= life.expires_at
        return life.status is not Status.USABLE or early or late

    def applies(self, action: Action) -> list[Rule]:
        active = [
            r for r in self.overlay.rules if r.starts_at <= self.now and not (r.ends_at and r.ends_at <= self.now)
        ]
        return [rule for rule in active if rule.action is action]

    def hidden(self, one: Article) -> bool:
        excluded = any(means(rule.subject, one) for rule in self.applies(Action.EXCLUDE))
        return self.gone(one) or not self.life(one).recommendable or excluded

    def silent(self, one: Article, widget: Widget) -> bool:
        hides = [rule for rule in self.applies(Action.HIDE) if rule.widget in (Widget.ALL, widget)]
        return not self.life(one).show_related or any(means(rule.subject, one) for rule in hides)

    def eligible(self, own: Article, variety: Variety, taken: Iterable[str] = (), **asked: Any) -> list[Article]:
        closed = {own.id, *asked["exclude"], *taken}
        texts = {group_of(TEXTS, int(key[1:])) for key in closed} - {None}
        return [
            one
            for number, one in enumerate(articles())
            if one.id not in closed
            and (variety.copies or group_of(TEXTS, number) not in texts)
            and not self.hidden(one)
            and (asked["section"] is None or inside(one, asked["section"]))
            and not any(inside(one, section) for section in asked["exclude_section"])
            and (
                asked["published_after"] is None
                or bool(one.published_at and one.published_at > asked["published_after"])
            )
            and (asked["as_of"] is None or bool(one.published_at and one.published_at <= asked["as_of"]))
        ]

    def pins(self, own: Article, widget: Widget) -> list[Rule]:
        """Those on this page, in the order in which they choose their slots."""
        steps = own.section.split("/") if own.section else []
        paths = ["/".join(steps[: depth + 1]) for depth in range(len(steps))][::-1]
        found = []
        for rule in sorted(self.applies(Action.PIN), key=lambda rule: -rule.id):
            if rule.widget is widget:
                if rule.place.kind is Kind.ARTICLE and rule.place.value == own.id:
                    found.append((0, rule))
                elif rule.place.kind is Kind.SECTION and rule.place.value.casefold() in paths:
                    found.append((1 + paths.index(rule.place.value.casefold()), rule))
                elif rule.place.kind is Kind.EVERYTHING:
                    found.append((99, rule))
        return [rule for _, rule in sorted(found, key=lambda pair: pair[0])]


def inside(one: Article, section: str) -> bool:
    return f"{one.section}/".startswith(f"{section.casefold()}/")


def means(subject: Subject, one: Article) -> bool:
    value = subject.value.casefold()
    match subject.kind:
        case Kind.ARTICLE:
            return one.id == subject.value
        case Kind.AUTHOR:
            return any(name.name.casefold() == value for name in one.authors)
        case Kind.SECTION:
            return inside(one, value)
        case Kind.TAG:
            return value in one.tags
        case Kind.KEYWORD:
            return any(f" {value} " in f" {text} " for text in (one.title, *one.tags))
        case Kind.EVERYTHING:
            return True


def room(found: Iterable[Article], variety: Variety, pinned: Iterable[str] = ()) -> int:
    """How many of these one list can hold besides what is pinned."""
    held: Counter[int] = Counter()
    texts: set[int] = set()
    count = 0
    pinned = list(pinned)
    rest = [one for one in found if one.id not in pinned]
    for key in [*pinned, *(one.id for one in rest)]:
        number = int(key[1:])
        text, on = group_of(TEXTS, number), group_of(EVENTS, number)
        if text is not None and not variety.copies and text in texts:
            continue
        if key not in pinned and on is not None and variety.per_event is not None and held[on] >= variety.per_event:
            continue
        texts |= {text} - {None}  # type: ignore[arg-type]
        held[on if on is not None else -1 - number] += 1
        count += 1
    return count


def check_list(items: tuple[Item, ...], may: list[Article], variety: Variety) -> None:
    """The laws of any list: nothing that may not be shown, nothing twice, one of each text, so many of each event."""
    keys = [item.id for item in items]
    assert set(keys) <= {one.id for one in may}
    assert len(set(keys)) == len(keys)
    if not variety.copies:
        texts = [text for key in keys if (text := group_of(TEXTS, int(key[1:]))) is not None]
        assert len(set(texts)) == len(texts)
    if variety.per_event is not None and not any(item.source in (Source.PINNED, Source.COVERAGE) for item in items):
        events = Counter(on for key in keys if (on := group_of(EVENTS, int(key[1:]))) is not None)
        assert max(events.values(), default=0) <= variety.per_event
    for item in items:
        assert item.parts is not None
        assert reduce(add, item.parts.values()) == item.score
        assert -1e-12 <= item.score <= 1 + 1e-12


def check_status(found: Filled, items: tuple[Item, ...], k: int, silent: bool) -> None:
    assert (found is Filled.HIDDEN) == silent
    if not silent:
        assert found is (Filled.FULL if len(items) == k else Filled.SHORT if items else Filled.EMPTY)
    else:
        assert items == ()


def check_pins(items: tuple[Item, ...], pins: list[Rule], may: list[Article], k: int) -> None:
    """The first that chooses has its slot, as far as the list reaches; nothing else calls itself pinned."""
    able = [rule for rule in pins if rule.subject.value in {one.id for one in may} and rule.slot <= k]
    shown = {item.id for item in items if item.source is Source.PINNED}
    assert shown <= {rule.subject.value for rule in able}
    if able:
        first = able[0]
        assert items[min(first.slot, len(items)) - 1].id == first.subject.value or len(shown) > 1
        assert first.subject.value in shown
        event("pinned")


any_request = given(
    number=st.integers(0, N - 1), k=st.integers(0, 70), overlay=overlays, variety=varieties, asked=narrowings,
    hours=st.integers(-4, 4),
)  # fmt: skip
thorough = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@thorough
@any_request
def test_similar_stories_obey_every_law(
    release: Release, number: int, k: int, overlay: Overlay, variety: Variety, asked: dict[str, Any], hours: int
) -> None:
    now, own = NOW + hours * HOUR, articles()[number]
    reading = Reading(overlay, now)
    recommender = Recommender(release, overlay=overlay, variety=variety, clock=now.timestamp)
    may, silent = reading.eligible(own, variety, **asked), reading.silent(own, Widget.SIMILAR)
    pins = [] if silent else reading.pins(own, Widget.SIMILAR)
    full = recommender.similar(own.id, k, explain=True, **asked)
    check_list(full.items, may, variety)
    check_status(full.status, full.items, k, silent)
    check_pins(full.items, pins, may, k)
    if not silent:
        pinned = [item.id for item in full.items if item.source is Source.PINNED]
        assert len(full.items) == min(k, room(may, variety, pinned))
    own_section = reading.eligible(own, variety, **asked)
    for fallback in (Fallback.SECTION, Fallback.NONE):
        answer = recommender.similar(own.id, k, fallback=fallback, explain=True, **asked)
        check_list(answer.items, own_section, variety)
        check_status(answer.status, answer.items, k, silent)
        assert not {Source.RECENT, *([Source.SECTION] if fallback is Fallback.NONE else [])} & {
            item.source for item in answer.items
        }
        unpinned = [item for item in answer.items if item.source is not Source.PINNED]
        assert unpinned == [item for item in full.items if item.source is not Source.PINNED][: len(unpinned)]
    near = [item.score for item in full.items if item.source is Source.SIMILAR]
    assert near == sorted(near, reverse=True)


@thorough
@any_request
def test_more_from_the_author_obeys_every_law(
    release: Release, number: int, k: int, overlay: Overlay, variety: Variety, asked: dict[str, Any], hours: int
) -> None:
    now, own = NOW + hours * HOUR, articles()[number]
    reading = Reading(overlay, now)
    recommender = Recommender(release, overlay=overlay, variety=variety, clock=now.timestamp)
    may, silent = reading.eligible(own, variety, **asked), reading.silent(own, Widget.AUTHOR)
    ignored = {
        rule.subject.value.casefold() for rule in reading.applies(Action.IGNORE) if rule.subject.kind is Kind.AUTHOR
    }
    names = lambda one: {name.name for name in one.authors if name.name.casefold() not in ignored}  # noqa: E731
    mine = names(own)
    theirs = [one for one in may if mine & names(one)]
    partners = {name for one in articles() if mine & names(one) for name in names(one)} | mine
    ladder = [one for one in may if partners & names(one)]
    for order in Order:
        answer = recommender.more_from_author(own.id, k, order=order, explain=True, **asked)
        check_list(answer.items, may, variety)
        check_status(answer.status, answer.items, k, silent)
        by_author = [item for item in answer.items if item.source is Source.AUTHOR]
        assert {item.id for item in by_author} <= {one.id for one in theirs}
        assert {item.source for item in answer.items} <= {Source.AUTHOR, Source.CO_AUTHOR, Source.PINNED}
        if silent:
            continue
        pinned = [item.id for item in answer.items if item.source is Source.PINNED]
        assert len(answer.items) == min(k, room(ladder, variety, pinned))
        check_pins(answer.items, reading.pins(own, Widget.AUTHOR), may, k)
        if order is Order.NEWEST:
            dates = [item.published_at.timestamp() if item.published_at else -9e99 for item in by_author]
            assert dates == sorted(dates, reverse=True)
        else:
            assert [item.score for item in by_author] == sorted((item.score for item in by_author), reverse=True)
    filled = recommender.more_from_author(own.id, k, fallback=Fallback.SECTION, explain=True, **asked)
    check_list(filled.items, may, variety)
    ranks = [Source.AUTHOR, Source.CO_AUTHOR, Source.SECTION]
    steps = [ranks.index(item.source) for item in filled.items if item.source is not Source.PINNED]
    assert steps == sorted(steps)


@thorough
@any_request
def test_a_page_shows_nothing_twice_and_coverage_is_of_one_event(
    release: Release, number: int, k: int, overlay: Overlay, variety: Variety, asked: dict[str, Any], hours: int
) -> None:
    now, own = NOW + hours * HOUR, articles()[number]
    reading = Reading(overlay, now)
    recommender = Recommender(release, overlay=overlay, variety=variety, clock=now.timestamp)
    may = reading.eligible(own, variety, **asked)
    page = recommender.related(own.id, k, 4, 3, explain=True, **asked)
    assert page == recommender.related(own.id, k, 4, 3, explain=True, **asked)
    lists = {Widget.SIMILAR: (page.similar, k), Widget.AUTHOR: (page.author, 4), Widget.COVERAGE: (page.coverage, 3)}
    for widget, (items, asked_for) in lists.items():
        check_list(items, may, variety)
        check_status(getattr(page.status, widget), items, asked_for, reading.silent(own, widget))
    shown = [item.id for items, _ in lists.values() for item in items]
    assert len(set(shown)) == len(shown)
    if not variety.copies:
        texts = [text for key in shown if (text := group_of(TEXTS, int(key[1:]))) is not None]
        assert len(set(texts)) == len(texts)
    mine = group_of(EVENTS, number)
    assert all(group_of(EVENTS, int(item.id[1:])) == mine is not None for item in page.coverage)
    alone = recommender.coverage(own.id, 70, **asked)
    if not reading.silent(own, Widget.COVERAGE):
        on = [one for one in may if mine is not None and group_of(EVENTS, int(one.id[1:])) == mine]
        assert len(alone.items) == room(on, Variety(variety.copies, None))


@thorough
@any_request
def test_every_article_is_shown_or_it_is_said_why_not(
    release: Release, number: int, k: int, overlay: Overlay, variety: Variety, asked: dict[str, Any], hours: int
) -> None:
    now, own, other = NOW + hours * HOUR, articles()[number], articles()[(number * 7 + k) % N]
    recommender = Recommender(release, overlay=overlay, variety=variety, clock=now.timestamp)
    found = recommender.explain(own.id, other.id, k, **asked)
    items = recommender.similar(own.id, k, explain=True, **asked).items
    places = {item.id: place for place, item in enumerate(items, 1)}
    assert found.similar == places.get(other.id)
    assert bool(found.obstacles) == (other.id not in places)
    assert reduce(add, (reason.points for reason in found.reasons)) == found.score
    if found.similar is not None:
        assert items[found.similar - 1].score == found.score
        assert items[found.similar - 1].source is found.source
    reading = Reading(overlay, now)
    for rule in reading.applies(Action.EXCLUDE):
        if means(rule.subject, other):
            assert any(f"by rule {rule.id} " in obstacle for obstacle in found.obstacles)


def test_the_plain_reading_meets_every_case() -> None:
    """What the laws are tried on holds what they are about."""
    reading = Reading(Overlay(), NOW)
    found = articles()
    cases: list[Callable[[Article], bool]] = [
        reading.gone, reading.hidden, lambda one: one.evergreen, lambda one: not one.show_related,
        lambda one: not one.recommendable, lambda one: len(one.authors) > 1, lambda one: not one.published_at,
    ]  # fmt: skip
    for case in cases:
        assert 0 < sum(map(case, found)) < N
