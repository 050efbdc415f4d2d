"""Canonical URLs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.urls import canonical_url, is_web_url, site_of


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://www.Paper.example/a", "https://paper.example/a"),
        ("https://paper.example:443/a/", "https://paper.example/a"),
        ("https://paper.example:8443/a", "https://paper.example:8443/a"),
        ("https://paper.example", "https://paper.example"),
        ("https://paper.example/index.html", "https://paper.example"),
        ("https://paper.example/a/index.htm?p=1", "https://paper.example/a?p=1"),
        ("https://paper.example/a?utm_source=x&b=2&fbclid=1&a=1&hp#top", "https://paper.example/a?a=1&b=2"),
        ("https://paper.example/?&hp&WT.nav=top&_r=0", "https://paper.example"),
        ("https://paper.example/a?UTM_Source=x", "https://paper.example/a"),
        ("https://paper.example/a?id=7&page=2", "https://paper.example/a?id=7&page=2"),
        ("https://user:secret@paper.example/a", "https://paper.example/a"),
        ("https://paper.example/a/../b/./c", "https://paper.example/b/c"),
        ("https://paper.example/caf%c3%a9", "https://paper.example/caf%C3%A9"),
        ("https://paper.example/café", "https://paper.example/caf%C3%A9"),
        (" https://paper.example/a ", "https://paper.example/a"),
        ("https://Paper.example/Case", "https://paper.example/Case"),
    ],
)
def test_one_page_has_one_url(url: str, expected: str) -> None:
    assert canonical_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "paper.example/a",
        "/a",
        "//paper.example/a",
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "ftp://x.example/a",
        "http://",
        "https:///a",
        "http://[::1",
        "http://x.example:99999/",
        "http://x.example/" + "a" * 5000,
        "http://a b/",
        'http://x.example/"onload=',
        "mailto:a@b.example",
        "data:text/html,x",
    ],
)
def test_what_is_no_web_address_has_no_url(url: str) -> None:
    assert not is_web_url(url)
    assert canonical_url(url) == ""


PARTS = st.sampled_from(
    [
        "a",
        "/",
        "//",
        "index.html",
        "index.htm",
        "?",
        "&",
        "=",
        "#",
        "%41",
        "%",
        "+",
        ";",
        "www.",
        ".",
        "..",
        ":80",
        "@",
        "é",
        "utm_x",
    ]
)


@given(
    st.builds("".join, st.lists(PARTS, max_size=12)), st.sampled_from(["http://", "https://www.", "HTTP://x.example/"])
)
def test_canonical_twice_is_canonical_once(rest: str, start: str) -> None:
    once = canonical_url(start + rest)
    assert canonical_url(once) == once


_NAMES = st.sampled_from(
    ["www", "index", "a", "a1", "1a", "-a", "a-", "xn--caf-dma", "x--y", "a" * 32, "a" * 64, "html"]
)
_STEPS = st.sampled_from(["a", "B", "index", "-", "_", "a.html", "index.html", "a.htm", ".html", "", ".", "x;", "7"])


@given(st.sampled_from(["http", "https"]), st.lists(_NAMES, min_size=1, max_size=5), st.lists(_STEPS, max_size=10))
@settings(max_examples=500)
def test_a_plain_address_is_what_is_found_when_it_is_taken_apart(
    scheme: str, names: list[str], steps: list[str]
) -> None:
    url = "/".join([f"{scheme}://{'.'.join(names)}", *steps])
    assert canonical_url(url) == canonical_url(f"{url}#x")


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    assert canonical_url(text) == "" or text.strip().lower().startswith("http")
    assert isinstance(canonical_url(f"https://x.example/{text}"), str)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://paper.example/a", "http://www.Paper.example:80/b?utm_source=x", True),
        ("https://paper.example/a", "https://sport.paper.example/a", False),
        ("https://paper.example/a", "https://paper.example:8443/a", False),
        ("https://paper.example/a", "https://paper.example.evil.example/a", False),
    ],
)
def test_a_site_is_the_host_of_a_canonical_address(one: str, other: str, same: bool) -> None:
    assert (site_of(canonical_url(one)) == site_of(canonical_url(other))) == same


@pytest.mark.parametrize("url", ["", "/story/1", "mailto:desk@paper.example"])
def test_what_is_no_address_has_no_site(url: str) -> None:
    assert site_of(canonical_url(url)) == ""
