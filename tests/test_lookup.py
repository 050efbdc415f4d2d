"""Texts find exactly what was written under them."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.keywords import KeywordWriter
from recsys.articles import Article
from recsys.columns import ListColumn, write_texts
from recsys.keywords import mentions, words
from recsys.lookup import Lookup, write_lookup

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(st.dictionaries(texts, st.lists(st.integers(0, 99), max_size=4), max_size=20), texts)
def test_every_text_finds_its_numbers_and_no_other_does(entries: dict[str, list[int]], other: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_lookup(Path(folder), "texts", "numbers", entries)
        lookup = Lookup.open(Path(folder), "texts", "numbers")
        assert len(lookup) == len(entries)
        for text in (*entries, other):
            assert lookup[text].tolist() == entries.get(text, [])
            place = lookup.place(text)
            assert (place >= 0) == (text in entries)
            assert place < 0 or lookup.texts[place] == text


def test_columns_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    write_texts(tmp_path, "texts", ["a", "b"])
    ListColumn.of([[1]]).save(tmp_path, "numbers")
    with pytest.raises(ValueError, match="texts has 2 texts, numbers 1 lists"):
        Lookup.open(tmp_path, "texts", "numbers")


pieces = st.lists(st.sampled_from(["court", "case", "goes", "on", "Court", "CASE"]), max_size=6)


@given(pieces, pieces)
def test_a_keyword_is_mentioned_where_its_words_stand_side_by_side(text: list[str], keyword: list[str]) -> None:
    joined, wanted = f" {' '.join(text)} ".lower(), f" {' '.join(keyword)} ".lower()
    assert mentions(["something else", " - ".join(text)], words(" ".join(keyword))) == (
        bool(keyword) and wanted in joined
    )


@given(st.lists(st.tuples(texts, texts, st.lists(texts, max_size=2)), max_size=6))
def test_every_word_of_title_standfirst_and_tags_finds_its_rows(found: list[tuple[str, str, list[str]]]) -> None:
    writer = KeywordWriter()
    articles = [
        Article(str(n), title, standfirst=below, tags=tuple(tags)) for n, (title, below, tags) in enumerate(found)
    ]
    for article in articles:
        writer.add(article)
    with tempfile.TemporaryDirectory() as folder:
        writer.write(Path(folder))
        lookup = Lookup.open(Path(folder), "words", "word_rows")
        for row, (title, below, tags) in enumerate(found):
            for word in words(" ".join([title, below, *tags])):
                assert row in lookup[word].tolist()
        assert all(
            lookup[lookup.texts[place]].tolist() == sorted(set(lookup.numbers[place])) for place in range(len(lookup))
        )
