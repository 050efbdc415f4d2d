"""Runs and judgments in the files of trec_eval, which every other evaluation tool reads.

A run has lines of `query Q0 article rank score system`, judgments have lines of `query 0 article gain`. Fields end at
white space, so ids may hold none.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from eval.judgments import Judgments
from eval.runs import Ranked, Run, single
from recsys.errors import ConfigError, SourceError

_STEP = 1e-6  # between answers whose scores do not fall; far above the smallest 32-bit numbers, which some tools lose


def write_trec(run: Run, path: Path) -> None:
    """Write a TREC run file that every tool puts into the run's own order.

    Tools order by score alone and hold it in 32 bits, so scores are written rounded to these, and one that does not
    fall is set just below the one before. Spaces in the system's name become `_`. An empty list has no line.

    Raises:
        ConfigError: an id cannot stand in this format, or the file cannot be written.
    """
    tag = "_".join(run.system.split())
    lines = [
        f"{_token(query)} Q0 {_token(answer.doc)} {answer.rank} {score:.9g} {tag}\n"
        for query, answers in run.lists.items()
        for answer, score in zip(answers, _falling(answers), strict=True)
    ]
    replace_text(path, "".join(lines))


def read_trec(path: Path) -> Run:
    """A run from a TREC run file, in the order that trec_eval gives it: by score, then by id; its ranks are not read.

    Raises:
        SourceError: the file cannot be read, a line is not one of a run, or an answer stands twice.
    """
    systems: set[str] = set()
    scores: dict[str, dict[str, float]] = {}
    for where, (query, _, doc, _, text, system) in _lines(path, "query Q0 article rank score system"):
        found = scores.setdefault(query, {})
        if doc in found:
            raise SourceError(f"{where}: query {query!r} is answered {doc!r} for a second time; keep one line")
        found[doc] = _finite(text, where, "score")
        systems.add(system)
    if len(systems) != 1:
        raise SourceError(f"{path}: {len(systems)} systems in one file; a run holds the answers of one")
    return Run.by_score(systems.pop(), scores)


def write_qrels(judgments: Judgments, path: Path) -> None:
    """Write judgments as TREC qrels.

    Raises:
        ConfigError: a gain is not a whole number, an id cannot stand in this format, or the file cannot be written.
    """
    lines = [
        f"{_token(query)} 0 {_token(doc)} {_whole(gain, query, doc)}\n"
        for query, known in judgments.gains.items()
        for doc, gain in known.items()
    ]
    replace_text(path, "".join(lines))


def read_qrels(path: Path, source: str = "qrels") -> Judgments:
    """Judgments from TREC qrels. A gain below 0 (spam, not judged) is no relation and becomes 0, as for trec_eval.

    Raises:
        SourceError: the file cannot be read, a line is not one of qrels, or a pair stands twice.
    """
    gains: dict[str, dict[str, float]] = {}
    for where, (query, _, doc, text) in _lines(path, "query 0 article gain"):
        known = gains.setdefault(query, {})
        if doc in known:
            raise SourceError(f"{where}: query {query!r} and {doc!r} are judged for a second time; keep one line")
        known[doc] = max(0.0, _finite(text, where, "gain"))
    return Judgments(gains, source)


def replace_text(path: Path, text: str) -> None:
    """Write the whole file or leave the old one.

    Raises:
        ConfigError: it cannot be written.
    """
    aside = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8", newline="")
        aside.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error}; name another file") from error


def _falling(answers: tuple[Ranked, ...]) -> Iterator[float]:
    """The scores in 32 bits, each below the one before."""
    limit = np.finfo(np.float32)
    last = np.float32(np.inf)
    for answer in answers:
        score = np.float32(np.clip(single(answer.score), limit.min, limit.max))
        if not score < last:
            score = np.float32(min(last - np.float32(_STEP), np.nextafter(last, np.float32(-np.inf))))
        if not np.isfinite(score):
            raise ConfigError(f"the score of {answer.doc!r} is {answer.score}: too low for a TREC file; write .jsonl")
        last = score
        yield float(score)


def _lines(path: Path, form: str) -> Iterator[tuple[str, list[str]]]:
    """The fields of each line that is not blank, beside the place to name in an error."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise SourceError(f"{path}: {error}") from error
    for number, line in enumerate(lines, start=1):
        where = f"{path}, line {number}"
        try:
            fields = [field.decode() for field in line.split()]  # bytes: only ASCII white space ends a field
        except UnicodeDecodeError as error:
            raise SourceError(f"{where}: not UTF-8 ({error}); convert the file") from error
        if not fields:
            continue
        if len(fields) != len(form.split()):
            raise SourceError(f"{where}: {len(fields)} fields; a line is `{form}`")
        yield where, fields


def _finite(text: str, where: str, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SourceError(f"{where}: {what} {text!r} is not a finite number")
    return number


def _token(identity: str) -> str:
    if "\0" in identity or identity.encode().split() != [identity.encode()]:  # tools in C end a text at NUL
        raise ConfigError(f"id {identity!r} is empty or has white space or NUL, which a TREC file cannot hold")
    return identity


def _whole(gain: float, query: str, doc: str) -> int:
    if gain != int(gain):
        raise ConfigError(f"gain {gain} of {query!r} and {doc!r}: TREC qrels hold whole numbers only")
    return int(gain)
