"""Terms and names: what two texts can have in common besides meaning."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from oracle import names as plain_names
from oracle import terms as plain_terms

from recsys.errors import ConfigError
from recsys.terms import known_language, names, term_reader

WORDS = ["the", "bombings", "harbour", "Ines", "Vallory", "EU", "council's", "met.", "of", "Marrowick's", "Bridges."]


@given(st.lists(st.sampled_from([*WORDS, "\n"]), max_size=20).map(" ".join))
def test_terms_and_names_are_those_of_plain_python(text: str) -> None:
    assert term_reader()(text) == plain_terms(text)
    if " of " not in text:
        assert names(text) == plain_names(text)


@given(st.text())
@example("İstanbul'da ÉCOLE ǅ 東京 e\u0301")
def test_no_text_breaks_the_reader(text: str) -> None:
    assert all(name == name.strip() and len(name) > 1 for name in names(text))
    assert all("\n" not in name for name in names(text))
    assert all(isinstance(term, str) for term in term_reader("turkish")(text))


def test_forms_of_a_word_are_one_term_and_stop_words_are_none() -> None:
    read = term_reader()
    assert read("The bombings and a bombing") == ["bomb", "bomb", "bomb bomb"]
    assert read("The of and") == []


@pytest.mark.parametrize("apostrophe", ["'", "’"])
def test_a_possessive_is_its_word_however_it_is_typed(apostrophe: str) -> None:
    assert term_reader()(f"Marrowick{apostrophe}s bridge") == ["marrowick", "bridg", "marrowick bridg"]
    assert names(f"seen in Marrowick{apostrophe}s streets") == ["marrowick"]


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("german", "Häuser", "Hauses"),
        ("french", "nationale", "nationaux"),
        ("russian", "выборы", "выборов"),
        ("swedish", "nyheterna", "nyheter"),
    ],
)
def test_other_languages_have_stems_of_their_own(language: str, one: str, other: str) -> None:
    read, english = term_reader(language), term_reader("english")
    assert set(read(one)) & set(read(other))
    assert not set(english(one)) & set(english(other))
    assert read("the") == ["the"]  # only English knows its stop words


@pytest.mark.parametrize("language", ["klingon", "", "English", "en "])
def test_an_unknown_language_is_refused_with_those_that_are_known(language: str) -> None:
    for ask in (term_reader, known_language):
        with pytest.raises(
            ConfigError, match=rf"language {language!r} is not known: give one of .*\benglish\b.*german"
        ):
            ask(language)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seen with Ines Vallory today", ["ines vallory"]),
        ("Mayor of Marrowick", ["mayor of marrowick"]),
        ("the Bank of England and the Ministry for Trade", ["bank of england", "ministry for trade"]),
        ("It rained. Then it stopped! Now? So: Well", []),
        ("The EU. NATO said", ["eu", "nato"]),
        ("But Ines Vallory left. Mayor Vallory stayed", ["ines vallory", "mayor vallory"]),
        ("he met Šárka Öztürk and ÉCOLE, then Ångström", ["šárka öztürk", "école", "ångström"]),
        ("и сказал Путин", ["путин"]),
        ("in Athens Αθήνα", ["athens αθήνα"]),
        ("in Jean-Luc O'Brien’s flat", ["jean-luc o'brien"]),
        ("a talk by Ines Vallory\nMarrowick council met", ["ines vallory"]),
        ("“It did.” Later they met", []),
        ("‘It did.’ (Later they met [Or] not)", ["or"]),
        ("“It did …” Then", []),
        ("so “Later” is a name", ["later"]),
        ("A b", []),
        ("", []),
    ],
)
def test_names_are_groups_of_capitalised_words_within_a_sentence(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize("name", ["Ines Vallory", "EU", "Šárka Öztürk", "Bank of England"])
def test_a_name_is_found_wherever_it_stands(name: str) -> None:
    for text in (name, f"we saw {name}", f"We saw. {name} came", f"“{name}”, they said", f"we saw {name}'s hat"):
        assert names(text) == [name.casefold()]
