"""Run files: JSON lines, which lose nothing, or TREC, which other tools read; the name of the file tells which."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from eval.runs import Ranked, Run, Scored
from eval.trec import read_trec, replace_text, write_trec
from recsys.answers import Source
from recsys.errors import ConfigError, SourceError


class _Answer(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """[article, score] or [article, score, source]."""

    doc: str
    score: float
    source: Source | None = None


class _List(msgspec.Struct, forbid_unknown_fields=True):
    """One line of the file: a query and its answers, best first."""

    system: str
    query: str
    answers: list[_Answer]


def write_run(run: Run, path: Path) -> None:
    """Write JSON lines where the name ends in `.jsonl`, a TREC run else; TREC has no place for the source of an answer.

    Raises:
        ConfigError: see `write_trec`.
    """
    (write_jsonl if path.suffix == ".jsonl" else write_trec)(run, path)


def read_run(path: Path) -> Run:
    """Read what `write_run` wrote, or another tool's TREC run.

    Raises:
        SourceError: the file cannot be read or is no run.
    """
    return (read_jsonl if path.suffix == ".jsonl" else read_trec)(path)


def kept(runs: Iterable[Run], folder: Path | None) -> Iterator[Run]:
    """The same runs; where there is a `folder`, each is also written there, as `SYSTEM.jsonl`, when its turn comes.

    Raises:
        ConfigError: a file cannot be written, or two systems would have the same file.
    """
    written: dict[str, str] = {}
    for run in runs:
        if folder is not None:
            name = file_name(run.system)
            if written.setdefault(name, run.system) != run.system:
                raise ConfigError(
                    f"runs of {written[name]!r} and {run.system!r} would both be {name}.jsonl: rename one"
                )
            write_jsonl(run, folder / f"{name}.jsonl")
        yield run


def file_name(system: str) -> str:
    """What the file of a system's run is called, without its ending: its letters and digits, as small letters.

    >>> file_name("TF-IDF of titles")
    'tf-idf-of-titles'
    """
    return re.sub(r"[\W_]+", "-", system.lower()).strip("-") or "run"


def write_jsonl(run: Run, path: Path) -> None:
    """Write one line a query: `{"system": …, "query": …, "answers": [[article, score, source], …]}`; nothing is lost.

    The source is left out where there is none.

    Raises:
        ConfigError: the file cannot be written.
    """
    lines = (
        msgspec.json.encode({"system": run.system, "query": query, "answers": [_scored(answer) for answer in answers]})
        for query, answers in run.lists.items()
    )
    replace_text(path, "".join(f"{line.decode()}\n" for line in lines))


def read_jsonl(path: Path) -> Run:
    """A run from the lines that `write_jsonl` writes; the order of the answers is that of the file.

    Raises:
        SourceError: the file cannot be read, is no run, or holds a query or an answer twice.
    """
    decoder = msgspec.json.Decoder(_List)
    found: dict[str, list[Scored]] = {}
    systems: set[str] = set()
    try:
        for number, text in enumerate(path.read_bytes().split(b"\n"), start=1):
            if not text.strip():
                continue
            line = _decoded(decoder, text, f"{path}, line {number}")
            if line.query in found:
                raise SourceError(f"{path}, line {number}: query {line.query!r} for a second time; keep one line")
            found[line.query] = [(answer.doc, answer.score, answer.source) for answer in line.answers]
            systems.add(line.system)
    except OSError as error:
        raise SourceError(f"{path}: {error}") from error
    if len(systems) != 1:
        raise SourceError(f"{path}: {len(systems)} systems in one file; a run holds the answers of one")
    try:
        return Run.of(systems.pop(), found)
    except ConfigError as error:
        raise SourceError(f"{path}: {error}") from error


def _scored(answer: Ranked) -> Scored:
    known = (answer.doc, answer.score)
    return known if answer.source is None else (*known, answer.source)


def _decoded(decoder: "msgspec.json.Decoder[_List]", text: bytes, where: str) -> _List:
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SourceError(f"{where}: {error}; a line has system, query and answers") from error
