"""Dirty text, HTML and dates."""

import subprocess
import sys
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.cleaning import CONTROLS, clean, clean_line
from recsys.dates import parse_date, parse_moment
from recsys.markup import html_to_text, is_html

NOW = datetime(2025, 6, 1, tzinfo=UTC)
MILLION = 1_000_000


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("donâ€™t", "don’t"),
        ("Ã‰lysÃ©e", "Élysée"),
        ("Zürich — “fine” … 20 €", "Zürich — “fine” … 20 €"),
        ("all is well\ncafÃ©\n日本語", "all is well\ncafé\n日本語"),
        ("e\u0301te\u0301", "été"),
        ("a\x00b\x07c\ufeffd\u200be\ud800f\xadg", "abcdefg"),
        ("one\r\n\r\n\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("  a \t b\xa0 c  ", "a b c"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("", ""),
    ],
)
def test_dirty_text_becomes_clean(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected


def test_a_field_of_one_line_has_no_line_ends() -> None:
    assert clean_line(" Storm\n over\r\nthe bay ") == "Storm over the bay"


@given(st.text(st.characters(codec=None), max_size=300))
def test_clean_text_has_no_controls_and_no_loose_space(text: str) -> None:
    cleaned = clean(text)
    assert not CONTROLS.search(cleaned)
    assert cleaned == "\n".join(" ".join(line.split()) for line in cleaned.split("\n"))
    assert "\n\n" not in cleaned
    assert unicodedata.is_normalized("NFC", cleaned)


@pytest.mark.parametrize(
    "unit",
    ["word ", "a\n", "â€œÃ©", "Ã", "\x01", "a\u0301\u0323", "\ud800", "<", "<p>", "<b>", "&amp;", "<ul><li>", "<br>"],
)
def test_a_field_of_a_million_characters_does_no_harm(unit: str) -> None:
    text = (unit * MILLION)[:MILLION]
    assert len(clean(text)) <= MILLION
    assert len(clean(html_to_text(text[:200_000]))) <= MILLION
    assert is_html(text) in (True, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>One</p>", True),
        ("an <em>old</em> one", True),
        ("a line<br/>break", True),
        ("</p>", True),
        ("use the <h1> and the <title> tag", False),
        ("5 < 6 > 4, a<b, <Sigh> she said, <<Obama at summit:>>", False),
        ("AT&amp;T", False),
    ],
)
def test_only_text_that_is_marked_up_counts_as_html(text: str, expected: bool) -> None:
    assert is_html(text) is expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One <b>two</b> three</p><p>four</p>", "One two three\nfour"),
        ("<p>wrapped\nline</p>", "wrapped line"),
        ("first\n\nsecond <i>half</i>\nthird", "first\nsecond half\nthird"),
        ('see <a\nhref="https://x.example">the page</a>', "see the page"),
        ("caf&eacute; &amp; &#8217;<br>x", "café & ’\nx"),
        ("<script>var a = '<p>';</script><style>p {}</style><p>seen</p>", "seen"),
        ("<figure><img src=x><figcaption>caption</figcaption></figure><p>seen</p>", "seen"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("<table><tr><td><b>a</b></td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ('<p style="display: none">hidden</p><p style="margin-top:99999em">seen</p>', "seen"),
        ("<!-- a comment --><p>seen</p>", "seen"),
        ("<p>not closed <i>at all", "not closed at all"),
        ("", ""),
    ],
)
def test_html_becomes_lines_of_text(html: str, expected: str) -> None:
    assert clean(html_to_text(html)) == expected


@pytest.mark.parametrize("depth", [10, 300, 3000, 30_000])
def test_text_below_many_open_tags_is_not_lost(depth: int) -> None:
    assert clean(html_to_text("<div>" * depth + "<script>x</script>hello")) == "hello"


@given(
    st.lists(
        st.sampled_from(["<p>", "</p>", "<b", ">", "<", "&", "&#0;", "<td>", "<!--", "-->", "<script>", "\x00", "é"])
    )
)
def test_any_tag_soup_has_a_text(parts: list[str]) -> None:
    assert isinstance(html_to_text("".join(parts)), str)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2016-09-20", datetime(2016, 9, 20, tzinfo=UTC)),
        ("2016-09-20T10:11:12.9+05:30", datetime(2016, 9, 20, 4, 41, 12, tzinfo=UTC)),
        ("20160920T101112Z", datetime(2016, 9, 20, 10, 11, 12, tzinfo=UTC)),
        ("Tue, 20 Sep 2016 10:00:00 EST", datetime(2016, 9, 20, 15, tzinfo=UTC)),
        ("Sept. 5, 2016, 3:04 pm", datetime(2016, 9, 5, 15, 4, tzinfo=UTC)),
        ("1474370000", datetime(2016, 9, 20, 11, 13, 20, tzinfo=UTC)),
        (1474370000.0, datetime(2016, 9, 20, 11, 13, 20, tzinfo=UTC)),
        (1474370000123, datetime(2016, 9, 20, 11, 13, 20, tzinfo=UTC)),
        ("201609201011", datetime(2016, 9, 20, 10, 11, tzinfo=UTC)),
        (date(2016, 9, 20), datetime(2016, 9, 20, tzinfo=UTC)),
        (datetime(2016, 9, 20, 2, tzinfo=timezone(timedelta(hours=3))), datetime(2016, 9, 19, 23, tzinfo=UTC)),
        ("2027-05-31", datetime(2027, 5, 31, tzinfo=UTC)),
    ],
)
def test_a_date_in_any_usual_form_is_read(value: object, expected: datetime) -> None:
    assert parse_date(value, NOW) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "2016",
        "September 2016",
        "10:20",
        "Sunday",
        "20 sep 16",
        "2015-02-30",
        "0001-01-01",
        "1599-12-31",
        "2027-06-30",
        "9999-12-31",
        "0001-01-01T00:00+05:00",
        "9" * 5000,
        "2016-09-20T10:00:00+99:00",
        None,
        True,
        [],
        1e300,
        float("nan"),
        float("inf"),
        5,
    ],
)
def test_what_names_no_full_or_sane_date_is_unknown(value: object) -> None:
    assert parse_date(value, NOW) is None


@given(
    st.one_of(st.text(max_size=40), st.text("0123456789-:/ TZ+.,apmSeptMon", max_size=40), st.floats(), st.integers())
)
def test_no_date_raises_and_every_date_is_utc_to_the_second(value: object) -> None:
    moment = parse_date(value, NOW)
    assert moment is None or (moment.tzinfo == UTC and moment.microsecond == 0 and 1600 <= moment.year <= 2027)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("9999-12-31", datetime(9999, 12, 31, tzinfo=UTC)),
        ("9999-12-31T23:59:59-08:00", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-11-10 18:00 UTC", datetime(2026, 11, 10, 18, tzinfo=UTC)),
        ("2026-12-24T18:00:00.5+01:00", datetime(2026, 12, 24, 17, 0, 0, 500_000, tzinfo=UTC)),
        ("24.12.2026", datetime(2026, 12, 24, tzinfo=UTC)),
        ("10.10.2026", datetime(2026, 10, 10, tzinfo=UTC)),
        ("Tue, 10 Nov 2026 10:00:00 +0200", datetime(2026, 11, 10, 8, tzinfo=UTC)),
        ("10/11/2026", None),
        ("10.11.2026 18:00", None),
        ("soon", None),
        (True, None),
        (10**50, None),
    ],
)
def test_a_moment_may_lie_far_ahead_and_has_one_reading(value: object, expected: datetime | None) -> None:
    assert parse_moment(value) == expected


@given(
    st.one_of(st.text(max_size=40), st.text("0123456789-:/ TZ+.,apmSeptMon", max_size=40), st.floats(), st.integers())
)
def test_no_moment_raises_and_one_that_is_a_date_is_the_same(value: object) -> None:
    moment, day = parse_moment(value), parse_date(value, NOW)
    assert moment is None or moment.tzinfo == UTC
    assert None in (moment, day) or moment == day or (moment and moment.replace(microsecond=0) == day)


def test_importing_the_modules_loads_no_cleaning_library() -> None:
    code = "import sys, recsys.cleaning, recsys.markup, recsys.dates, recsys.urls; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not any(f"'{name}'" in loaded for name in ("ftfy", "inscriptis", "lxml", "dateutil", "w3lib"))
