"""Who wrote it: from a printed byline to persons.

A first, careful reading: it splits co-authors, cuts "By" and the affiliation, and sets organisations apart. When in
doubt a name stays a person only if it looks like one; an agency or "Staff" never becomes an author.
"""

import re
import unicodedata
from dataclasses import dataclass

from recsys.articles import Article

_BY = re.compile(r"^\s*(?:(?:words|story|report|analysis|text)\s+)?by[\s:]+", re.IGNORECASE)
_AND = re.compile(r"\s*(?:;|\||\s&\s|\sand\s|\swith\s|\n)\s*", re.IGNORECASE)
_PLACE = re.compile(r"\s+(?:in|at|for|via|from)\s+\S.*$", re.IGNORECASE)
_SUFFIX = re.compile(r"^(?:jr|sr|ii|iii|iv|md|phd|m\.d|ph\.d)\.?$", re.IGNORECASE)
_ORGANISATION = re.compile(
    r"\b(?:staff|reporters?|correspondents?|editorial|newsroom|editors?|desk|team|board|agency|agencies|news|press|"
    r"associated|reuters|afp|ap|pa|upi|dpa|service|wire|media|times|post|daily|journal|magazine|tribune|courier|"
    r"northline|network|association|institute|university|office|department|administration|group|inc|llc|contributors?|"
    r"writers?|bureau|guest|admin|unknown|anonymous|various|our|entertainment|lifestyle|sports?|shopping|partners?|"
    r"producers?|analysts?|anchors?|hosts?|columnists?|photographers?|special|cnn|nbc|abc|cbs|msnbc|npr|bbc|"
    r"weather|radio|tv|television|magazine|review|today|online|digital|us|uk|yahoo|buzzfeed|huffpost|variety)\b",
    re.IGNORECASE,
)
_WEB = re.compile(r"https?:|www\.|@|\d{2,}|\.(?:com|org|net|gov|edu|info|tv|co)\b", re.IGNORECASE)
_ROLE_WORDS = re.compile(
    r"\s+(?:\S+\s+){0,2}(?:correspondent|editor|reporter|columnist|writer|critic)$",
    re.IGNORECASE,
)
_MAX_NAME = 60


@dataclass(frozen=True, slots=True)
class Byline:
    """What a printed byline says: display names in printed order, and what is not a person."""

    persons: tuple[str, ...] = ()
    affiliation: str = ""
    organisations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """An author of an article: `key` is the same for every spelling that means one person; `name` is for display."""

    key: str
    name: str


def parse_byline(printed: str) -> Byline:
    """Read a printed byline.

    >>> parse_byline("By Ines Vallory and RORY McALDANE, Northline")
    Byline(persons=('Ines Vallory', 'Rory McAldane'), affiliation='Northline', organisations=())
    >>> parse_byline("Courier staff").organisations
    ('Courier staff',)
    """
    persons: list[str] = []
    organisations: list[str] = []
    affiliation = ""
    for group in _AND.split(_BY.sub("", printed)):
        for place, part in enumerate(_comma_parts(group)):
            name = _person(part)
            if name and (place == 0 or not organisations):
                persons.append(name)
            elif place and persons:
                affiliation = affiliation or part
            elif part:
                organisations.append(part)
    return Byline(tuple(dict.fromkeys(persons)), affiliation, tuple(dict.fromkeys(organisations)))


def _comma_parts(group: str) -> list[str]:
    """'A B, Jr., AP' -> ['A B, Jr.', 'AP']: a suffix belongs to the name before it."""
    parts: list[str] = []
    for part in (piece.strip(" \t*-–—") for piece in group.split(",")):
        if parts and _SUFFIX.match(part):
            parts[-1] = f"{parts[-1]} {part}"
        elif part.strip("."):
            parts.append(part)
    return parts


def _person(part: str) -> str:
    """The display name in this piece of a byline, or "" if it does not name a person."""
    name = _ROLE_WORDS.sub("", _PLACE.sub("", _BY.sub("", part))).strip(" ,.*")
    if name.endswith((" Jr", " Sr")):
        name += "."
    words = name.split()
    if not 2 <= len(words) <= 6 or len(name) > _MAX_NAME or _WEB.search(name) or _ORGANISATION.search(name):
        return ""
    if not all(word[0].isupper() or re.split(r"[-'’]", word.lower())[0] in _PARTICLES for word in words):
        return ""
    return " ".join(_cased(word) for word in words) if name.isupper() or _shouts(words) else name


_PARTICLES = frozenset(
    [
        "van",
        "der",
        "den",
        "de",
        "la",
        "le",
        "von",
        "da",
        "dos",
        "del",
        "di",
        "du",
        "bin",
        "al",
        "el",
        "ter",
        "ten",
        "y",
        "e",
    ]
)


def _shouts(words: list[str]) -> bool:
    """'RORY McALDANE' is upper case although one letter is not."""
    return all(len(word) > 1 and sum(c.isupper() for c in word) >= sum(c.islower() for c in word) for word in words)


def _cased(word: str) -> str:
    """An upper-case word of a name as it is usually written: O'SHEE -> O'Shee, McALDANE -> McAldane."""
    pieces = re.split(r"(['’\-])", word)
    cased = "".join(piece.capitalize() for piece in pieces)
    if re.match(r"^(?:Mc)\w{2,}", cased):
        cased = "Mc" + cased[2:].capitalize()
    return cased


def name_key(name: str) -> str:
    """One key for the spellings of a name: case, accents, apostrophes, hyphens and dots do not count.

    >>> name_key("Siobhán O’Shee-Carrick") == name_key("SIOBHAN O'SHEE CARRICK")
    True
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"['’`.]", "", re.sub(r"[-‐‑–]", " ", plain)).replace(",", " ").split())


def persons_of(article: Article) -> tuple[Person, ...]:
    """The persons who wrote an article: the CMS's own authors where it names any, else the printed byline's."""
    if article.authors:
        named = [(a.id, p) for a in article.authors for p in ([a.name] if a.id else parse_byline(a.name).persons)]
        people = [Person(f"id:{i}" if i else name_key(n), n) for i, n in named]
    else:
        people = [Person(name_key(n), n) for n in parse_byline(article.byline).persons]
    return tuple({person.key: person for person in reversed(people)}.values())[::-1]
