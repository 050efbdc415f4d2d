"""What clicks say of a pair of articles: clicks over expected clicks.

    gain = max(0, (clicks + neutral · prior) / (expected + prior) - neutral)

`expected` is how many clicks the same showings get elsewhere: at these places of the page (widget log), or for that
article after any other (MIND). The ratio is COEC (Zhang and Jones, "Comparing click logs and editorial labels for
training query rewriting", WWW 2007 workshop on query log analysis; Chapelle and Zhang, WWW 2009, compare it with click
models). It is shrunk towards `neutral`, the ratio of articles that have nothing to do with each other, as if `prior`
expected clicks had been seen (a gamma prior on a Poisson rate; DuMouchel, The American Statistician 53(3), 1999), and
counted from there: without evidence the gain is 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from eval.judgments import Judgments
from recsys.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ClickConfig:
    """How much evidence makes a judgment.

    Attributes:
        min_shown: a pair that was shown less often is not judged; >= 1.
        min_clicks: nor is one that was clicked, but less often; >= 1. Counts below 2 can tell of a single reader.
        prior: expected clicks that are added to each pair's, > 0. With 2, of the pairs that a log of random clicks
            offers (as many lists as MINDsmall) 3 % have gain 1 or more; with 1 it was 23 %.

    Raises:
        ConfigError: a value is out of its range.
    """

    min_shown: int = 10
    min_clicks: int = 2
    prior: float = 2.0

    def __post_init__(self) -> None:
        if self.min_shown < 1 or self.min_clicks < 1:
            raise ConfigError(f"min_shown {self.min_shown}, min_clicks {self.min_clicks}: give numbers from 1 on")
        if not (self.prior > 0 and isfinite(self.prior)):
            raise ConfigError(f"prior {self.prior}: give a number > 0")


@dataclass(frozen=True, slots=True)
class Evidence:
    """How often `other` was shown beside (or after) `article`, how often clicked, and how many clicks were expected."""

    article: str
    other: str
    shown: int
    clicks: int
    expected: float


def judged(evidence: Iterable[Evidence], config: ClickConfig, source: str, neutral: float) -> Judgments:
    """The gains of all pairs with enough evidence; one that was shown and never clicked has gain 0.

    `neutral` (>= 0) is explained above. An article without a single gain above 0 is not judged.
    """
    gains: dict[str, dict[str, float]] = {}
    for pair in evidence:
        if pair.shown >= config.min_shown and not 0 < pair.clicks < config.min_clicks:
            excess = (pair.clicks - neutral * pair.expected) / (pair.expected + config.prior)
            gains.setdefault(pair.article, {})[pair.other] = max(0.0, excess)
    return Judgments({article: known for article, known in gains.items() if any(known.values())}, source)
