"""How related two articles are: one score, and the parts that add up to it.

    words     = words_short + (words_long - words_short) · long        long = min(1, length / long_text)
    relevance = lexical · words + semantic · (1 - words)
              + names · (names_short + (names_long - names_short) · long) + kin · (the same of kin)
              + section · w.section + author · w.author + tags · w.tags,         divided by the sum of the weights
    time      = exp(tempo · (evidence - its peak)) · (floor + (1 - floor) · 0.5 ** (days / half_life)) · (later)
    scored    = relevance · time · (other_site)
    score     = 1 - (1 - scored) ** boost            what editors lift (boost above 1) or bury (below 1)

`length` is that of the article whose list is made: on a headline meaning, names and kin find more, on a full article
words do. `evidence` is the newsroom's own tempo (recsys/tempo.py), learned from the archive; half-life and floor are
there for whoever wants more. A factor in brackets applies to articles published later, or on another site. An evergreen
article has time 1.
"""

from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path

import msgspec
import numpy as np

from recsys.errors import ConfigError
from recsys.signals import Floats, Signals

PARTS = ("semantic", "lexical", "names", "kin", "section", "author", "tags", "time", "site", "editors")
TEXT_PARTS = ("semantic", "lexical", "names", "kin")
_SHARES = ("words_short", "words_long", "freshness_floor", "later", "other_site", "floor")
_ABOVE_ZERO = ("long_text", "half_life_days")


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each signal counts; they belong to the deployment and come from measurement (`python -m eval tune`).

    Attributes:
        words_long: share of words beside meaning for a long article, in [0, 1]; meaning has the rest.
        words_short: the same for a text of no length.
        long_text: characters from which a text is long, > 0.
        names_short, names_long: weight of the names in common, >= 0, beside the 1 of words and meaning together.
        kin_short, kin_long: weight of kin (what the nearest of each have to do with the other), >= 0.
        section, author, tags: weights of these signals, >= 0.
        tempo: how much the newsroom's tempo counts, >= 0; 0 switches it off, 1 trusts it as a naive Bayes would.
        half_life_days: > 0; how soon freshness fades, where freshness_floor is below 1.
        freshness_floor: what is left of freshness in the end, in [0, 1]; 1 leaves time to the tempo.
        later: factor of an article published after the one whose list is made, in [0, 1]; 1 treats both alike.
        other_site: factor of an article on another site (host of its address), in [0, 1]; 1 treats both alike.
        floor: share of random pairs whose texts have less to do with each other than the least that is called
            similar, in [0, 1]; 0 switches the floor off. See recsys/floor.py.

    Raises:
        ConfigError: a value is out of its range.
    """

    words_long: float = 0.9
    words_short: float = 0.3
    long_text: float = 1_000.0
    names_short: float = 0.2
    names_long: float = 0.0
    kin_short: float = 1.0
    kin_long: float = 0.0
    section: float = 0.1
    author: float = 0.02
    tags: float = 0.02
    tempo: float = 0.3
    half_life_days: float = 180.0
    freshness_floor: float = 1.0
    later: float = 1.0
    other_site: float = 0.5
    floor: float = 0.95

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
                raise ConfigError(f"weight {item.name} is {value!r}: give a finite number >= 0")
        for name in _SHARES:
            if getattr(self, name) > 1:
                raise ConfigError(f"weight {name} is {getattr(self, name)}: give a number in [0, 1]")
        for name in _ABOVE_ZERO:
            if getattr(self, name) == 0:
                raise ConfigError(f"weight {name} is 0: give a number > 0 (freshness_floor 1 switches freshness off)")

    def total(self, long: Floats | float) -> Floats | float:
        """The largest sum that the signals can reach, by which they are divided; `long` is in [0, 1]."""
        names, kin = _between(self.names_short, self.names_long, long), _between(self.kin_short, self.kin_long, long)
        return 1.0 + names + kin + self.section + self.author + self.tags

    def record(self) -> str:
        """All of them as one line of JSON, for a manifest."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def read(cls, path: Path) -> "Weights":
        """Weights from a JSON file with any of the attributes' names.

        Raises:
            ConfigError: the file cannot be read, names an unknown weight or holds a value out of range.
        """
        try:
            raw = msgspec.json.decode(path.read_bytes(), type=dict[str, float])
        except (OSError, msgspec.MsgspecError) as error:
            raise ConfigError(f"weights file {path}: {error}") from error
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(raw) - known):
            raise ConfigError(
                f"weights file {path}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}"
            )
        return cls(**raw)

    def write(self, path: Path) -> None:
        """Write all weights as JSON, whole or not at all.

        Raises:
            ConfigError: the file cannot be written.
        """
        aside = path.with_name(f"{path.name}.part")
        try:
            aside.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")
            aside.replace(path)
        except OSError as error:
            raise ConfigError(f"weights file {path}: cannot be written ({error}); name another") from error


def by_text(
    semantic: Floats, lexical: Floats, names: Floats, length: Floats | float, weights: Weights
) -> dict[str, Floats]:
    """What words, meaning and names bring, each (m,) >= 0, not yet divided by anything.

    `length` is the number of characters of the article whose list is made, or (m,) of those, one a candidate.
    """
    long = np.minimum(1.0, length / weights.long_text)
    words = _between(weights.words_short, weights.words_long, long)
    return {
        "semantic": semantic * (1.0 - words),
        "lexical": lexical * words,
        "names": names * _between(weights.names_short, weights.names_long, long),
    }


def timeliness(found: Signals, weights: Weights) -> Floats:
    """(m,) in (0, 1]: what the time between the two articles leaves of their relevance.

    An article without a date is neither favoured nor dropped: it has the value of a time that tells nothing.
    """
    floor = weights.freshness_floor
    fading = np.where(np.isnan(found.age_days), 0.5, 0.5 ** (np.nan_to_num(found.age_days) / weights.half_life_days))
    later: Floats = np.where(found.later, weights.later, 1.0)
    ageing = np.exp(weights.tempo * found.evidence) * (floor + (1.0 - floor) * fading) * later
    return np.where(found.evergreen, 1.0, ageing)


def parts(found: Signals, length: Floats | float, weights: Weights, factor: Floats | None = None) -> dict[str, Floats]:
    """The parts of the score, each (m,), in the order of `PARTS`; time and site are what they take away (<= 0).

    `length` is the number of characters of the article whose list is made, or (m,) of those, one a candidate; `factor`
    is what editors' boosts make of each candidate, (m,), None without any.
    """
    long = np.minimum(1.0, length / weights.long_text)
    kin, total = _between(weights.kin_short, weights.kin_long, long), weights.total(long)
    relevant = by_text(found.semantic, found.lexical, found.names, length, weights) | {
        "kin": found.kin * kin,
        "section": found.section * weights.section,
        "author": found.author * weights.author,
        "tags": found.tags * weights.tags,
    }
    relevant = {name: values / total for name, values in relevant.items()}
    relevance = sum(relevant.values(), np.zeros(len(found.semantic)))
    time = relevance * (timeliness(found, weights) - 1.0)
    site = (relevance + time) * (np.where(found.elsewhere, weights.other_site, 1.0) - 1.0)  # of just what time has left
    by_part = relevant | {"time": time, "site": site, "editors": np.zeros(len(time))}
    return by_part if factor is None else by_part | {"editors": _boosted(score(by_part), factor)}


def text_relevance(by_part: dict[str, Floats]) -> Floats:
    """(m,) in [0, 1]: what the texts alone bring."""
    return sum((by_part[name] for name in TEXT_PARTS), np.zeros(len(by_part["semantic"])))


def _boosted(scored: Floats, factor: Floats) -> Floats:
    """What a boost adds: the score stays in [0, 1] and two articles of one boost keep their order."""
    return np.where(factor == 1.0, 0.0, 1.0 - np.maximum(1.0 - scored, 0.0) ** factor - scored)


def score(by_part: dict[str, Floats]) -> Floats:
    """(m,) scores in [0, 1]: the parts added in the order of `PARTS`, so that a reader's own sum is the same number."""
    total = by_part[PARTS[0]]
    for name in PARTS[1:]:
        total = total + by_part[name]
    return total


def _between(short: float, long: float, share: Floats | float) -> Floats | float:
    return short + (long - short) * share
