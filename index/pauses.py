"""How long to wait between two rounds: the interval, and after failures twice as long each time."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from recsys.errors import ConfigError

LONGEST = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class Pauses:
    """Lengths of pauses in seconds.

    Attributes:
        interval: of those after a good round, in (0, 86400].
        longest: of those after failures, unless the interval is longer.
        jitter: up to this share is taken off after a failure, so that followers do not come back all at once.
        chance: gives numbers in [0, 1).

    Raises:
        ConfigError: the interval is out of its range.
    """

    interval: float = 30.0
    longest: float = LONGEST
    jitter: float = 0.2
    chance: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        if not 0 < self.interval <= 86_400:
            raise ConfigError(f"--interval {self.interval:g} s: from above 0 to a day is expected")

    def after(self, failures: int, asked: float = 0.0) -> float:
        """The pause after so many failures in a row; a source that asked for a longer one gets it, within `longest`.

        >>> pauses = Pauses(30.0, jitter=0.0)
        >>> [pauses.after(failures) for failures in range(7)]
        [30.0, 60.0, 120.0, 240.0, 480.0, 600.0, 600.0]
        """
        if not failures:
            return self.interval
        most = max(self.longest, self.interval)
        doubled: float = min(most, self.interval * 2.0 ** min(failures, 32))
        return max(self.interval, doubled * (1 - self.jitter * self.chance()), min(most, asked))
