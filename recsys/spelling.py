"""Spellings of one name: what meets by itself, what only looks alike."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

_TITLES = frozenset(["dr", "prof", "professor", "rev", "reverend", "sir", "dame", "lord", "lady", "mr", "mrs", "ms"])
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
_ALIKE = 0.85


def name_key(name: str) -> str:
    """One key for the spellings of a name: case, accents, apostrophes, hyphens, dots and titles do not count.

    >>> name_key("Siobhán O’Shee-Carrick") == name_key("SIOBHAN O'SHEE CARRICK")
    True
    """
    decomposed = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    spaced = re.sub(r"[-‐‑–,]", " ", plain)
    spaced = re.sub(r"\b(\w)\.\s+(?=\w\.)", r"\1", spaced)  # J. P. is J.P. is JP
    words = re.sub(r"['’‘`ʼ´.]", "", spaced).split()
    return " ".join(words[1:] if len(words) > 2 and words[0] in _TITLES else words)


@dataclass(frozen=True, slots=True)
class Join:
    """Two keys of names that are one person (or may be), and why in words."""

    short: str
    full: str
    why: str


def initials_meet(
    names: Iterable[str], apart: frozenset[frozenset[str]] = frozenset()
) -> tuple[tuple[Join, ...], tuple[Join, ...]]:
    """Names with initials that can mean only one of the other names, and those that can mean several.

    "s wade" meets "stephen wade" where he is the only S. Wade, "carla k johnson" meets "carla johnson" where no other
    initial stands between these two words.

    Args:
        names: keys of names, see `name_key`.
        apart: pairs of keys that are never joined.
    """
    by_end: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        by_end[name.rpartition(" ")[2], name[:1]].append(name)
    sure: list[Join] = []
    several: list[Join] = []
    for block in by_end.values():
        middle = {one: [two for two in block if _has_middle(two, one)] for one in block}
        met = {
            one: found[0]
            for one, found in middle.items()
            if len(found) == 1 and frozenset((one, found[0])) not in apart
        }
        first = {one: [two for two in block if _is_initial(one, two)] for one in block}
        for one, fits in (*middle.items(), *first.items()):
            roots = sorted({met.get(two, two) for two in fits})
            joins = [Join(one, two, "initials") for two in roots if frozenset((one, two)) not in apart]
            (sure if len(roots) == 1 else several).extend(joins)
    return tuple(sure), tuple(several)


def _has_middle(full: str, short: str) -> bool:
    """Whether `full` is `short` with one initial in the middle."""
    a, b = full.split(), short.split()
    return len(a) == 3 and len(b) == 2 and len(a[1]) == 1 and len(b[0]) > 1 and (a[0], a[2]) == (b[0], b[1])


def _is_initial(short: str, full: str) -> bool:
    """Whether "s wade" may be "stephen john wade"."""
    a, b = short.split(), full.split()
    return len(a) == 2 and len(a[0]) == 1 and len(b) > 1 and len(b[0]) > 1


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
