"""What an ingest did, in numbers and as a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from recsys.errors import ConfigError
from recsys.store import Outcome


@dataclass(frozen=True, slots=True)
class Limit:
    """How many rejects are too many: more than `value`, which is a number of records or a share of them in [0, 1]."""

    value: float
    is_share: bool = False

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """From "100" or "5%". Raises ConfigError."""
        number, percent = text.strip().removesuffix("%"), text.strip().endswith("%")
        try:
            value = float(number) / 100 if percent else int(number)
        except ValueError:
            value = -1.0
        if not 0 <= value <= (1 if percent else float("inf")):
            raise ConfigError(f"limit {text!r}: write a number such as 100, or a share such as 5%")
        return cls(value, percent)

    def exceeded(self, count: int, total: int) -> bool:
        """Whether `count` of `total` is too many."""
        return count > (self.value * total if self.is_share else self.value)

    def __str__(self) -> str:
        return f"{self.value:.4g}" if not self.is_share else f"{self.value * 100:.4g} %"


@dataclass(frozen=True, slots=True)
class IngestReport:
    """One outcome for each record looked at: `read` is the sum of the seven.

    A record with a warning counts as `warned`, whatever the store made of it: `warned_outcomes` says that. `warnings`
    counts by kind; one record may have several. `retired` are articles of the store that a full export lacks.
    `stale` are records of a source that is followed, of which the store has a later version: they are passed over.
    `taken_down` is how many of the records were of articles that are taken down, whatever their outcome: they stay so.
    `problems` are reasons for exit status 1, as sentences. `latest` is the last moment, not after now, at which one of
    its articles says that it was published or changed.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    retired: int = 0
    warned: int = 0
    rejected: int = 0
    warnings: Mapping[str, int] = field(default_factory=dict)
    warned_outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    stale: int = 0
    taken_down: int = 0
    problems: tuple[str, ...] = ()
    latest: datetime | None = None

    @property
    def read(self) -> int:
        """How many records were looked at: those of the files, and the retired ones."""
        return self.new + self.changed + self.unchanged + self.retired + self.stale + self.warned + self.rejected

    def table(self) -> str:
        """The numbers as text, one a line; below them the warnings by kind, what the warned were, and takedowns."""
        names = ("read", "new", "changed", "unchanged", "retired", "warned", "rejected")
        lines = [f"{name:<10}{getattr(self, name):>12,}" for name in names]
        if self.warned:
            made = ", ".join(f"{self.warned_outcomes.get(outcome, 0):,} {outcome}" for outcome in Outcome)
            lines += ["", f"of the warned: {made}", "warnings by kind:"]
            lines += [f"  {count:>10,}  {kind}" for kind, count in sorted(self.warnings.items())]
        if self.taken_down:
            lines += ["", f"of articles that are taken down, and stay so: {self.taken_down:,}"]
        return "\n".join(lines)
