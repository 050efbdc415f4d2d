"""Pins stand in their slots; what may not be shown is not pinned either."""

from typing import Any

import numpy as np
import pytest
from conftest import article, published
from hypothesis import given
from hypothesis import strategies as st
from test_standing import NOW, Clock, overlay, rule

from recsys import Recommender, Release
from recsys.answers import Item, Source
from recsys.articles import AuthorName
from recsys.overlay import Overlay
from recsys.pins import Pin, arranged, placed
from recsys.rules import Action, Kind, Rule, Subject, Widget

INES = (AuthorName("Ines Vallory"),)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    sections = ["news/local", "news", "sport"]
    articles = [article(n, section=sections[n % 3], authors=INES if n % 2 else ()) for n in range(12)]
    return published(tmp_path_factory.mktemp("paper"), articles)


def pin(article_id: str, slot: int, place: Subject | None = None, **more: Any) -> Rule:
    known = {"widget": Widget.SIMILAR, "slot": slot, "place": place or Subject(Kind.EVERYTHING)}
    return rule(Action.PIN, Kind.ARTICLE, article_id, **{**known, **more})


def similar(release: Release, said: Overlay, article_id: str = "a000", k: int = 5, **asked: Any) -> tuple[Item, ...]:
    return Recommender(release, overlay=said, clock=Clock(NOW)).similar(article_id, k, **asked).items


def test_a_pin_stands_in_its_slot_and_moves_the_others_on(release: Release) -> None:
    plain = [item.id for item in similar(release, Overlay())]
    far = next(f"a{n:03}" for n in range(1, 12) if f"a{n:03}" not in plain)
    for slot in range(1, 6):
        items = similar(release, overlay(pin(far, slot)))
        assert [item.id for item in items] == [*plain[: slot - 1], far, *plain[slot - 1 : 4]]
        assert [item.source is Source.PINNED for item in items] == [place == slot for place in range(1, 6)]
    assert [item.id for item in similar(release, overlay(pin(far, 6)))] == plain
    last = similar(release, overlay(pin(plain[4], 1)))
    assert [item.id for item in last] == [plain[4], *plain[:4]], "one that is there already moves up"


def test_exclude_withdrawal_and_the_request_beat_a_pin_and_the_page_itself_is_never_pinned(release: Release) -> None:
    pinned = pin("a007", 1)
    assert similar(release, overlay(pinned))[0].id == "a007"
    for said in (
        overlay(pinned, rule(Action.EXCLUDE, Kind.ARTICLE, "a007")),
        overlay(rule(Action.EXCLUDE, Kind.AUTHOR, "Ines Vallory"), pinned),
        overlay(pinned, rule(Action.HIDE)),
    ):
        assert "a007" not in {item.id for item in similar(release, said, k=11)}
    assert "a007" not in {item.id for item in similar(release, overlay(pinned), exclude=["a007"])}
    assert "a007" not in {item.id for item in similar(release, overlay(pinned), section="sport")}
    assert Source.PINNED not in {item.source for item in similar(release, overlay(pinned), "a007")}


def test_the_page_beats_its_section_and_this_the_paper_and_of_equals_the_newer_rule_does(release: Release) -> None:
    everywhere, section = pin("a001", 1), pin("a002", 1, Subject(Kind.SECTION, "news"))
    deeper, page = pin("a004", 1, Subject(Kind.SECTION, "News/Local")), pin("a005", 1, Subject(Kind.ARTICLE, "a000"))
    found = similar(release, overlay(everywhere, section, deeper, page))
    assert [item.id for item in found[:4]] == ["a005", "a004", "a002", "a001"]
    assert [item.id for item in similar(release, overlay(pin("a001", 2), pin("a002", 2)))[1:3]] == ["a002", "a001"]
    sport = similar(release, overlay(everywhere, section, deeper, page), "a002")
    assert [item.id for item in sport if item.source is Source.PINNED] == ["a001"]


def test_each_widget_has_its_own_pins_and_no_article_is_in_both_lists(release: Release) -> None:
    said = overlay(pin("a003", 1), pin("a003", 1, widget=Widget.AUTHOR), pin("a004", 2, widget=Widget.AUTHOR))
    page = Recommender(release, overlay=said, clock=Clock(NOW)).related("a001", 4, 4)
    assert page.similar[0].id == "a003"
    assert [item.id for item in page.author].index("a004") == 1
    assert not {item.id for item in page.similar} & {item.id for item in page.author}


def test_a_short_list_has_its_pins_at_the_end_and_never_a_gap(release: Release) -> None:
    items = similar(release, overlay(pin("a009", 5), pin("a007", 4)), k=5, section="news/local")
    assert [item.source for item in items] == [Source.SIMILAR, Source.SIMILAR, Source.PINNED]
    assert items[-1].id == "a009"


slots = st.lists(st.tuples(st.integers(1, 8), st.integers(0, 9), st.booleans()), max_size=10)


@given(slots, st.integers(0, 8))
def test_pins_choose_in_turn_and_no_slot_or_row_is_given_twice(asked: list[tuple[int, int, bool]], k: int) -> None:
    pins = [Pin(slot, row, number) for number, (slot, row, _) in enumerate(asked)]
    found = placed(pins, np.array([may for *_, may in asked], np.bool_), k)
    assert len({one.slot for one in found}) == len({one.row for one in found}) == len(found)
    assert all(one.slot <= k and asked[one.rule][2] and one.slot >= asked[one.rule][0] for one in found)
    able = [one for one, (*_, may) in zip(pins, asked, strict=True) if may and one.slot <= k]
    if able:
        assert Pin(able[0].slot, able[0].row, able[0].rule) in found, "the first has what it asks for"


@given(st.integers(0, 10), st.dictionaries(st.integers(0, 9), st.integers(1, 10), max_size=5))
def test_pinned_rows_stand_in_their_slots_and_the_others_keep_their_order(n: int, wanted: dict[int, int]) -> None:
    by_slot = {slot: row for row, slot in wanted.items() if row < n}
    pins = [Pin(slot, row, 0) for slot, row in by_slot.items()]
    order = arranged(range(n), pins)
    assert sorted(order) == list(range(n))
    rest = [row for row in order if row not in by_slot.values()]
    assert rest == sorted(rest)
    for slot, row in by_slot.items():
        if slot <= len(rest) + 1:
            assert order.index(row) == slot - 1
