"""What lists look like, asked as values: `coverage@10` needs no judgments, only the release that the run was made from.

Aspects stand beside the measures of `eval.measures` and are written like these: a name, at most one option, a cutoff.
`eval.beyond` holds their formulas.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from eval.measures import NAMES as MEASURES
from eval.measures import Measure
from recsys.answers import Source
from recsys.errors import ConfigError


class _Range(NamedTuple):
    """What an option may be, and what it is where it is not given; `told`: whether the default is written out."""

    low: float
    high: float
    default: float
    told: bool = True


_ALIKE = {"words": _Range(1e-6, 1, 0.8), "cos": _Range(1e-6, 1, 0.97)}
_QUANTILE = {"q": _Range(0, 100, 50, told=False)}
NAMES: Mapping[str, Mapping[str, _Range]] = {
    "coverage": {}, "unseen": {}, "hubness": {}, "Nmax": {}, "GiniAuthor": {}, "GiniSection": {},
    "ILD": {}, "dup": _ALIKE, "duplists": _ALIKE,
    "age": _QUANTILE, "gap": _QUANTILE, "stale": {"days": _Range(0, 1e6, 365)}, "undated": {},
    "source": {source.value: _Range(1, 1, 1) for source in Source},
    "short": {}, "empty": {},
}  # fmt: skip
_BY_ALIAS = {name.lower(): name for name in NAMES}
_FORM = re.compile(
    r"(?P<name>[A-Za-z]+)(?:\((?P<key>[a-z_]+)(?:=(?P<value>\d{1,9}(?:\.\d{1,25})?(?:e-\d{1,3})?))?\))?(?:@(?P<cutoff>\d{1,9}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class Aspect:
    """What is asked of lists, whoever judged them. Its text is such as `ILD@10`, `dup(cos=0.97)@10`, `age(q=75)@5`.

    Args:
        name: one of `NAMES`; `eval.beyond` says what each is.
        cutoff: how many answers of each list are looked at, >= 1; None looks at all of them (not for `short`).
        key: which option is set: `words` or `cos` (dup, duplists), `q` (age, gap), `days` (stale), or one of the
            sources similar, author, section, recent (source); the first of these where it is empty.
        value: what the option is set to; its default where it is None.

    Raises:
        ConfigError: there is no such aspect.

    >>> str(Aspect.parse("dup@10")), str(Aspect.parse("AGE@10")), Aspect.parse("stale(days=30)@5").value
    ('dup(words=0.8)@10', 'age@10', 30.0)
    """

    name: str
    cutoff: int | None = None
    key: str = ""
    value: float | None = None

    def __post_init__(self) -> None:
        options = _options(self.name)
        if options and not self.key:
            object.__setattr__(self, "key", next(iter(options)))
        if self.key and self.key not in options:
            raise ConfigError(f"{self.name} has no option {self.key!r}: known are {', '.join(options) or 'none'}")
        self._check_value(options.get(self.key))
        if self.cutoff is not None and self.cutoff < 1:
            raise ConfigError(f"{self}: the cutoff is {self.cutoff}; give at least 1")
        if self.cutoff is None and self.name == "short":
            raise ConfigError("short has no cutoff: say of how many answers, such as short@10")

    def _check_value(self, known: _Range | None) -> None:
        if known is None:
            if self.value is not None:
                raise ConfigError(f"{self.name} has no option, but the value {self.value}: leave it out")
            return
        if self.value is None:
            object.__setattr__(self, "value", known.default)
        elif not known.low <= self.value <= known.high:
            raise ConfigError(f"{self.name}: {self.key} is {self.value}; give {known.low:g} to {known.high:g}")

    def __str__(self) -> str:
        known = _options(self.name).get(self.key)
        if self.name == "source":
            option = f"({self.key})"
        elif known is None or (self.value == known.default and not known.told):
            option = ""
        else:
            option = f"({self.key}={repr(self.value).removesuffix('.0')})"
        return f"{self.name}{option}{f'@{self.cutoff}' if self.cutoff is not None else ''}"

    @classmethod
    def parse(cls, text: str) -> "Aspect":
        """The aspect of this text, its name in any case of letters.

        Raises:
            ConfigError: the text names no aspect.
        """
        form = _FORM.fullmatch(text.strip())
        name = _BY_ALIAS.get(form["name"].lower()) if form else None
        if not form or not name:
            raise ConfigError(
                f"{text!r} is no aspect: write such as coverage@10, dup(cos=0.97)@10 or source(similar)@10"
            )
        value = float(form["value"]) if form["value"] else None
        return cls(name, int(form["cutoff"]) if form["cutoff"] else None, form["key"] or "", value)


def _options(name: str) -> Mapping[str, _Range]:
    if name not in NAMES:
        raise ConfigError(f"no aspect {name!r}: known are {', '.join(NAMES)}")
    return NAMES[name]


def asked(text: str) -> Measure | Aspect:
    """The measure or the aspect of this text.

    Raises:
        ConfigError: it is neither.

    >>> asked("MAP@100"), str(asked("ild@10"))
    (Measure(name='AP', cutoff=100, rel=1), 'ILD@10')
    """
    if re.split(r"[(@]", text.strip())[0].lower() in _BY_ALIAS:
        return Aspect.parse(text)
    try:
        return Measure.parse(text)
    except ConfigError as error:
        known = ", ".join((*MEASURES, *NAMES))
        raise ConfigError(f"{error}; without judgments: coverage@10, ILD@10 … (all names: {known})") from error


K = 10
ASPECTS = (
    *(Aspect(name, K) for name in ("coverage", "unseen", "hubness", "Nmax", "ILD", "dup", "duplists")),
    *(Aspect("age", K, "q", q) for q in (25, 50, 75)),
    *(Aspect("gap", K, "q", q) for q in (25, 50, 75)),
    *(Aspect(name, K) for name in ("stale", "undated", "GiniAuthor", "GiniSection")),
    *(Aspect("source", K, source.value) for source in Source),
    *(Aspect(name, K) for name in ("short", "empty")),
)
