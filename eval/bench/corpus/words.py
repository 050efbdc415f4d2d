"""Invented words, names and texts: frequencies by Zipf's law, words of sections and of events, sentences."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eval.bench.corpus.draws import Ints, Zipf, scattered

_GLUE_TEXT = (
    "the of to and a in that is was for on with as by at from it be are has said have had were not an this they which "
    "but will he she his their its been would more who or one also up after two when about there some could new than"
)
_ONSETS = "b br c d dr f g gr h j k l m n p pr r s st t tr v w"
_GLUE = tuple(_GLUE_TEXT.split())
_VOWELS = ("a", "e", "i", "o", "u", "ea", "ou")
_CODAS = ("", "n", "r", "l", "s", "t", "m")
_ORDINARY = 50_000  # words besides the glue
_NAMES = 20_000
_OF_SECTION, _OF_EVENT, _NAMED = 1_500, 24, 4  # words that a section, an event has for itself; names of an event
_MEDIAN_WORDS, _SPREAD_OF_WORDS = 380, 0.65  # lognormal
_SHORTEST, _LONGEST = 40, 4_000
_SHORT = 6  # words of the shortest sentence
_SENTENCE, _PARAGRAPH = 19, 3  # words in a sentence, sentences in a paragraph, on average
_SECTION_SHARE, _EVENT_SHARE, _NAME_SHARE = 0.17, 0.10, 0.02


class Words:
    """The vocabulary of an archive; the same seed gives the same one."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 3])
        plain = [*_GLUE, *_invented(rng, _ORDINARY)]
        names = [f"{one.title()} {other.title()}" for one, other in _pairs(rng, _NAMES)]
        entries = plain + names
        self._plain, self._entries = len(plain), len(entries)
        capital = [entry[0].upper() + entry[1:] for entry in entries]
        ends = [f"{entry}." for entry in entries], [f"{entry}.\n" for entry in entries]
        # (4 * entries,): as it is, at the start of a sentence, at its end, at the end of a paragraph
        self._printed: NDArray[np.object_] = np.array([*entries, *capital, *ends[0], *ends[1]], dtype=object)
        self._zipf = Zipf(len(plain), 1.05)
        self._in_section = Zipf(_OF_SECTION, 0.8)

    def name(self, number: int) -> str:
        """A person's name."""
        return str(self._printed[self._plain + number % _NAMES])

    def tag(self, key: int) -> str:
        """A tag: one rare word."""
        return str(self._printed[len(_GLUE) + 500 + key % (_ORDINARY - 500)])

    def bodies(self, rng: np.random.Generator, event: Ints, section: Ints) -> list[str]:
        """A body for each article, one paragraph a line."""
        lengths = np.exp(rng.normal(np.log(_MEDIAN_WORDS), _SPREAD_OF_WORDS, len(event)))
        counts = np.clip(lengths, _SHORTEST, _LONGEST).astype(np.int64)
        owner = np.repeat(np.arange(len(event)), counts)
        ids = self._mixed(rng, event[owner], section[owner], _SECTION_SHARE, _EVENT_SHARE, _NAME_SHARE)
        ends = np.cumsum(counts)
        last = np.zeros(len(ids), np.bool_)
        last[ends - 1] = True
        # no sentence of few words: a line of one or two would recur so often that it counted as boilerplate
        stops = rng.random(len(ids)) < 1 / (_SENTENCE - _SHORT)
        for near in range(1, _SHORT):
            stops[near:] &= ~last[:-near]
            stops[:-near] &= ~(last[near:] | stops[near:])
        stops[: _SHORT - 1] = False
        stops |= last
        starts = np.concatenate([[True], stops[:-1]])
        variant = np.where(stops, np.where(rng.random(len(ids)) < 1 / _PARAGRAPH, 3, 2), np.where(starts, 1, 0))
        printed = self._printed[ids + variant * self._entries].tolist()
        places = [0, *ends.tolist()]
        return [" ".join(printed[start:end]).replace("\n ", "\n").rstrip("\n") for start, end in pairwise(places)]

    def lines(self, rng: np.random.Generator, event: Ints, section: Ints, words: int, stop: str = "") -> list[str]:
        """A title or a standfirst for each article: half of its words are the event's."""
        owner = np.repeat(np.arange(len(event)), words)
        ids = self._mixed(rng, event[owner], section[owner], 0.25, 0.4, 0.1).reshape(-1, words)
        ids[:, 0] += self._entries
        return [" ".join(line) + stop for line in self._printed[ids].tolist()]

    def _mixed(
        self, rng: np.random.Generator, event: Ints, section: Ints, of_section: float, of_event: float, named: float
    ) -> Ints:
        """One word for each place: of the language, of the section, of the event, or a name of the event."""
        kind = rng.random(len(event))
        ids = self._zipf.draw(rng, len(event))
        theirs = kind < of_section
        rank = self._in_section.draw(rng, int(theirs.sum()))
        ids[theirs] = self._word(section[theirs] * _OF_SECTION + rank, 11)
        own = (of_section <= kind) & (kind < of_section + of_event)
        ids[own] = self._word(event[own] * _OF_EVENT + rng.integers(0, _OF_EVENT, int(own.sum())), 12)
        who = kind > 1 - named
        key = event[who] * _NAMED + rng.integers(0, _NAMED, int(who.sum()))
        ids[who] = self._plain + scattered(key, 13, _NAMES)
        return ids

    def _word(self, key: Ints, salt: int) -> Ints:
        return len(_GLUE) + scattered(key, salt, _ORDINARY)


def _invented(rng: np.random.Generator, count: int) -> list[str]:
    """Distinct words, short ones first."""
    syllables = sorted(o + v + c for o in _ONSETS.split() for v in _VOWELS for c in _CODAS)
    known = dict.fromkeys(_GLUE)
    while len(known) < count + len(_GLUE):
        share = len(known) / count
        parts = 1 if share < 0.01 else 2 if share < 0.4 else 3
        for row in rng.integers(0, len(syllables), (1_000, parts)).tolist():
            known.setdefault("".join(syllables[place] for place in row))
    return list(known)[len(_GLUE) : len(_GLUE) + count]


def _pairs(rng: np.random.Generator, count: int) -> list[tuple[str, str]]:
    """Distinct first and last names."""
    words = _invented(rng, 6_000)[1_000:]
    found: dict[tuple[str, str], None] = {}
    while len(found) < count:
        first, last = rng.integers(0, 300), rng.integers(300, len(words))
        found.setdefault((words[first], words[last]))
    return list(found)
