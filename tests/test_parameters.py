"""Parameters that were checked once: what the framework makes of them, whatever was asked before."""

import time
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from test_shortcut import QUERIES

from service.list_kinds import KINDS
from service.parameters import Parameters
from service.queries import SimilarByUrl, SimilarQuery

SIMILAR = KINDS["similar"]
URL = "https://paper.example/story/3?a=1&b=ü"


@given(st.lists(QUERIES, min_size=1, max_size=12))
def test_whatever_was_asked_before_they_are_those_of_the_model(texts: list[str]) -> None:
    parameters = Parameters()
    for text in texts:
        for kind in KINDS.values():
            try:
                found = parameters.by_id(kind, text.encode("latin-1", "replace"))
            except ValidationError:
                continue  # and the framework says the same: tests/test_shortcut.py
            if found is not None and found.published_after is None:
                pairs = parse_qsl(text.encode("latin-1", "replace").decode("latin-1"), keep_blank_values=True)
                several = {name: [value for one, value in pairs if one == name] for name, _ in pairs}
                repeated = ("exclude", "exclude_section")
                assert found == kind.query.model_validate(
                    {name: values if name in repeated else values[0] for name, values in several.items()}
                )


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_address_may_stand_anywhere_and_is_no_part_of_what_is_remembered(place: int) -> None:
    parameters = Parameters()

    def ask(url: str) -> tuple[str, object] | None:
        written = ["k=5", "exclude=a%2Cb"]
        written.insert(place, f"url={quote(url, safe='')}")
        return parameters.by_url(SIMILAR, "&".join(written).encode())

    first, second = ask(URL), ask("http://other.example/")
    assert first is not None
    assert second is not None
    assert (first[0], second[0]) == (URL, "http://other.example/")
    expected = SimilarByUrl(url=URL, k=5, exclude=["a,b"]).model_dump(exclude={"url"})
    assert isinstance(first[1], SimilarQuery)
    assert first[1].model_dump() == expected
    assert second[1] is first[1]
    assert ask("ftp://other.example/") is None


@pytest.mark.parametrize("text", ["k=5", "", "url=", f"url={URL}&url={URL}", "u%72l=https%3A%2F%2Fpaper.example%2F"])
def test_without_one_plain_address_another_has_to_say_what_is_wrong(text: str) -> None:
    assert Parameters().by_url(SIMILAR, text.encode("latin-1", "replace")) is None


def test_days_that_count_from_now_are_counted_each_time() -> None:
    parameters, found = Parameters(), []
    for _ in range(2):
        found.append(parameters.by_id(SIMILAR, b"published_after=30d"))
        time.sleep(0.001)
    first, second = found
    assert first is not None
    assert second is not None
    assert first.published_after is not None
    assert second.published_after is not None
    assert first.published_after < second.published_after


def test_what_is_long_or_too_many_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.parameters._MOST", 3)
    parameters = Parameters()
    texts = [f"exclude=a{number}".encode() for number in range(4)]
    kept = [parameters.by_id(SIMILAR, text) for text in texts]
    assert parameters.by_id(SIMILAR, texts[3]) is kept[3]
    assert parameters.by_id(SIMILAR, texts[0]) is not kept[0], "a fourth made them forgotten"
    long = b"exclude=" + b"x" * 500
    assert parameters.by_id(SIMILAR, long) is not parameters.by_id(SIMILAR, long)
