"""The work of one report, from runs to a folder of files."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from eval.judgments import Judgments
from eval.report.cases import cases
from eval.report.config import ReportConfig
from eval.report.document import Origin, document
from eval.report.latex import latex
from eval.report.page import counts, facts, page, short, title
from eval.report.study import Study, measured, study
from eval.report.tables import tables
from eval.runfiles import file_name, kept, read_jsonl
from eval.runs import Run
from eval.trec import replace_text, write_qrels, write_trec
from recsys.errors import ConfigError
from recsys.progress import track

T = TypeVar("T")
PAGE, DOCUMENT, PER_QUERY, QRELS = "report.html", "report.json", "per-query.tsv", "judgments.qrels"
MOST_PAIRS = 2_000_000  # in a file of judgments: n articles of one story are n * (n - 1) lines

log = logging.getLogger(__name__)


def write_report(
    runs: Iterable[Run],
    ours: Sequence[str],
    origin: Origin,
    config: ReportConfig,
    folder: Path,
    total: int | None = None,
) -> str:
    """Measure the runs one after another, write everything into `folder` and return a summary in Markdown.

        report.html      to read; it needs no other file
        report.json      every figure
        per-query.tsv    the chosen measure of every system for every article asked
        latex/*.tex      the tables
        runs/            what every system answered, JSON lines and TREC; judgments.qrels beside them

    TREC files are left out where an id or a gain cannot stand in them. The folder appears when it is complete.

    Args:
        runs: baselines first; each is needed only once.
        ours: names of the systems that are no baselines.
        total: how many runs there are, for the progress.

    Raises:
        ConfigError: the folder holds something already or cannot be written, or see `study`.
    """
    with _complete(folder) as new:
        found = []
        for run in track(kept(runs, new / "runs"), "report", total, unit="systems"):
            found.append(measured(run, origin.release, origin.judgments, config))
            _if_it_can(write_trec, run, new / "runs" / f"{file_name(run.system)}.trec")
        _if_it_can(_write_qrels, origin.judgments, new / QRELS)
        result = study(found, ours, origin.release, origin.judgments, config)
        _write(result, origin, new)
    return summary(result, origin, folder)


def summary(result: Study, origin: Origin, folder: Path) -> str:
    """What is printed: the comparison of our systems and where the page is."""
    lines = [f"# {title(result, origin)}", "", *(f"- {name}: {value}" for name, value in facts(result, origin)), ""]
    better, worse, same = counts(result)
    lines += [tables(result)[1].markdown(result.ours), "", *(f"- {line}" for line in short(result))]
    lines += [f"- {result.config.system}: better for {better} articles, worse for {worse}, the same for {same}", ""]
    return "\n".join([*lines, str(folder / PAGE)])


def _write(result: Study, origin: Origin, folder: Path) -> None:
    ours, theirs = (
        read_jsonl(folder / "runs" / f"{file_name(name)}.jsonl") for name in (result.config.system, result.baseline)
    )
    config = result.config
    beside = cases(
        origin.release, origin.judgments, result.differences, ours, theirs, show=config.show, length=config.length
    )
    replace_text(folder / PAGE, page(result, origin, beside))
    replace_text(folder / DOCUMENT, document(result, origin, beside).decode())
    replace_text(folder / PER_QUERY, _per_query(result, origin.judgments))
    for table in tables(result):
        replace_text(folder / "latex" / f"{table.name}.tex", latex(table))


def _per_query(result: Study, judgments: Judgments) -> str:
    """A line for each article asked, a column for each system; ids have no tabs or line ends of their own."""
    key = str(result.config.measure)
    lines = [("article_id", *(one.system for one in result.systems))]
    for query in judgments.gains:
        lines.append((_plain(query), *(f"{one.by_query[key][query]:.17g}" for one in result.systems)))
    return "".join("\t".join(line) + "\n" for line in lines)


def _plain(text: str) -> str:
    return " ".join(text.split("\t")).replace("\n", " ").replace("\r", " ")


def _write_qrels(judgments: Judgments, path: Path) -> None:
    pairs = sum(map(len, judgments.gains.values()))
    if pairs > MOST_PAIRS:
        raise ConfigError(f"{pairs} pairs are more than {MOST_PAIRS}: large stories have no place in a list of pairs")
    write_qrels(judgments, path)


def _if_it_can(write: Callable[[T, Path], None], content: T, path: Path) -> None:
    """Write a TREC file, or say why it is left out: an id with a blank or a gain of 0.5 has no place there."""
    try:
        write(content, path)
    except ConfigError as error:
        log.warning("%s is left out: %s", path.name, error)


@contextmanager
def _complete(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder` that takes its place when all went well, and is removed else."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ConfigError(f"{folder} holds something already: name a new folder for the report")
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise ConfigError(f"cannot write {folder}: {error}; name another folder") from error
    try:
        yield new
        new.chmod(0o755)  # mkdtemp's is for its owner alone
        new.replace(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
