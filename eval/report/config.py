"""What a report is asked for."""

from dataclasses import dataclass, field

from eval.asof import ANY_TIME, AsOf
from eval.compare import CompareConfig
from eval.evaluate import OURS
from eval.measures import Measure
from recsys.errors import ConfigError

ALWAYS = tuple(map(Measure.parse, ("nDCG@10", "R@10", "P@10", "RR@100", "AP@100")))


@dataclass(frozen=True, slots=True)
class ReportConfig:
    """How a report is made.

    Attributes:
        measure: what systems are compared by, query by query; shown beside the usual ones.
        system: whose wins and losses are shown.
        baseline: what all systems are held against; the best of the baselines by `measure` where it is None.
        compare: alpha, draws and seed of intervals and tests.
        as_of: what was said to the systems; it is only told here.
        show: how many of the lists that won most, and of those that lost most, stand side by side, >= 0.
        title: of the page; the release is named where it is empty.
        date: is printed as it is given; nothing is where it is empty, so that the same input gives the same bytes.

    Raises:
        ConfigError: `show` is below 0, or the system is its own baseline.
    """

    measure: Measure = ALWAYS[0]
    system: str = OURS
    baseline: str | None = None
    compare: CompareConfig = field(default_factory=CompareConfig)
    as_of: AsOf = ANY_TIME
    show: int = 5
    title: str = ""
    date: str = ""

    def __post_init__(self) -> None:
        if self.show < 0:
            raise ConfigError(f"show is {self.show}: give 0 or more")
        if self.system == self.baseline:
            raise ConfigError(f"{self.system!r} is both system and baseline: hold it against another one")

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The chosen measure, then the usual ones."""
        return tuple(dict.fromkeys((self.measure, *ALWAYS)))

    @property
    def length(self) -> int:
        """How many answers of a list are shown to the reader: as many as the measure looks at, at most 20."""
        return min(self.measure.cutoff or 10, 20)
