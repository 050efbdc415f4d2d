"""Follow a CMS: what changes there is in the store at the next round, and its vectors soon after.

A round asks the source for what changed since the last one, stores it batch by batch, and remembers after each how far
it came. Killed or broken anywhere, the next round begins there; what it takes in again is unchanged.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from index.follow_state import FollowState
from index.ingest import IngestConfig, take_in
from index.new_vectors import NewVectors
from index.origins import Batch, Origin
from index.pauses import Pauses
from index.rejects import RejectFile
from index.report import IngestReport, Limit
from index.seen import Seen
from index.sources import Row
from recsys.errors import RecsysError, SourceBusy, SourceError
from recsys.store import ArticleStore, Outcome

log = logging.getLogger(__name__)
_NO_LIMIT = Limit(1.0, is_share=True)
_TEXTS = 20  # different texts of troubles that are logged before all is well again
_LOOK = 1.0  # seconds between two looks at what others wrote into the store


@dataclass(frozen=True, slots=True)
class FollowConfig:
    """How to follow.

    Attributes:
        source: as it was given; the state is this source's.
        state: file that keeps how far one is.
        rejects: file that records are added to which cannot be articles.
        mapping: canonical field to column of the source.
        pauses: between rounds.
    """

    source: str
    state: Path = Path("follow.json")
    rejects: Path = Path("rejects.jsonl")
    mapping: dict[str, str] = field(default_factory=dict)
    pauses: Pauses = field(default_factory=Pauses)


class Follower:
    """Follows one source into one store.

    Args:
        origin: the source.
        store: takes the articles.
        config: see there.
        vectors: embeds what is new; None leaves that to others. It is given where the state left off.
        stopping: whether to end; asked after each batch and at least once a second.
        sleep: waits for so many seconds.
        now: the aware time.

    Raises:
        ConfigError: the state cannot be used.
        StoreError: the store cannot be read.
    """

    def __init__(
        self,
        origin: Origin,
        store: ArticleStore,
        config: FollowConfig,
        vectors: Callable[[int | None], NewVectors] | None,
        stopping: Callable[[], bool],
        sleep: Callable[[float], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._origin, self._store, self._config = origin, store, config
        self._stopping, self._sleep, self._now = stopping, sleep, now
        fresh = FollowState(config.source, config.mapping, store.identity())
        state = FollowState.read(config.state, fresh)
        # a store that was put back to an earlier day lacks what was taken in since
        self._state = fresh if state.change > store.change() else state
        self._vectors = None if vectors is None else vectors(self._state.embedded)
        self._seen = Seen(config.mapping.get("id", "id"))
        self._ingest = IngestConfig(config.mapping, config.rejects, _NO_LIMIT)
        self._said: set[str] = set()
        self._cms = f"follow {config.source}"

    def run(self) -> None:
        """Round after round until `stopping`. A round that fails is logged, once while it is one trouble."""
        failures = 0
        while not self._stopping():
            asked = 0.0
            try:
                self.round()
                failures = 0
                self._well()
            except Exception as error:  # a follower that dies takes nothing in any more, and nobody notices
                failures += 1
                asked = error.retry_after if isinstance(error, SourceBusy) else 0.0
                self._say(error)
            self._wait(self._config.pauses.after(failures, asked))

    def round(self) -> None:
        """One round; one line in the log where it changed something.

        A file that is damaged, or a model that cannot be loaded, does not keep the rest back; it is raised at the end.

        Raises SourceError, StoreError, ModelError, MissingExtra, OSError.
        """
        done: Counter[str] = Counter()
        broken: list[RecsysError] = []
        if self._vectors is not None:  # before anything is stored: a kill must not lose where its vectors begin
            self._keep(embedded=self._vectors.upto)
        with closing(RejectFile(self._config.rejects, append=True)) as rejects:
            try:
                for batch in self._origin.batches(self._state.cursor):
                    self._take(batch, rejects, done, broken)
                    if self._stopping():
                        break
                if not broken:
                    done["embedded"] += self._embed()
            finally:
                self._tell(done)
        if broken:
            raise broken[0]

    def _take(self, batch: Batch, rejects: RejectFile, done: Counter[str], broken: list[RecsysError]) -> None:
        errors: list[SourceError] = []
        rows = self._seen.fresh(_until_broken(batch.rows, errors))
        report = take_in(batch.where, rows, self._store, self._ingest, rejects, self._now(), self._cms)
        done.update(_numbers(report))
        if errors:
            broken.extend(errors)
        else:
            self._seen.keep()
            self._keep(cursor=batch.after(report.latest))
        try:
            done["embedded"] += 0 if broken else self._embed()
        except RecsysError as error:
            broken.append(error)

    def _embed(self) -> int:
        """Vectors for all that is new in the store; how many texts got one."""
        embedded, more = 0, self._vectors is not None
        while self._vectors is not None and more:
            before = self._vectors.upto
            number, more = self._vectors.step()
            embedded += number
            if self._vectors.upto != before:
                self._keep(embedded=self._vectors.upto)
            more = more and not self._stopping()
        return embedded

    def _keep(self, **changed: object) -> None:
        state = replace(self._state, **changed)  # type: ignore[arg-type]
        if state != self._state:
            self._state = replace(state, change=self._store.change())
            self._state.write(self._config.state)

    def _wait(self, seconds: float) -> None:
        """Wait, and meanwhile embed what others write into the store."""
        while seconds > 0 and not self._stopping():
            step = min(seconds, _LOOK)
            self._sleep(step)
            seconds -= step
            try:
                if embedded := 0 if self._stopping() else self._embed():
                    log.info("%s: %d texts embedded that others wrote", self._config.source, embedded)
            except Exception as error:  # as above
                self._say(error)

    def _tell(self, done: Counter[str]) -> None:
        names = ("new", "changed", "stale", "rejected", "embedded")
        if told := [f"{done[name]:,} {name}" for name in names if done[name]]:
            more = f"; rejects are in {self._config.rejects}" if done["rejected"] else ""
            log.info("%s: %s%s", self._config.source, ", ".join(told), more)

    def _say(self, error: Exception) -> None:
        text = str(error) or repr(error)
        if text not in self._said and len(self._said) < _TEXTS:
            log.error("%s", text, exc_info=None if isinstance(error, RecsysError | OSError) else error)
            self._said.add(text)

    def _well(self) -> None:
        if self._said:
            log.info("%s: following goes on", self._config.source)
        self._said.clear()


def _until_broken(rows: Iterable[Row], errors: list[SourceError]) -> Iterator[Row]:
    """The rows; the error that ends them is added to `errors`."""
    try:
        yield from rows
    except SourceError as error:
        errors.append(error)


def _numbers(report: IngestReport) -> dict[str, int]:
    """By name: new and changed, with or without a warning, stale, rejected."""
    warned = report.warned_outcomes
    return {
        "new": report.new + warned.get(Outcome.NEW, 0),
        "changed": report.changed + warned.get(Outcome.CHANGED, 0),
        "stale": report.stale,
        "rejected": report.rejected,
    }
