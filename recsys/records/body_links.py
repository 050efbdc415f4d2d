"""What an article's body links to: editors' links, which tell the evaluation what belongs together."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import urljoin

from recsys.cleaning import BREAKS, CONTROLS
from recsys.markup import DROPPED, is_html
from recsys.records.fields import LIMITS, RAW
from recsys.urls import canonical_url

MOST_LINKS = 1000
MOST_TRIED = 10_000  # a body of nothing but broken addresses must end, too
BOXES = ("nav", "aside", "footer")  # what templates fill, not the editor
BLANKS = re.compile(r"[\t\n\r]+")  # browsers drop these inside an address
# the paper's own addresses are sometimes typed into plain text; what ends a sentence or a bracket is not theirs
BARE_URL = re.compile(r"https?://[^\s<>\"'”’»\])}]+", re.IGNORECASE)
SENTENCE_ENDS = ".,;:!?…"


def body_links(body: str, url: str) -> tuple[str, ...]:
    """The distinct canonical addresses that the body of the article at `url` links to, in order, at most `MOST_LINKS`.

    In HTML these are the `<a href>` of the shown text, outside of boxes that templates fill; in plain text, the
    addresses that stand in it. Relative ones are resolved against `url` (without it they are left out), those of the
    page itself and all that is not http(s) are left out. Never raises, whatever the body.

    >>> body_links('<p>As <a href="/a?utm_source=x">reported</a>, <a href="#top">up</a></p>', "https://paper.example/b")
    ('https://paper.example/a',)
    """
    body = body[: RAW * LIMITS["body"] + 10_000]
    found = _anchors(body) if is_html(body) else _typed(body)
    own = canonical_url(url)
    addresses = (_resolved(url, address) for address in islice(found, MOST_TRIED))
    distinct = dict.fromkeys(address for address in addresses if address not in ("", own))
    return tuple(islice(distinct, MOST_LINKS))


def _anchors(text: str) -> Iterator[str]:
    """Every `href` of an `<a>` that is shown, outside of boxes."""
    from lxml.etree import strip_elements
    from lxml.html import HTMLParser, document_fromstring

    text = CONTROLS.sub("", BREAKS.sub("\n", text))
    if "href" not in text.lower():
        return
    try:
        tree = document_fromstring(f"<div>{text}</div>", parser=HTMLParser(huge_tree=True))
    except (ValueError, SyntaxError, AssertionError):  # lxml's parser errors are SyntaxErrors
        return
    strip_elements(tree, *DROPPED, *BOXES, with_tail=False)
    _drop_hidden(tree)
    for anchor in tree.iter("a"):
        yield anchor.get("href") or ""


def _drop_hidden(tree: Any) -> None:
    hidden: Iterable[Any] = [
        element for element in tree.iter() if "display:none" in "".join((element.get("style") or "").lower().split())
    ]
    for element in hidden:
        if element.getparent() is not None:
            element.drop_tree()


def _typed(text: str) -> Iterator[str]:
    return (found.group().rstrip(SENTENCE_ENDS) for found in BARE_URL.finditer(text))


def _resolved(url: str, address: str) -> str:
    """The canonical address, "" where it is none."""
    address = BLANKS.sub("", address.strip()).replace(" ", "%20")
    if not address or len(address) > LIMITS["url"]:
        return ""
    try:
        return canonical_url(urljoin(url, address))
    except ValueError:  # such as a bracket that is no IPv6 address
        return ""
