"""Measures as values: `nDCG@10` is a name, a cutoff and, where it matters, from which gain on an answer counts."""

import re
from dataclasses import dataclass

from recsys.errors import ConfigError

# Each with the names that other tools print for it.
NAMES = {
    "nDCG": ("ndcg",),
    "P": ("p", "precision"),
    "R": ("r", "recall"),
    "RR": ("rr", "mrr"),
    "AP": ("ap", "map"),
}
_BY_ALIAS = {alias: name for name, aliases in NAMES.items() for alias in aliases}
_FORM = re.compile(r"(?P<name>[A-Za-z]+)(?:\(rel=(?P<rel>\d{1,9})\))?(?:@(?P<cutoff>\d{1,9}))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Measure:
    """What is asked of a list. Its text is that of ir_measures: `nDCG@10`, `P@5`, `AP(rel=2)@100`, `RR`.

    Args:
        name: nDCG, P (precision), R (recall), RR (reciprocal rank; its mean is MRR) or AP (average precision; MAP).
        cutoff: how many answers are looked at, >= 1; None looks at all of them (not for P).
        rel: the smallest gain, >= 1, that makes an answer relevant; nDCG grades and takes only 1.

    Raises:
        ConfigError: there is no such measure.

    >>> str(Measure.parse("recall@10")), Measure("AP", 100, rel=2)
    ('R@10', Measure(name='AP', cutoff=100, rel=2))
    """

    name: str
    cutoff: int | None = None
    rel: int = 1

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ConfigError(f"no measure {self.name!r}: known are {', '.join(NAMES)}")
        if self.cutoff is not None and self.cutoff < 1:
            raise ConfigError(f"{self}: the cutoff is {self.cutoff}; give at least 1")
        if self.cutoff is None and self.name == "P":
            raise ConfigError("P has no cutoff: say of how many answers, such as P@10")
        if self.rel < 1 or (self.rel > 1 and self.name == "nDCG"):
            raise ConfigError(f"{self}: rel is {self.rel}; give at least 1, and 1 for nDCG, which weighs every gain")

    def __str__(self) -> str:
        rel = f"(rel={self.rel})" if self.rel != 1 else ""
        return f"{self.name}{rel}{f'@{self.cutoff}' if self.cutoff is not None else ''}"

    @classmethod
    def parse(cls, text: str) -> "Measure":
        """The measure of this text; `MRR`, `MAP`, `recall` and `precision` are understood in any case of letters.

        Raises:
            ConfigError: the text names no measure.
        """
        form = _FORM.fullmatch(text.strip())
        name = _BY_ALIAS.get(form["name"].lower()) if form else None
        if not form or not name:
            raise ConfigError(f"{text!r} is no measure: write such as nDCG@10, P@5, R@10, RR@100 or AP(rel=2)@100")
        return cls(name, int(form["cutoff"]) if form["cutoff"] else None, int(form["rel"] or 1))
