"""What became of the records of one ingest, counted as they come."""

from collections import Counter
from datetime import datetime

from index.report import IngestReport
from recsys.articles import Article
from recsys.records import Reading
from recsys.store import Outcome


class Tally:
    """Counts the records that were read as articles; what was rejected, the rejects file counts.

    Args:
        now: aware; moments that lie ahead of it say nothing.

    `problems` are reasons for exit status 1, as sentences.
    """

    def __init__(self, now: datetime) -> None:
        self.problems: list[str] = []
        self._now = now
        self._outcomes: Counter[Outcome] = Counter()  # of records without a warning
        self._warned: Counter[Outcome] = Counter()
        self._warnings: Counter[str] = Counter()
        self._stale = self._taken_down = 0
        self._latest: datetime | None = None

    @property
    def total(self) -> int:
        """How many records were put, or passed over as stale."""
        return self._outcomes.total() + self._warned.total() + self._stale

    def read(self, article: Article) -> None:
        """A record is this article."""
        self._latest = max(filter(None, (self._latest, _moment(article, self._now))), default=None)

    def put(self, reading: Reading, outcome: Outcome | None, taken_down: bool) -> None:
        """What became of it; None where the store has a later version."""
        self._taken_down += taken_down
        if outcome is None:
            self._stale += 1
            return
        (self._warned if reading.warnings else self._outcomes)[outcome] += 1
        self._warnings.update(reading.warnings)

    def report(self, rejected: int, retired: int) -> IngestReport:
        """All of it."""
        return IngestReport(
            new=self._outcomes[Outcome.NEW],
            changed=self._outcomes[Outcome.CHANGED],
            unchanged=self._outcomes[Outcome.UNCHANGED],
            retired=retired,
            warned=self._warned.total(),
            rejected=rejected,
            warnings=dict(self._warnings),
            warned_outcomes=dict(self._warned),
            stale=self._stale,
            taken_down=self._taken_down,
            problems=tuple(self.problems),
            latest=self._latest,
        )


def _moment(article: Article, now: datetime) -> datetime | None:
    """When it was changed last, as its record says."""
    said = (article.published_at, article.updated_at)
    return max((moment for moment in said if moment and moment <= now), default=None)
