"""Aspects are values with one way to write them; what is no aspect is refused with what to write instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.aspects import ASPECTS, NAMES, Aspect, asked
from eval.measures import Measure
from recsys.errors import ConfigError

named = st.sampled_from(sorted(NAMES)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(sorted(NAMES[name]) or [""]), st.integers(1, 999))
)


@given(named)
def test_every_aspect_is_read_back_from_its_text(parts: tuple[str, str, int]) -> None:
    name, key, cutoff = parts
    aspect = Aspect(name, cutoff, key)
    assert Aspect.parse(str(aspect)) == aspect
    assert Aspect.parse(str(aspect).lower()) == aspect
    assert asked(str(aspect)) == aspect


@given(st.floats(1e-6, 1), st.floats(0, 1e6))
def test_thresholds_are_read_back_from_their_text(cosine: float, days: float) -> None:
    for aspect in (Aspect("dup", 10, "cos", cosine), Aspect("stale", 10, "days", days)):
        assert Aspect.parse(str(aspect)) == aspect


def test_thresholds_are_always_written_and_the_median_goes_without_saying() -> None:
    texts = ["dup@10", "dup(cos)@10", "stale@5", "stale(days=7.5)", "AGE@10", "age(q=25)@10", "source(author)@10"]
    assert [str(Aspect.parse(text)) for text in texts] == [
        "dup(words=0.8)@10",
        "dup(cos=0.97)@10",
        "stale(days=365)@5",
        "stale(days=7.5)",
        "age@10",
        "age(q=25)@10",
        "source(author)@10",
    ]
    assert Aspect("age", 10) == Aspect("age", 10, "q", 50)


def test_what_is_printed_by_default_has_no_aspect_twice() -> None:
    assert len(set(ASPECTS)) == len(ASPECTS)
    assert {aspect.name for aspect in ASPECTS} == set(NAMES)


def test_measures_and_aspects_are_told_apart() -> None:
    assert asked("MRR@10") == Measure("RR", 10)
    assert asked(" nmax@10 ") == Aspect("Nmax", 10)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("serendipity@10", "no measure: write such as nDCG@10.*all names: nDCG, .*, coverage, "),
        ("coverage@", "is no aspect: write such as coverage@10"),
        ("coverage@0", "cutoff is 0; give at least 1"),
        ("short", "short has no cutoff"),
        ("coverage(q=1)@10", "coverage has no option 'q': known are none"),
        ("dup(q=1)@10", "dup has no option 'q': known are words, cos"),
        ("dup(cos=0)@10", "dup: cos is 0.0; give 1e-06 to 1"),
        ("dup(cos=1.5)@10", "dup: cos is 1.5"),
        ("age(q=101)@10", "age: q is 101.0; give 0 to 100"),
        ("source(editor)@10", "source has no option 'editor': known are pinned, similar, author"),
        ("source(author=2)@10", "source: author is 2.0"),
    ],
)
def test_what_is_no_aspect_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        asked(text)


def test_a_value_without_an_option_and_an_unknown_name_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"coverage has no option, but the value 0\.5"):
        Aspect("coverage", 10, "", 0.5)
    with pytest.raises(ConfigError, match="no aspect 'novelty': known are coverage"):
        Aspect("novelty")
    with pytest.raises(ConfigError, match="age: q is nan"):
        Aspect("age", 10, "q", float("nan"))
