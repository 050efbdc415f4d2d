"""One field of a record: text that is plain and clean, and ids that stay as they are."""

import html
from collections import Counter

from recsys.cleaning import CONTROLS, clean, clean_line
from recsys.markup import html_to_text, is_html

# characters; what is longer is cut
LIMITS = {
    "title": 1000,
    "standfirst": 10_000,
    "body": 2_000_000,
    "byline": 1000,
    "authors": 300,
    "section": 300,
    "tags": 200,
    "language": 35,
    "image alt": 1000,
    "url": 4096,
}
LINES = ("standfirst", "body")  # the others are one line
RAW = 4  # markup may take so many times the room of its text
LONGEST_ID = 500


class Unusable(Exception):
    """Why a record cannot be an article. Whoever asked rejects the record."""

    def __init__(self, field: str, value: object, reason: str) -> None:
        self.field, self.value, self.reason = field, value, reason
        super().__init__(f"{field}: {reason}")


def text(field: str, value: object, warnings: Counter[str]) -> str:
    """The plain, clean text of a field, "" for None. Counts "<field> cut". Raises Unusable where it is no text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unusable(field, value, "not a text")
    limit = LIMITS[field]
    raw = value[: RAW * limit + 10_000]
    plain = html_to_text(raw) if is_html(raw) else html.unescape(raw)
    cleaned = clean(plain) if field in LINES else clean_line(plain)
    if len(cleaned) > limit or len(raw) < len(value):
        warnings[f"{field} cut"] += 1
        cleaned = cleaned[:limit].rstrip()
    return cleaned


def identifier(value: object) -> str:
    """An id as text; whole numbers are accepted. It is stripped but never repaired: it must be found again."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:  # a column of ints with gaps
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**LONGEST_ID:
        return str(value)
    if value is None or value == "":
        raise Unusable("id", value, "no id")
    if not isinstance(value, str):
        raise Unusable("id", value, "neither a text nor a whole number")
    article_id = value.strip()
    if not article_id:
        raise Unusable("id", value, "no id")
    if len(article_id) > LONGEST_ID:
        raise Unusable("id", value, f"longer than {LONGEST_ID} characters")
    if CONTROLS.search(article_id) or "\n" in article_id or "\t" in article_id:
        raise Unusable("id", value, "has control characters")
    return article_id
