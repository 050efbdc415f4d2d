"""The capital letters of a person's name: which words look like one, and how one in capitals is usually written."""

import re

from recsys.byline_words import PARTICLES

_SMALL_WORDS = "van von der den de del dos das do du bin ibn bint binti ten zu zur y e"
_SMALL = frozenset(_SMALL_WORDS.split())  # in a name all in capitals
_CHAINED = frozenset(["la", "las", "los"])  # small after "de": "de la Vega", but "La Salle"
_NUMERALS = frozenset(["ii", "iii", "iv"])
_MIXED = re.compile(r"^([^\W\d_a-z][a-z]{1,3})([^\W\d_a-z]{2,})$")  # McALDANE, LeBLANC
_EAST_ASIAN = re.compile(r"[\u4e00-\u9fff\uac00-\ud7a3]{2,4}")


def like_name(word: str) -> bool:
    """Capitalised, of a script without capitals, or a particle."""
    if re.split(r"[-'’]", word.lower())[0] in PARTICLES or re.match(r"[dl]?['’‘“\"]", word):  # d'Arcy, 't Hooft
        return True
    return word[0].isalpha() and not word[0].islower()


def east_asian_name(text: str) -> bool:
    """Whether this may be a whole name without a blank: two to four Chinese characters or Korean syllables."""
    return bool(_EAST_ASIAN.fullmatch(text))


def shouts(words: list[str]) -> bool:
    """'RORY McALDANE' is upper case although one letter is not; initials, as in 'S.A. Miller', do not make it so."""
    long = [word for word in words if len(re.sub(r"[^\w]", "", word)) > 2 or len(words) == 1]
    return (
        bool(long) and all(_shouted(word) for word in long) and all(_shouted(word) or word.islower() for word in words)
    )


def display_name(words: list[str]) -> str:
    """A name as it is usually written: O'SHEE -> O'Shee, McALDANE -> McAldane, VAN DER LOON -> van der Loon.

    A name in mixed case stays, but for a word in capitals (LÉVY, not AJ or JP) and a Mc that an export has flattened.
    """
    if not shouts(words) and not (words and " ".join(words).islower()):
        return " ".join(
            _cased(word) if _capitals(word) or word.casefold() in _NUMERALS else _mc(word) for word in words
        )
    cased = [words[0] if _two_initials(words[0]) else _cased(words[0]), *(_cased(word) for word in words[1:])]
    for place in range(1, len(words) - 1):  # neither the first word of a name nor its last is a particle
        small = words[place].casefold()
        if small in _SMALL or (small in _CHAINED and words[place - 1].casefold() == "de"):
            cased[place] = small
    return " ".join(cased)


def _capitals(word: str) -> bool:
    """LÉVY in "Jean-Pierre LÉVY", but not the initials AJ or JP."""
    return word.isupper() and len(re.sub(r"\W", "", word)) > 3 and "." not in word


def _two_initials(word: str) -> bool:
    """JK in "JK HARLOW"; NG in "EILEEN NG" stands last."""
    return bool(re.fullmatch("[B-DF-HJ-NP-TV-XZ]{2}", word))


def _shouted(word: str) -> bool:
    return sum(c.isupper() for c in word) >= sum(c.islower() for c in word)


def _cased(word: str) -> str:
    """One word of a name in capitals: O'SHEE -> O'Shee; J.P. stays, as does a particle that is small already."""
    if "." in word[:-1] or word.casefold() in _NUMERALS:
        return word.upper()
    if word.casefold() in PARTICLES:
        return word if word.islower() else word.capitalize()
    if mixed := _MIXED.match(word):
        return mixed[1] + mixed[2].capitalize()
    return _mc("".join(piece.capitalize() for piece in re.split(r"(['’\-])", word)))


def _mc(word: str) -> str:
    """Mcaldane -> McAldane. Mac stays as it is, since Macey is not MacEy."""
    return re.sub(r"\bMc([a-z])(?=[a-z])", lambda found: f"Mc{found[1].upper()}", word)
