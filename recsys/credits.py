"""The credits in a printed byline: what work it was, who shared it, and when it was posted; never who a person is."""

import html
import re
import unicodedata

from recsys.byline_words import names_organisation

_KIND = (  # of a text, or of the work on it; what may stand before "by" or a colon
    r"(?:words|story|report|analysis|text|photos?|pictures?|photographs?|photography|video|illustrations?|opinion|"
    r"comment|exclusive|interviews?|review|commentary|written|writing|reported|(?:additional\s+)?reporting|compiled|"
    r"posted|research|contributed|submitted|authored|authors?|column|essay|feature|perspective|texte?|testo|fotos?|"
    r"created|op-ed|guest\s+(?:post|column|essay|author))"
)
_BY = re.compile(rf"^[\s(]*(?:{_KIND}\s*)*\bby\b[\s:]+", re.IGNORECASE)
_FOREIGN_BY = re.compile(r"^(?:von|par|por|di|door|af|przez|(?-i:From|FROM))\s+(?=\S+\s+\S)", re.IGNORECASE)
_LEAD = re.compile(rf"^\s*{_KIND}\s*(?::\s*|\s(?=\S+\s+\S))", re.IGNORECASE)
_NOT_WRITTEN = re.compile(
    r"(?:[.;,]|\band\b)?\s*(?:read|narrated|voiced|edited|editing)\s+by\s+[^.;]+?(?=[.;]|$)", re.IGNORECASE
)
_WORK = r"(?:written|produced|reported|presented|(?:additional\s+)?(?:reporting|research))"
_PICTURES = r"(?:photos?|pictures?|photographs?|photography|video|illustrations?)"
_CREDIT = re.compile(
    rf"(?:[.;,]\s*(?:(?:with\s+)?{_WORK}\s+by|the\s+(?:\w+\s+){{0,2}}producers?\s+(?:was|were))\s|"
    rf"[\s,.]\s*{_PICTURES}(?:\s+by\s|\s*:))\s*",
    re.IGNORECASE,
)
_CONTRIBUTED = re.compile(r"(?:^|[.;,])\s*([^.;]+?)\s+(?:also\s+)?contributed\s+(?:\w+\s+)?to\b.*$", re.IGNORECASE)
_AND = re.compile(
    r"\s*(?:;|(?<=\s)[&+]\s|(?:^|(?<=\s)|(?<=,))and\s|(?<=\s)(?:und|et|och|og)\s(?!al\b)|(?<=\s)\(?with\s|"
    r"(?:^|(?<=\s))as\s+told\s+to\s|\n)\s*",
    re.IGNORECASE,
)
_ROMANCE_AND = re.compile(r"\s(?:y|e|i)\s")  # also inside a name: "José Ortega y Gasset"
_AFTERWARDS = re.compile(
    r"[\s,|]*\b(?:last\s+)?(?:updated|published|modified|posted)\b(?!\s*by).*$|\s+(?:on\s)?\d.*$|"
    r"\s+et\s+al\.?$|\s+is\s+(?:an?|the)\s.*$",
    re.IGNORECASE | re.DOTALL,
)
_ADDRESS = re.compile(r"\(?\S*@\S+\)?")  # e-mail, or the name of an account
_BLANKS = re.compile(r"[^\S\n]+")
_MARKS = str.maketrans({"、": ",", "，": ",", "；": ";", "\u200b": None, "\ufeff": None})


def plain_text(printed: str) -> str:
    """A printed byline without entities, odd blanks and the commas of other scripts; line breaks stay."""
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", html.unescape(printed))).translate(_MARKS).strip()


def authors_apart(text: str) -> list[str]:
    """What stands between the "and"s of a byline, in order; who only read or edited is left out."""
    text = _CREDIT.sub(" and ", _NOT_WRITTEN.sub("", _ADDRESS.sub(" ", text)))
    text = _BY.sub("", _CONTRIBUTED.sub(r" and \1", text))
    foreign = _FOREIGN_BY.match(text)
    text = text[foreign.end() :] if foreign and not names_organisation(text) else text
    return [part for group in _AND.split(text) for part in _romance_sides(group)]


def without_credit(part: str) -> str:
    """One piece of a byline without "By", "Words:", the date, and what it says of its author."""
    return _AFTERWARDS.sub("", _LEAD.sub("", _BY.sub("", part)))


def _romance_sides(group: str) -> list[str]:
    """'Juana Vidal y Luis Cano' are two, 'José Ortega y Gasset' is one."""
    sides = _ROMANCE_AND.split(group)
    return sides if len(sides) > 1 and all(len(side.split()) > 1 for side in sides) else [group]
