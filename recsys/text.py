"""The texts that are compared: which words of an article count, for the model and for the word index.

Lines that recur in many articles (paywall notices, appeals, sign-up boxes, "More from this author") say nothing about
an article and would pull unrelated ones together, so they are left out. They stay in the store.
"""

import hashlib
import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.articles import Article

RECIPE = 1  # raise it whenever the same article would give another text: every vector is then made anew
LEXICAL_CHARS = 200_000  # a longer body is a data dump, and its words would drown the index

_SLOTS_PER_ARTICLE = 32  # a news article has about 20 lines: most slots then hold one line or none


@dataclass(frozen=True, slots=True)
class Boilerplate:
    """Lines that recur in many articles.

    `counts` maps each line's key (see `line_key`) to the number of articles it was counted in, most frequent first.
    """

    counts: dict[str, int] = field(default_factory=dict)
    articles: int = 0  # how many articles were looked at
    threshold: int = 0  # in how many of them a line must occur

    def strip(self, body: str) -> str:
        """`body` without the boilerplate lines; every other line stays as it is."""
        if not self.counts:
            return body
        return "\n".join(line for line in body.split("\n") if line_key(line) not in self.counts)


NO_BOILERPLATE = Boilerplate()


def line_key(line: str) -> str:
    """What two lines must share to count as one: no case, single spaces, no punctuation at either end.

    >>> line_key("  * Read   MORE:")
    'read more'
    """
    text = " ".join(line.split())
    start, end = 0, len(text)
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    return text[start:end].casefold()


def find_boilerplate(
    articles_twice: Callable[[], Iterable[Article]],
    *,
    expected: int = 100_000,
    share: float = 0.0005,
    least: int = 5,
    most: int = 50,
    short_words: int = 3,
    most_of_body: float = 0.5,
) -> Boilerplate:
    """The body lines that occur in at least `clamp(ceil(share * articles), least, most)` articles.

    Two rules protect real content. A line of up to `short_words` words must occur in twice as many articles: it may be
    a heading or a name. And an article counts only where its recurring lines make up less than `most_of_body` of its
    characters: the copies of one wire story share nearly all their lines, yet none of them is boilerplate.

    `articles_twice` is called twice and must give the same articles both times. Memory does not grow with their number:
    the first pass counts hashes in a fixed table (sized for `expected` articles, 64 KiB to 64 MiB; a wrong guess costs
    memory only), the second counts exactly, and only the lines whose slot reached the threshold.
    """
    slots = 1 << min(26, max(16, (expected * _SLOTS_PER_ARTICLE).bit_length()))
    table, articles = _slot_counts(articles_twice(), slots)
    threshold = min(most, max(least, math.ceil(share * articles)))

    def recurs(key: str) -> bool:
        return bool(table[_slot(key, slots)] >= threshold)

    counts: Counter[str] = Counter()
    for article in articles_twice():
        lines = _lines(article)
        candidates = {key: length for key, length in lines.items() if recurs(key)}
        if sum(candidates.values()) < most_of_body * sum(lines.values()):
            counts.update(candidates.keys())
    kept = {
        key: count
        for key, count in counts.items()
        if count >= (2 * threshold if key.count(" ") < short_words else threshold)
    }
    ranked = dict(sorted(kept.items(), key=lambda item: (-item[1], item[0])))
    return Boilerplate(ranked, articles=articles, threshold=threshold)


def embedding_text(article: Article, boilerplate: Boilerplate, max_chars: int) -> str:
    """Title, standfirst and body without boilerplate, one a line, cut at a word boundary to at most `max_chars`.

    The cut keeps an edit in the tail of a long article, which the model does not read, from making a new vector.
    """
    return _cut(_joined(_parts(article, boilerplate)), max_chars)


def lexical_text(article: Article, boilerplate: Boilerplate, title_weight: int = 2) -> str:
    """The full text for the word index, at most `LEXICAL_CHARS`; the title's words count `title_weight` times."""
    title, standfirst, body = _parts(article, boilerplate)
    return _cut(_joined((*[title] * title_weight, standfirst, body)), LEXICAL_CHARS)


def text_digest(fingerprint: str, text: str) -> str:
    """SHA-256 (64 hex digits) of everything that shapes a vector: the model's fingerprint, `RECIPE` and the text."""
    digest = hashlib.sha256()
    for part in (fingerprint, str(RECIPE), text):
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big"))  # the length first, so that no two lists of parts read the same
        digest.update(raw)
    return digest.hexdigest()


_ELLIPSIS = " .…"


def _parts(article: Article, boilerplate: Boilerplate) -> tuple[str, str, str]:
    """(title, standfirst, body), without the echo of one in the next; "" for what there is not."""
    title = article.title.strip()
    standfirst = article.standfirst.strip()
    body = boilerplate.strip(article.body).strip()
    first, _, rest = body.partition("\n")
    if title and line_key(first) == line_key(title):  # many exports print the headline again as the first line
        body = rest.strip()
    elif body.startswith(title.rstrip(_ELLIPSIS)):  # a title that is only how the text begins is no headline
        title = ""
    if body.startswith(standfirst):  # and the standfirst is often just how the body begins
        standfirst = ""
    return title, standfirst, body


def _joined(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)


def _cut(text: str, max_chars: int) -> str:
    """At most `max_chars` characters, ending with a whole word unless the first word alone is longer."""
    if len(text) <= max_chars:
        return text
    head = text[:max_chars]
    if text[max_chars].isspace():
        return head.rstrip()
    return (head.rsplit(maxsplit=1) or [""])[0]


def _lines(article: Article) -> dict[str, int]:
    """Key of each distinct body line, and how many characters it takes in all."""
    lengths: Counter[str] = Counter()
    for line in article.body.split("\n"):
        if key := line_key(line):
            lengths[key] += len(key)
    return dict(lengths)


def _slot(key: str, slots: int) -> int:
    """The table's slot of a key; CRC-32 is quick and, unlike `hash`, the same in every process."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) & (slots - 1)


def _slot_counts(articles: Iterable[Article], slots: int) -> tuple[NDArray[np.uint8], int]:
    """(slots,) uint8: in how many articles a line of that slot occurs, 255 meaning that or more; and the articles."""
    table = np.zeros(slots, dtype=np.uint8)
    number = 0
    for article in articles:
        number += 1
        rows = list({_slot(key, slots) for key in _lines(article)})  # distinct, so that no addition is lost
        table[rows] += table[rows] < 255
    return table, number
