import gzip
import json
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.articles import Article
from recsys.text import (
    LEXICAL_CHARS,
    NO_BOILERPLATE,
    Boilerplate,
    embedding_text,
    find_boilerplate,
    lexical_text,
    line_key,
    text_digest,
)

LINES = st.text(alphabet="abc .!*\t", max_size=12)


def paper(bodies: list[str]) -> list[Article]:
    return [Article(id=f"a{number}", title=f"Title {number}", body=body) for number, body in enumerate(bodies)]


def found(bodies: list[str]) -> Boilerplate:
    return find_boilerplate(lambda: iter(paper(bodies)), expected=len(bodies))


def own(number: int) -> str:
    """A body line that no other article has."""
    return f"Number {number} has a long line of its own that nobody else in the whole paper has ever printed before."


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("  Read   MORE: ", "read more"),
        ("* Read more…", "read more"),
        ("\tRead more\u00a0»", "read more"),
        ("___", ""),
        ("", ""),
        ("STRASSE", "strasse"),
        ("C++ or C#?", "c++ or c"),
    ],
)
def test_a_line_is_known_by_its_words_whatever_its_case_spaces_and_edges(line: str, key: str) -> None:
    assert line_key(line) == key


@given(LINES)
def test_a_key_is_its_own_key(line: str) -> None:
    assert line_key(line_key(line)) == line_key(line)


def test_a_line_in_five_articles_is_boilerplate_in_a_small_paper_and_in_four_it_is_not() -> None:
    box = "Sign up for our morning newsletter"
    bodies = [f"{own(n)}\n{box}" for n in range(5)] + [f"{own(n)}\nWe were there on the day" for n in range(5, 9)]
    assert found(bodies).counts == {"sign up for our morning newsletter": 5}


def test_a_line_of_up_to_three_words_needs_twice_as_many() -> None:
    nine = found([f"{own(n)}\nBernie Sanders" for n in range(9)])
    ten = found([f"{own(n)}\nRead more here" for n in range(10)])
    assert (nine.counts, ten.counts) == ({}, {"read more here": 10})


def test_a_line_twice_in_one_article_counts_once() -> None:
    box = "Support the paper that you love"
    assert found([f"{own(n)}\n{box}\n{box}" for n in range(4)]).counts == {}


def test_the_lines_of_a_wire_story_printed_by_many_stay_and_its_credit_goes() -> None:
    wire = "\n".join(f"The agency wrote paragraph {part} of this story, and it is long enough." for part in range(6))
    credit = "The agency contributed to this report"
    bodies = [f"{wire}\n{own(n)}\n{credit}" for n in range(8)] + [f"{own(n)}\n{credit}" for n in range(8, 16)]
    assert found(bodies).counts == {"the agency contributed to this report": 8}
    assert found(bodies).strip(bodies[0]) == f"{wire}\n{own(0)}"


def test_the_threshold_grows_with_the_archive_within_its_bounds() -> None:
    def threshold(articles: int) -> int:
        return find_boilerplate(lambda: (Article(id=str(n), title="t") for n in range(articles))).threshold

    assert [threshold(n) for n in (0, 100, 10_000, 10_001)] == [5, 5, 5, 6]
    assert find_boilerplate(lambda: paper(["x"] * 100), share=0.9).threshold == 50


@given(st.lists(st.lists(LINES, max_size=6).map("\n".join), max_size=12), st.integers(1, 4))
def test_counting_in_a_fixed_table_finds_what_counting_everything_finds(bodies: list[str], least: int) -> None:
    keys = [{line_key(line) for line in body.split("\n")} - {""} for body in bodies]
    occurs = {key: sum(key in article for article in keys) for key in set().union(*keys)}
    everything = {key: count for key, count in occurs.items() if count >= least}
    result = find_boilerplate(lambda: iter(paper(bodies)), least=least, short_words=0, most_of_body=1.1)
    assert result.counts == everything
    assert list(result.counts.values()) == sorted(everything.values(), reverse=True)


@given(st.lists(LINES, max_size=8).map("\n".join))
def test_stripping_takes_whole_lines_only_and_a_second_time_takes_nothing(body: str) -> None:
    boilerplate = Boilerplate({"abc": 9})
    once = boilerplate.strip(body)
    assert once == "\n".join(line for line in body.split("\n") if line_key(line) != "abc")
    assert boilerplate.strip(once) == once
    assert NO_BOILERPLATE.strip(body) == body


def test_a_fixed_phrase_inside_a_sentence_stays() -> None:
    boilerplate = Boilerplate({"advertisement": 99})
    body = "Advertisement\nThe advertisement ran."
    assert boilerplate.strip(body) == "The advertisement ran."


def test_the_texts_are_title_standfirst_and_body_without_boilerplate() -> None:
    article = Article(id="a", title="A title", standfirst="Stand first.", body="One line.\nRead more\nAnother.")
    boilerplate = Boilerplate({"read more": 99})
    assert embedding_text(article, boilerplate, 100) == "A title\nStand first.\nOne line.\nAnother."
    assert lexical_text(article, boilerplate) == "A title\nA title\nStand first.\nOne line.\nAnother."
    assert lexical_text(article, boilerplate, title_weight=0) == "Stand first.\nOne line.\nAnother."


def test_a_headline_or_standfirst_printed_again_in_the_body_is_read_once() -> None:
    article = Article(id="a", title="A title", standfirst="The start", body="A TITLE.\n\nThe start of it all.\nMore.")
    assert embedding_text(article, NO_BOILERPLATE, 100) == "A title\nThe start of it all.\nMore."


@pytest.mark.parametrize(
    ("title", "body", "kept"),
    [
        ("We met the mayor…", "We met the mayor on Monday.\nMore.", False),  # the CMS made a title of the beginning
        ("We met the mayor ...", "We met the mayor on Monday.", False),
        ("We met the may", "We met the mayor on Monday.", False),
        ("We met the mayor", "we met the mayor on Monday.", True),  # as it is printed, or it is no beginning
        ("We met the mayor", "On Monday we met the mayor.", True),
        ("We met the mayor", "We met the mayor\nOn Monday.", True),  # the headline again, on a line of its own
        ("We met the mayor", "", True),
        ("…", "Some body.", False),
    ],
)
def test_a_title_that_is_only_how_the_body_begins_is_no_headline(title: str, body: str, kept: bool) -> None:
    article = Article(id="a", title=title, body=body)
    once = embedding_text(article, NO_BOILERPLATE, 1000)
    assert once == ("\n".join(filter(None, [title, body.removeprefix(title).strip()])) if kept else body)
    assert lexical_text(article, NO_BOILERPLATE, 3) == (f"{title}\n" * 2 + once if kept else body)


@given(st.text(alphabet="Ab .…\n", max_size=12), st.text(alphabet="Ab .…\n", max_size=20))
def test_every_word_of_the_title_is_still_read(title: str, body: str) -> None:
    words = embedding_text(Article(id="a", title=title, body=body), NO_BOILERPLATE, 1000)
    for word in title.strip().strip(" .…").split():
        assert word.strip(".…") in words


@pytest.mark.parametrize("text", [embedding_text, lambda article, lines, chars: lexical_text(article, lines)])
def test_an_article_without_any_text_has_the_empty_text(text) -> None:  # type: ignore[no-untyped-def]
    assert text(Article(id="a", title=" "), NO_BOILERPLATE, 10) == ""


@given(st.text(alphabet="ab \n", max_size=40), st.integers(0, 30))
def test_a_cut_text_is_a_beginning_that_ends_with_a_whole_word(body: str, max_chars: int) -> None:
    whole = embedding_text(Article(id="a", title="", body=body), NO_BOILERPLATE, 1000)
    cut = embedding_text(Article(id="a", title="", body=body), NO_BOILERPLATE, max_chars)
    assert whole.startswith(cut)
    assert len(cut) <= max_chars
    if len(whole) > max_chars and any(space in whole[:max_chars] for space in " \n"):
        assert whole[len(cut)].isspace()


def test_an_edit_in_the_tail_of_a_long_article_does_not_change_its_text() -> None:
    body = "word " * 1000
    texts = {embedding_text(Article(id="a", title="T", body=body + tail), NO_BOILERPLATE, 2048) for tail in "xy"}
    assert len(texts) == 1


def test_a_million_characters_are_cut_for_the_word_index() -> None:
    assert len(lexical_text(Article(id="a", title="T", body="word " * 200_000), NO_BOILERPLATE)) <= LEXICAL_CHARS


@given(st.tuples(st.text(max_size=5), st.text(max_size=5)), st.tuples(st.text(max_size=5), st.text(max_size=5)))
def test_two_digests_are_equal_only_for_the_same_fingerprint_and_text(a: tuple[str, str], b: tuple[str, str]) -> None:
    assert (text_digest(*a) == text_digest(*b)) == (a == b)


def test_digest_of_a_text_stays_the_same_from_version_to_version() -> None:
    assert text_digest("ab", "c") != text_digest("a", "bc")
    assert text_digest("model", "text") == "bcde05725b980fa86a4ada7b0f672633c30669ce2e8bf2ee627f64a897b3f42f"
    assert len(text_digest("model", "half a pair \ud800")) == 64


@pytest.mark.parametrize(
    ("folder", "gone", "kept"),
    [
        (
            "abp",
            ["advertisement", "story continued below", "the associated press contributed to this report"],
            ["obamacare", "iowa", "immigration"],
        ),
        ("govblogs", ["what we learned", "expirydate: 2025-01-01"], ["usability testing", "department of energy"]),
        ("bbc", [], ["2000 gmt"]),
    ],
)
def test_real_newspapers_lose_their_boxes_and_keep_their_news(folder: str, gone: list[str], kept: list[str]) -> None:
    file = Path(__file__).parents[2] / "shared" / "data" / folder / "articles.jsonl.gz"
    if not file.exists():
        pytest.skip("the development data (../shared/data) is not here")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        some = map(json.loads, islice(lines, 5000))
        articles = [Article(id=row["id"], title=row["title"], body=row["body"]) for row in some]
    boilerplate = find_boilerplate(lambda: articles, expected=len(articles))
    stripped = sum(len(boilerplate.strip(article.body)) for article in articles)
    assert set(gone) <= set(boilerplate.counts)
    assert not set(kept) & set(boilerplate.counts)
    assert stripped > 0.98 * sum(len(article.body) for article in articles)
