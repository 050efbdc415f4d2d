"""Dirty text in, clean text out; never raises, whatever the text.

The time grows with the length of the text and no faster, so a field of a million characters is slow at worst.
ftfy is imported where it is used: whoever serves cleaned articles does not need it.
"""

import re
import unicodedata
from functools import cache

BREAKS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\u2028\u2029]")
# C0 and C1 controls but tab and newline, soft hyphen, zero-width space, text direction, BOM, surrogates, non-characters
CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069"
                      "\ufeff\ufff9-\ufffc\ufffe\uffff\ud800-\udfff]")  # fmt: skip
TERMINAL_ESCAPES = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
NOT_ASCII = re.compile(r"[^\x00-\x7f]+(?:[\x00-\x7f]{1,4}[^\x00-\x7f]+)*")
MOST_MARKS = 30  # combining marks in a row; the limit of Unicode's Stream-Safe Text Format (UAX #15)
# a fast test for where such runs can be: far from Latin letters and usual punctuation
MAY_BE_MARKS = re.compile(f"[\u0300-\u1fff\u20d0-\u20f0\u2c00-\U0010ffff]{{{MOST_MARKS + 1}}}")


def clean(text: str) -> str:
    """Plain text of several lines: one paragraph a line, single spaces, no empty line.

    Repairs mojibake (by line, where only some lines are broken), removes control and invisible characters, composes
    to NFC. Quotes, dashes and full-width letters stay as the newspaper wrote them.

    >>> clean("CafÃ© MÃ¼ller  won\\r\\n\\r\\n\\x07It did. ")
    'Café Müller won\\nIt did.'
    """
    text = BREAKS.sub("\n", text)
    if not text.isascii():
        text = _repaired(text)
    text = CONTROLS.sub("", TERMINAL_ESCAPES.sub("", text))
    if not text.isascii():
        if MAY_BE_MARKS.search(text):
            text = _too_many_marks().sub(r"\1", text)
        text = unicodedata.normalize("NFC", text)
    return "\n".join(line for line in (" ".join(words.split()) for words in text.split("\n")) if line)


def clean_line(text: str) -> str:
    """`clean` for a field of one line: a title, a byline, a name."""
    return " ".join(clean(text).split())


def _repaired(text: str) -> str:
    import ftfy
    from ftfy.badness import is_bad

    # mojibake shows within two letters of what is not ASCII: to look there alone is many times as fast
    near = (text[max(found.start() - 2, 0) : found.end() + 2] for found in NOT_ASCII.finditer(text))
    if not is_bad("\n".join(near)):
        return text
    whole: str = ftfy.fix_encoding(text)
    if not is_bad(whole):
        return whole
    return "\n".join(ftfy.fix_encoding(line) for line in text.split("\n"))


@cache
def _too_many_marks() -> re.Pattern[str]:
    """Runs of combining marks past the limit: normalising a run costs the square of its length."""
    marks = "".join(mark for mark in map(chr, range(0x300, 0x1F000)) if unicodedata.combining(mark))
    return re.compile(f"([{marks}]{{{MOST_MARKS}}})[{marks}]+")
