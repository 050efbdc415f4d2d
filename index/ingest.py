"""Articles in: files of records into the article store, with every record accounted for."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from index.rejects import Reject, RejectFile, shown
from index.report import IngestReport, Limit
from index.sources import Row, check, rows
from index.tally import Tally
from recsys.articles import Article
from recsys.cms import Fate
from recsys.errors import ConfigError, SourceError, StoreError
from recsys.full_export import FullExport
from recsys.records import Reading, read
from recsys.records.fields import Unusable, identifier
from recsys.store import ArticleStore, Outcome

LOG = logging.getLogger(__name__)
REJECT_LIMIT = Limit(0.05, is_share=True)
BATCH = 500  # records in one transaction
BATCH_CHARACTERS = 20_000_000  # or as many as this, so that long bodies do not fill the memory


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """How to ingest.

    `mapping` is canonical field to column of the source; `full` says that the files are all that there is; at most the
    share `retire_limit` of the usable articles is then retired; more rejects than `reject_limit` is a problem.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    rejects: Path = Path("rejects.jsonl")
    reject_limit: Limit = REJECT_LIMIT
    full: bool = False
    retire_limit: float = 0.2


def ingest(
    paths: Sequence[Path],
    store: ArticleStore,
    config: IngestConfig | None = None,
    now: datetime | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> IngestReport:
    """Put every record of the files into the store; `advance` is told how many more were read.

    A record that cannot be an article goes to the rejects file. A file that breaks off counts up to there; that, too
    many rejects, and a retirement that was refused are `problems` of the report. Articles are retired only where all
    files were read to their end, and never one whose record was rejected. `now` (aware) bounds the dates.

    Raises SourceError where a file is missing or of an unknown kind (before anything is stored), StoreError, and
    ConfigError for a limit that cannot be.
    """
    config = config or IngestConfig()
    if not 0 <= config.retire_limit <= 1:
        raise ConfigError(f"retire limit {config.retire_limit}: a share from 0 to 1 is expected")
    for path in paths:
        check(path)
    with ExitStack() as stack:
        rejects = stack.enter_context(closing(RejectFile(config.rejects)))
        export = stack.enter_context(store.full_export()) if config.full else None
        run = _Run(store, config, now or datetime.now(UTC), rejects, export)
        for path in paths:
            for number in run.file(path):
                advance(number)
        if run.columns_missing:
            LOG.warning("no record has a column %s: check --map", ", ".join(sorted(run.columns_missing)))
        return run.finish()


def take_in(
    where: str,
    found: Iterable[Row],
    store: ArticleStore,
    config: IngestConfig,
    rejects: RejectFile,
    now: datetime,
    cms: str | None = None,
) -> IngestReport:
    """Put rows that are no file's; `where` they are from is told in `rejects`, which stays open. Nothing is retired.

    With `cms` they are what this CMS says, see `recsys.cms`: of two versions the later stays, and what is canceled or
    withheld there is taken down until it is published again.

    A SourceError that `found` raises is a problem of the report. Raises StoreError.
    """
    run = _Run(store, config, now, rejects, None, cms)
    for _ in run.rows(where, found):
        pass
    return run.finish()


class _Run:
    """One ingest while it runs, and the articles that wait for their transaction."""

    def __init__(
        self,
        store: ArticleStore,
        config: IngestConfig,
        now: datetime,
        rejects: RejectFile,
        export: FullExport | None,
        cms: str | None = None,
    ) -> None:
        self._cms = cms
        self._store, self._config, self._now, self._rejects, self._export = store, config, now, rejects, export
        self._tally = Tally(now)
        self._columns_missing = set(config.mapping.values())
        self._rejected_before = rejects.count
        self._waiting: list[Reading] = []
        self._seen: list[str] = []
        self._characters = 0

    @property
    def columns_missing(self) -> set[str]:
        """The columns of the mapping that no record has had."""
        return self._columns_missing if self._read else set()

    def file(self, path: Path) -> Iterator[int]:
        """Take in one file; yields the number of records after each transaction."""
        yield from self.rows(str(path), _rows(path))

    def rows(self, where: str, found: Iterable[Row]) -> Iterator[int]:
        """The same of rows from anywhere."""
        done = 0
        try:
            for row in found:
                self._row(where, row)
                done += 1
                if len(self._seen) >= BATCH or done >= BATCH or self._characters >= BATCH_CHARACTERS:
                    self._flush(where)
                    yield done
                    done = 0
        except SourceError as error:
            if self._rejects.failed:
                raise
            self._tally.problems.append(str(error))
        self._flush(where)
        yield done

    def finish(self) -> IngestReport:
        """Retire what a full export lacks, and count up."""
        if self._config.reject_limit.exceeded(self._rejected, self._read):
            self._tally.problems.append(
                f"{self._rejected:,} of {self._read:,} records were rejected, the limit is"
                f" {self._config.reject_limit}: see {self._config.rejects}, or raise --reject-limit"
            )
        retired = self._retire()
        return self._tally.report(self._rejected, retired)

    @property
    def _rejected(self) -> int:
        return self._rejects.count - self._rejected_before

    @property
    def _read(self) -> int:
        return self._tally.total + self._rejected

    def _row(self, where: str, row: Row) -> None:
        if row.record is None:
            self._reject(where, row, Unusable("", row.text, row.error), _id_in(row.text, self._id_column()))
            return
        self._columns_missing -= row.record.keys()
        try:
            reading = read(row.record, self._config.mapping, self._now)
        except Unusable as error:
            self._reject(where, row, error, _id_of(row.record.get(self._id_column())))
            return
        if row.replaced:
            reading = replace(reading, warnings=(*reading.warnings, "not UTF-8"))
        self._waiting.append(reading)
        self._seen.append(reading.article.id)
        self._characters += _characters(reading.article)
        self._tally.read(reading.article)

    def _reject(self, where: str, row: Row, error: Unusable, article_id: str | None) -> None:
        column = self._config.mapping.get(error.field, error.field)
        self._rejects.write(Reject(where, row.line, column, shown(error.value), error.reason))
        if article_id is not None:  # its record is broken, but the export still has it
            self._seen.append(article_id)

    def _flush(self, where: str) -> None:
        outcomes = self._put(where)
        down = self._store.takedowns.among(reading.article.id for reading in self._waiting)
        for reading, outcome in zip(self._waiting, outcomes, strict=True):
            self._tally.put(reading, outcome, reading.article.id in down)
        if self._export is not None:
            self._export.add(self._seen)
        self._waiting, self._seen, self._characters = [], [], 0

    def _put(self, where: str) -> Sequence[Outcome | None]:
        """What became of those that wait; None where the store has a later version."""
        if self._cms is not None:
            taken = self._store.cms.take(self._waiting, self._cms)
            return [None if one.fate is Fate.STALE else Outcome(one.fate) for one in taken]
        articles, links = [one.article for one in self._waiting], [one.links for one in self._waiting]
        return self._store.put(articles, links, who=f"ingest {where}")

    def _retire(self) -> int:
        if self._export is None:
            return 0
        if self._tally.problems:
            self._tally.problems.append("nothing was retired: the export was not read well, see above")
            return 0
        try:
            return self._export.retire_absent(self._config.retire_limit)
        except StoreError as error:
            self._tally.problems.append(str(error))
            return 0

    def _id_column(self) -> str:
        return self._config.mapping.get("id", "id")


def _rows(path: Path) -> Iterator[Row]:
    """Those of the file, opened at the first: that it is gone by now is a problem like one in its middle."""
    yield from rows(path)


def _characters(article: Article) -> int:
    return len(article.body) + len(article.standfirst) + 1000


def _id_of(value: object) -> str | None:
    try:
        return identifier(value)
    except Unusable:
        return None


def _id_in(text: str, column: str) -> str | None:
    """The id that can still be made out in a broken line of JSON."""
    found = re.search(rf'"{re.escape(column)}"\s*:\s*(?:"([^"\\]{{1,500}})"|(\d{{1,20}}))', text[:10_000])
    return _id_of(found.group(1) or found.group(2)) if found else None
