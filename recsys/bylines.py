"""A printed byline, read: persons in order, their affiliation, and organisations.

General rules, no list of names: "By" and the kind of text go, co-authors are split, what follows a name after a comma
is its affiliation unless it looks like a name itself, and words of `recsys.byline_words` are never a person.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from recsys.byline_words import BEATS, NEVER_LAST, job_ends, job_starts, names_employer, names_organisation
from recsys.capitals import display_name, east_asian_name, like_name, shouts
from recsys.credits import authors_apart, plain_text, without_credit
from recsys.mastheads import is_place

_NICKNAME = re.compile(r"^(\S+) [(\"“]\w+[)\"”] (?=[^\W\d_])")
_AFTER_NAME = re.compile(r"\s*\|\s*|\s+[-–—/•·]\s+|\s*—\s*")  # what follows is as after a comma
_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]")
_CONTRIBUTOR = re.compile(
    r",\s*(Contributor(?=[A-Z\n]).*)$", re.DOTALL
)  # glued to what the contributor says of himself
_PLACE = re.compile(r"(?<=\S)\s+(?:in|at|for|via|from|on|reports?|reporting)(?:\s+\S.*)?$", re.IGNORECASE)
_OF_THE = re.compile(r"^(\S+\s\S.*?)\s+((?:of|the|special\s+to)\s.*)$", re.IGNORECASE)
_AGENCY = re.compile(r"cnn|ap|reuters|afp|bbc|npr|upi|msnbc|nbc|abc|cbs", re.IGNORECASE)
_EMPLOYED = re.compile(rf"^(\S+\s\S.*)\s({_AGENCY.pattern})$", re.IGNORECASE)
_SUFFIX = re.compile(r"^(?:jr|sr|ii|iii|iv)\.?$", re.IGNORECASE)
_DEGREE = re.compile(
    r"^(?:md|phd|m\.\s?d|ph\.\s?d|dphil|esq|obe|mbe|cbe|kc|qc|mp|mep|msp|frcp|rn|r\.n|rd|mph|mba|j\.d|jd|lcsw|"
    r"ed\.d|psy\.?d|m\.a|d\.o|dvm|cpa)\.?$",
    re.IGNORECASE,
)  # what a person is, not what the name is
_WEB = re.compile(r"https?:|www\.|[@_]|\d|\.(?:com|org|net|gov|edu|info|tv|co)\b", re.IGNORECASE)
_JUNK = re.compile(r"^\S*_\S*$")
_TEMPLATE = re.compile(
    r"^\S+\s+\S*_\S*$"
)  # the remains of one, such as "Backgroundurl Avatar_Large", and of all after it
_VERBS = r"(?:writes|reports|argues|asks|explains|reviews|investigates|says)"
_SIGNED = re.compile(rf"(?:\b{_VERBS}|[.!?…]\s+(?:Words\s+)?By)\s+([^.,;:!?]{{3,60}})[.]?\s*$")
_SIGNS = re.compile(rf"^((?:\S+\s+){{2,5}}?){_VERBS}\b")
_SENTENCE = 7  # words; a byline that is longer may be a standfirst
_MAX_NAME = 60
_FOREIGN_THE = frozenset(["le", "la", "el", "les", "los", "las", "il"])  # Le Monde
_TRIM = ' \t()*-–—.,:;"“”„'


@dataclass(frozen=True, slots=True)
class Byline:
    """What a printed byline says: display names in printed order, the first affiliation, and what is not a person."""

    persons: tuple[str, ...] = ()
    affiliation: str = ""
    organisations: tuple[str, ...] = ()


@lru_cache(maxsize=10_000)  # an archive has many articles of few authors
def parse_byline(printed: str) -> Byline:
    """Read a printed byline, or a standfirst that is signed ("…, writes ROGER McKENZIE").

    >>> parse_byline("By Ines Vallory and RORY McALDANE, Northline")
    Byline(persons=('Ines Vallory', 'Rory McAldane'), affiliation='Northline', organisations=())
    >>> parse_byline("Courier staff").organisations
    ('Courier staff',)
    """
    text = plain_text(printed)
    if signature := _signature(text):
        return Byline(signature)
    about = _CONTRIBUTOR.search(text)  # it may hold anything
    text = text[: about.start()] if about else text
    groups = authors_apart(text)
    found = [
        _read_group(group, last=len(groups) > 1 and place == len(groups) - 1) for place, group in enumerate(groups)
    ]
    described = " ".join(about[1].split()) if about else ""
    return Byline(
        tuple(dict.fromkeys(name for byline in found for name in byline.persons)),
        next((byline.affiliation for byline in found if byline.affiliation), described),
        tuple(dict.fromkeys(name for byline in found for name in byline.organisations)),
    )


def _signature(text: str) -> tuple[str, ...]:
    """The persons who sign this sentence at its end or its beginning; none where it is no signed sentence."""
    if len(text.split()) < _SENTENCE:
        return ()
    ends, begins = _SIGNED.search(text), _SIGNS.match(text)
    for found in (ends, begins if begins and shouts(begins[1].split()) else None):
        names = tuple(_person(part) for part in authors_apart(found[1])) if found else ()
        if names and all(names):
            return names
    return ()


def _read_group(group: str, last: bool) -> Byline:
    """One author or a list of them with commas; after the last "and" only one, and what follows is the affiliation."""
    persons: list[str] = []
    organisations: list[str] = []
    affiliation = ""
    loud = False  # the first person is printed in capitals
    parts = _comma_parts(group)
    if parts and _TEMPLATE.match(parts[0]):
        return Byline()
    for place, part in enumerate(parts):
        surname_may_fit = place == 0 and len(parts) > 1 and names_organisation(parts[1])
        inverted = bool(organisations) and not names_organisation(organisations[0])  # "Lee, Ann Marsh"
        closed = inverted or (last and bool(persons))
        name = "" if closed else _person(part, surname_may_fit)
        if name and place and (names_employer(name) or (persons and shouts(part.split()) != loud)):
            name = ""
        if name:
            loud = loud if persons else shouts(_read_name(part)[0].split())
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
    group = _BRACKETS.sub(r", \1", _NICKNAME.sub(r"\1 ", group.strip()))
    parts: list[str] = []
    for part in (piece.strip(' \t*-–—"“”|') for piece in _AFTER_NAME.sub(", ", f" {group} ").split(",")):
        if parts and _SUFFIX.match(part):
            parts[-1] = f"{parts[-1]} {part}"
        elif part.strip(_TRIM) and not (parts and _DEGREE.match(part)):
            sides = part.split("/")  # "Ann Lee/Bo Day" and "Ann Lee/AP", but not "Reuters/Variety"
            parts += sides if len(sides) > 1 and _person(sides[0]) else [part]
    return parts


def _person(part: str, surname_may_fit: bool = False) -> str:
    """The display name in this piece of a byline, or "" if it does not name a person."""
    name, _ = _read_name(part)
    words = name.split()
    if east_asian_name(name) and not names_organisation(name):
        return name
    if not 2 <= len(words) <= 6 or len(name) > _MAX_NAME or _WEB.search(name):
        return ""
    if names_organisation(name, surname_may_fit) or is_place(name):
        return ""
    if names_employer(name) if name.islower() else not all(map(like_name, words)):
        return ""
    if words[-1].casefold() in NEVER_LAST or not any(len(word.strip(".")) > 1 for word in words):
        return ""
    if all(word.casefold() in BEATS for word in words):  # of "White House chief correspondent"
        return ""
    if len(words) == 2 and words[0].casefold() in _FOREIGN_THE:
        return ""
    return display_name(words)


def _read_name(part: str) -> tuple[str, str]:
    """The words before the job, and the job: 'Rory Carroll' and 'Ireland correspondent'."""
    text = without_credit(part)
    words = text.split()
    if start := job_ends(words):
        text, words = " ".join(words[start:]), words[start:]
    name = " ".join([*words[:1], _PLACE.sub("", f" {' '.join(words[1:])}").strip()]).strip(_TRIM)
    employed = _EMPLOYED.match(name) or _OF_THE.match(name)
    if employed and not names_organisation(employed[1]) and _is_employer(employed[2]):
        return employed[1], employed[2]
    words = name.split()
    place = job_starts(words)
    name = " ".join(words[:place])
    while len(words[:place]) > 2 and _DEGREE.match(words[place - 1]):
        place -= 1
        name = " ".join(words[:place]).strip(_TRIM)
    dotted = name.casefold().endswith((" jr", " sr")) or (len(name.rpartition(" ")[2]) == 1 and f"{name}." in part)
    return name + "." * dotted, " ".join(words[place:])


def _is_employer(text: str) -> bool:
    """What follows a name without a comma: an agency, or "of the Courier staff"."""
    return bool(_AGENCY.fullmatch(text)) or names_organisation(text.partition(" ")[2])
