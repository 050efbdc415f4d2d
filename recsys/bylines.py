"""A printed byline, read: persons in order, their affiliation, and organisations.

General rules, no list of names: "By" and the kind of text go, co-authors are split, what follows a name after a comma
is its affiliation unless it looks like a name itself, and words of `recsys.byline_words` are never a person.
"""

import re
import unicodedata
from dataclasses import dataclass

from recsys.byline_words import BEATS, PARTICLES, job_starts, names_organisation

_BLANKS = re.compile(r"[^\S\n]+")
_KIND = (
    r"(?:words|story|report|analysis|text|photos?|pictures?|photographs?|photography|video|illustrations?|opinion|comment|"
    r"exclusive|interviews?|review|commentary|written|writing|reported|(?:additional\s+)?reporting|compiled|posted)"
)
_BY = re.compile(rf"^\s*(?:{_KIND}\s*)?\bby\b[\s:]+", re.IGNORECASE)
_LEAD = re.compile(rf"^\s*{_KIND}\s*(?::\s*|\s(?=\S+\s+\S))", re.IGNORECASE)
_NOT_WRITTEN = re.compile(
    r"(?:[.;,]|\band\b)?\s*(?:read|narrated|voiced|edited|editing)\s+by\s+[^.;]+?(?=[.;]|$)", re.IGNORECASE
)
_CREDIT = re.compile(
    r"(?:[.;]\s*(?:(?:written|produced|reported|presented)\s+by|the\s+(?:\w+\s+){0,2}producers?\s+(?:was|were))\s|"
    r"[\s,.]\s*(?:photos?|pictures?|photographs?|photography|video|illustrations?)(?:\s+by\s|\s*:))\s*",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*(?:;|(?<=\s)&\s|(?:^|(?<=\s)|(?<=,))and\s|(?<=\s)with\s|\n)\s*", re.IGNORECASE)
_AFTER_NAME = re.compile(r"\s*\|\s*|\s+[-–—/•·]\s+|\s*—\s*")  # what follows is as after a comma
_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]")
_CONTRIBUTOR = re.compile(
    r",\s*(Contributor(?=[A-Z\n]).*)$", re.DOTALL
)  # glued to what the contributor says of himself
_PLACE = re.compile(r"(?<=\S)\s+(?:in|at|for|via|from|reports?|reporting)(?:\s+\S.*)?$", re.IGNORECASE)
_EMPLOYER = re.compile(r"^(\S+\s\S.*)\s(cnn|ap|reuters|afp|bbc|npr|upi|msnbc|nbc|abc|cbs)$", re.IGNORECASE)
_SUFFIX = re.compile(r"^(?:jr|sr|ii|iii|iv|md|phd|m\.d|ph\.d|esq|obe|mbe|mp)\.?$", re.IGNORECASE)
_WEB = re.compile(r"https?:|www\.|[@_]|\d|\.(?:com|org|net|gov|edu|info|tv|co)\b", re.IGNORECASE)
_JUNK = re.compile(r"^\S*_\S*$|^\S+\s+\S*_\S*$")  # the remains of a template, such as "Backgroundurl Avatar_Large"
_VERBS = r"(?:writes|reports|argues|asks|explains|reviews|investigates|says)"
_SIGNED = re.compile(rf"(?:\b{_VERBS}|[.!?…]\s+(?:Words\s+)?By)\s+([^.,;:!?]{{3,60}})[.]?\s*$")
_SIGNS = re.compile(rf"^((?:\S+\s+){{2,5}}?){_VERBS}\b")
_SENTENCE = 7  # words; a byline that is longer may be a standfirst
_MAX_NAME = 60
_FOREIGN_THE = frozenset(["le", "la", "el", "les", "los", "las", "il"])  # Le Monde
_TRIM = ' \t*-–—.,:;"“”„'


@dataclass(frozen=True, slots=True)
class Byline:
    """What a printed byline says: display names in printed order, the first affiliation, and what is not a person."""

    persons: tuple[str, ...] = ()
    affiliation: str = ""
    organisations: tuple[str, ...] = ()


def parse_byline(printed: str) -> Byline:
    """Read a printed byline, or a standfirst that is signed ("…, writes ROGER McKENZIE").

    >>> parse_byline("By Ines Vallory and RORY McALDANE, Northline")
    Byline(persons=('Ines Vallory', 'Rory McAldane'), affiliation='Northline', organisations=())
    >>> parse_byline("Courier staff").organisations
    ('Courier staff',)
    """
    text = _BLANKS.sub(" ", unicodedata.normalize("NFC", printed)).strip()
    if signature := _signature(text):
        return Byline(signature)
    about = _CONTRIBUTOR.search(text)  # it may hold anything
    text = text[: about.start()] if about else text
    groups = _AND.split(_BY.sub("", _CREDIT.sub(" and ", _NOT_WRITTEN.sub("", text))))
    found = [
        _read_group(group, last=len(groups) > 1 and place == len(groups) - 1) for place, group in enumerate(groups)
    ]
    return Byline(
        tuple(dict.fromkeys(name for byline in found for name in byline.persons)),
        next(
            (byline.affiliation for byline in found if byline.affiliation), " ".join(about[1].split()) if about else ""
        ),
        tuple(dict.fromkeys(name for byline in found for name in byline.organisations)),
    )


def _signature(text: str) -> tuple[str, ...]:
    """The persons who sign this sentence at its end or its beginning; none where it is no signed sentence."""
    if len(text.split()) < _SENTENCE:
        return ()
    ends, begins = _SIGNED.search(text), _SIGNS.match(text)
    for found in (ends, begins if begins and _shouts(begins[1].split()) else None):
        names = tuple(_person(part) for part in _AND.split(found[1])) if found else ()
        if names and all(names):
            return names
    return ()


def _read_group(group: str, last: bool) -> Byline:
    """One author or a list of them with commas; after the last "and" only one, and what follows is the affiliation."""
    persons: list[str] = []
    organisations: list[str] = []
    affiliation = ""
    parts = _comma_parts(group)
    for place, part in enumerate(parts):
        surname_may_fit = place == 0 and len(parts) > 1 and names_organisation(parts[1])
        name = "" if organisations or (last and persons) else _person(part, surname_may_fit)
        if name:
            persons.append(name)
            affiliation = affiliation or _read_name(part)[1]
        elif _JUNK.match(part):
            continue
        elif persons or organisations:
            affiliation = affiliation or part
        else:
            organisations.append(part)
    return Byline(tuple(persons), affiliation, tuple(organisations))


def _comma_parts(group: str) -> list[str]:
    """'A B, Jr., AP' -> ['A B Jr.', 'AP']: a suffix belongs to the name before it, brackets and dashes are commas."""
    group = _BRACKETS.sub(r", \1", group)
    parts: list[str] = []
    for part in (piece.strip(' \t*-–—"“”|') for piece in _AFTER_NAME.sub(", ", f" {group} ").split(",")):
        if parts and _SUFFIX.match(part):
            parts[-1] = f"{parts[-1]} {part}"
        elif part.strip(_TRIM):
            sides = part.split("/")  # "Ann Lee/Bo Day", but not "Reuters/Variety"
            parts += sides if len(sides) > 1 and all(map(_person, sides)) else [part]
    return parts


def _person(part: str, surname_may_fit: bool = False) -> str:
    """The display name in this piece of a byline, or "" if it does not name a person."""
    name, _ = _read_name(part)
    words = name.split()
    if not 2 <= len(words) <= 6 or len(name) > _MAX_NAME or _WEB.search(name):
        return ""
    if names_organisation(name, surname_may_fit) or not (name.islower() or all(map(_like_name, words))):
        return ""
    if words[-1].casefold() in PARTICLES or not any(len(word.strip(".")) > 1 for word in words):
        return ""
    if all(word.casefold() in BEATS for word in words):  # of "White House chief correspondent"
        return ""
    if len(words) == 2 and words[0].casefold() in _FOREIGN_THE:
        return ""
    shouts = _shouts(words) or name.islower()
    return " ".join(_cased(word) if shouts or _capitals(word) else word for word in words)


def _read_name(part: str) -> tuple[str, str]:
    """The words before the job, and the job: 'Rory Carroll' and 'Ireland correspondent'."""
    text = _BY.sub("", part)
    text = _LEAD.sub("", text)
    words = text.split()
    name = " ".join([*words[:1], _PLACE.sub("", f" {' '.join(words[1:])}").strip()]).strip(_TRIM)
    if employed := _EMPLOYER.match(name):
        return employed[1], employed[2]
    words = name.split()
    place = job_starts(words)
    name = " ".join(words[:place])
    return name + "." * name.endswith((" Jr", " Sr")), " ".join(words[place:])


def _like_name(word: str) -> bool:
    """Capitalised, of a script without capitals, or a particle."""
    if re.split(r"[-'’]", word.lower())[0] in PARTICLES or word[0] in "'’‘":
        return True
    return word[0].isalpha() and not word[0].islower()


def _shouts(words: list[str]) -> bool:
    """'RORY McALDANE' is upper case although one letter is not; initials, as in 'S.A. Miller', do not make it so."""
    long = [word for word in words if len(re.sub(r"[^\w]", "", word)) > 2 or len(words) == 1]
    return (
        bool(long) and all(_shouted(word) for word in long) and all(_shouted(word) or word.islower() for word in words)
    )


def _capitals(word: str) -> bool:
    """LÉVY in "Jean-Pierre LÉVY", but not the initials AJ or JP."""
    return word.isupper() and len(re.sub(r"\W", "", word)) > 3 and "." not in word


def _shouted(word: str) -> bool:
    return sum(c.isupper() for c in word) >= sum(c.islower() for c in word)


def _cased(word: str) -> str:
    """An upper-case word of a name as it is usually written: O'SHEE -> O'Shee, McALDANE -> McAldane, J.P. stays."""
    if "." in word[:-1] or word.casefold() in {"ii", "iii", "iv"}:
        return word.upper()
    if word.casefold() in PARTICLES:
        return word if word.islower() else word.capitalize()
    cased = "".join(piece.capitalize() for piece in re.split(r"(['’\-])", word))
    if re.match(r"Mc\w{2,}", cased) or re.match(r"Mac[A-Z]", word):
        start = 2 if cased.startswith("Mc") else 3
        cased = cased[:start] + cased[start:].capitalize()
    return cased
