"""What two texts can have in common besides meaning: the stems of their words, and the names in them."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from recsys.errors import ConfigError
from recsys.stop_words import ENGLISH

WORD = re.compile(r"\b\w[\w'-]*\w\b")
_CAPITAL = "[" + "".join(letter for letter in map(chr, range(0x2E80)) if letter.isupper()) + "]"
_PROPER = rf"{_CAPITAL}[\w'’&.-]*\w"
_NAME = re.compile(rf"{_PROPER}(?:[^\S\n]+(?:(?:of|for|de|von|van)[^\S\n]+)?{_PROPER})*")  # within one line
_ACRONYM = re.compile(rf"{_CAPITAL}{{2}}")
_POSSESSIVE = re.compile(r"['’]s$")
_BEFORE = " \"“”‘’'()[]"  # what may stand between the end of a sentence and the next one's first word


class TermReader:
    """From a text to its terms; see `term_reader`. It can be sent to another process."""

    def __init__(self, language: str) -> None:
        import Stemmer

        self._language = known_language(language)
        self._stem: Callable[[list[str]], list[str]] = Stemmer.Stemmer(self._language).stemWords
        self._stop = ENGLISH if language == "english" else frozenset[str]()

    def __call__(self, text: str) -> list[str]:
        """Its stems, and then the pairs of these."""
        plain = text.lower().replace("’", "'")  # Snowball takes the 's from a word only where it is typed plainly
        stems = self._stem([word for word in WORD.findall(plain) if word not in self._stop])
        return stems + [f"{first} {second}" for first, second in pairwise(stems)]

    def __reduce__(self) -> tuple[Callable[[str], "TermReader"], tuple[str]]:
        return TermReader, (self._language,)


def term_reader(language: str = "english") -> TermReader:
    """A function from a text to its terms: stems of its words, and the pairs of stems that stand side by side.

    Stems are those of Snowball (Porter 2001, snowballstem.org): "bombings" and "bombing" are one word. English stop
    words are left out; in other languages the words that most articles have weigh nothing anyway.

    Args:
        language: one that Snowball knows, such as "english", "german", "french".

    Raises:
        ConfigError: Snowball does not know the language.
    """
    return TermReader(language)


def known_language(language: str) -> str:
    """The same language, where words can be stemmed in it.

    Raises:
        ConfigError: Snowball does not know the language.
    """
    import Stemmer

    known = Stemmer.algorithms()
    if language not in known:
        raise ConfigError(f"language {language!r} is not known: give one of {', '.join(sorted(known))}")
    return language


def names(text: str) -> list[str]:
    """The names in a text, folded: groups of capitalised words, and single ones that do not begin a sentence.

    >>> names("The mayor met Ines Vallory. Later the EU and Marrowick's council agreed.")
    ['ines vallory', 'eu', 'marrowick']
    """
    return list(_names(text))


def _names(text: str) -> Iterator[str]:
    for found in _NAME.finditer(text):
        name = found.group()
        first, _, rest = name.partition(" ")
        if _ACRONYM.match(name) or not _begins_sentence(text, found.start()):
            yield _POSSESSIVE.sub("", name).casefold()
        elif rest:  # "But Ines Vallory": the sentence's first word is capitalised anyway, and no name when it is common
            yield _POSSESSIVE.sub("", rest if first.lower() in ENGLISH else name).casefold()


def _begins_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - 5) : start].rstrip(_BEFORE)
    return not before or before[-1] in ".!?…\n:"
