"""Spellings of one name: what meets by itself, what only looks alike."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

_TITLE_WORDS = """
dr prof professor rev reverend sir dame lord lady baroness mr mrs ms miss sen senator rep congressman congresswoman gov
rabbi imam hon
"""
_TITLES = frozenset(_TITLE_WORDS.split())
_DEGREE_WORDS = "md phd dphil esq obe mbe cbe kc qc mp mep msp rn mph mba jd lcsw edd psyd dvm cpa"
_DEGREES = frozenset(_DEGREE_WORDS.split())
_GENERATIONS = frozenset(["jr", "sr", "ii", "iii", "iv"])
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
_ALIKE = 0.85


def name_key(name: str) -> str:
    """One key for the spellings of a name: case, accents, apostrophes, hyphens, dots, titles and degrees do not count.

    >>> name_key("Siobhán O’Shee-Carrick") == name_key("SIOBHAN O'SHEE CARRICK")
    True
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    decomposed = unicodedata.normalize("NFKD", folded.translate(_LETTERS))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    spaced = re.sub(r"[-‐‑–,]", " ", plain)
    spaced = re.sub(r"\b(\w)\.\s+(?=\w\.)", r"\1", spaced)  # J. P. is J.P. is JP
    words = re.sub(r"['’‘`ʼ´.]", "", spaced).split()
    while len(words) > 2 and words[-1] in _DEGREES:
        words.pop()
    while len(words) > 2 and words[0] in _TITLES:
        words.pop(0)
    return " ".join(words)


@dataclass(frozen=True, slots=True)
class Join:
    """Two keys of names that are one person (or may be), and why in words."""

    short: str
    full: str
    why: str


def initials_meet(
    names: Iterable[str],
    apart: frozenset[frozenset[str]] = frozenset(),
    settled: frozenset[str] = frozenset(),
) -> tuple[tuple[Join, ...], tuple[Join, ...]]:
    """Names with initials that can mean only one of the other names, and those that can mean several.

    "s wade" meets "stephen wade" where he is the only S. Wade, "carla k johnson" meets "carla johnson" where no other
    initial or middle name stands between these two words. A namesake with "jr" or "iii" is one more that it can mean.

    Args:
        names: keys of names, see `name_key`.
        apart: pairs of keys that are never joined.
        settled: names that have a key of their own already, so that nothing they are short for is theirs.
    """
    by_end: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        by_end[_plain(name).rpartition(" ")[2], name[:1]].append(name)
    sure: list[Join] = []
    several: list[Join] = []
    for block in by_end.values():
        middle = {one: [two for two in block if _has_middle(two, one)] for one in block}
        rivals = {one: [two for two in block if _is_namesake(two, one)] for one in block}
        met = {
            one: found[0]
            for one, found in middle.items()
            if len(found) == 1 and one not in settled and frozenset((one, found[0])) not in apart
        }
        first = {one: [two for two in block if _is_initial(one, two)] for one in block}
        for one, fits in (*middle.items(), *first.items()):
            roots = sorted({met.get(two, two) for two in fits})
            against = [rival for root in roots for rival in _against(root, rivals[one])]
            joins = [Join(one, two, "initials") for two in roots if frozenset((one, two)) not in apart]
            (sure if len(roots) == 1 and not against and one not in settled else several).extend(joins)
    return tuple(sure), tuple(several)


def _plain(name: str) -> str:
    """A key without the generation: "jonah marsh jr" -> "jonah marsh"."""
    words = name.split()
    return " ".join(words[:-1]) if len(words) > 2 and words[-1] in _GENERATIONS else name


def _is_namesake(other: str, one: str) -> bool:
    """Whether `one` could mean `other` too, although nothing joins them: "jr", or a middle name."""
    a, b = _plain(other).split(), one.split()
    if other == one or len(b) != 2 or len(a) < 2 or a[-1] != b[-1]:
        return False
    same_first = a[0] == b[0] or (len(b[0]) == 1 and a[0].startswith(b[0]))
    return same_first and (_plain(other) != other or (len(a) == 3 and len(a[1]) > 1))


def _against(full: str, rivals: Iterable[str]) -> list[str]:
    """The rivals that cannot be `full` itself: "carla louise johnson" is not "carla k johnson"."""
    a = full.split()
    return [rival for rival in rivals if rival != full and not (len(a) == 3 and _may_be(rival.split(), a))]


def _may_be(rival: list[str], full: list[str]) -> bool:
    """Whether "carla karen johnson" may be "carla k johnson"."""
    return len(rival) == 3 and rival[0] == full[0] and rival[1].startswith(full[1]) and rival[2] == full[2]


def _has_middle(full: str, short: str) -> bool:
    """Whether `full` is `short` with one initial in the middle."""
    a, b = full.split(), short.split()
    return len(a) == 3 and len(b) == 2 and len(a[1]) == 1 and len(b[0]) > 1 and (a[0], a[2]) == (b[0], b[1])


def _is_initial(short: str, full: str) -> bool:
    """Whether "s wade" may be "stephen john wade"; one with "jr" is a namesake, see `_is_namesake`."""
    a, b = short.split(), full.split()
    return len(a) == 2 and len(a[0]) == 1 and len(b) > 1 and len(b[0]) > 1 and _plain(full) == full


def doubtful(
    names: Mapping[str, int], apart: frozenset[frozenset[str]] = frozenset(), most: int = 100
) -> tuple[Join, ...]:
    """Pairs of names for an editor to decide, those of the most articles first: nothing joins them by itself.

    Initials that fit several names, one letter or so of difference, and a middle name more.

    Args:
        names: key of a name to its number of articles.
        apart: pairs of keys that are known to be two.
        most: how many pairs, >= 0.
    """
    sure, several = initials_meet(names, apart)
    found = [Join(join.short, join.full, "initials fit several") for join in several]
    joined = {frozenset((join.short, join.full)) for join in sure}
    for block in _blocks(names).values():
        for one, other in combinations(sorted(block), 2):
            if why := _alike(one, other):
                found.append(Join(one, other, why))
    pairs = {frozenset((join.short, join.full)): join for join in reversed(found)}
    open_pairs = [join for pair, join in pairs.items() if pair not in apart and pair not in joined]
    return tuple(sorted(open_pairs, key=lambda j: (-min(names[j.short], names[j.full]), j.short, j.full))[:most])


def _blocks(names: Iterable[str]) -> dict[str, set[str]]:
    """Names that share their beginning or their last word: only these are compared."""
    blocks: dict[str, set[str]] = defaultdict(set)
    for name in names:
        blocks[f"^{name[:5]}"].add(name)
        blocks[f"${name.rpartition(' ')[2]}"].add(name)
    return {key: block for key, block in blocks.items() if len(block) <= 200}


def _alike(one: str, other: str) -> str:
    a, b = one.split(), other.split()
    if a[0] == b[0] and a[-1] == b[-1] and len(a) != len(b):
        return "a middle name more"
    if len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) == 1:
        x, y = next((x, y) for x, y in zip(a, b, strict=True) if x != y)
        if x[0] == y[0] and min(len(x), len(y)) > 1 and SequenceMatcher(None, x, y, False).ratio() >= _ALIKE:
            return "almost the same letters"
        if x[0] == y[0] and a[-1] == b[-1] and min(len(x), len(y)) > 2 and (x.startswith(y) or y.startswith(x)):
            return "a short form"
    return ""
