"""Run benchmarks one after the other; one that fails is told, and the others still run."""

import logging
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eval.bench.benchmark import Benchmark, Room, options_of
from eval.bench.machine import Machine
from eval.bench.meter import Meter
from eval.bench.results import Result

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of one benchmark.

    Attributes:
        results: in their order; where it failed, those that came before.
        seconds: that it took in all.
        others: cores that other programs used meanwhile.
        error: "" where it ended well.
    """

    name: str
    what: str
    options: dict[str, Any]
    results: tuple[Result, ...]
    seconds: float
    others: float
    error: str = ""


def run(benchmarks: Iterable[Benchmark], work: Path) -> Iterator[Ran]:
    """Run them in their order; `work` is made where it is not there."""
    work.mkdir(parents=True, exist_ok=True)
    for benchmark in benchmarks:
        log.info("%s: %s", benchmark.name, benchmark.what)
        with tempfile.TemporaryDirectory(prefix="bench-", dir=work, ignore_cleanup_errors=True) as scratch:
            yield _run(benchmark, Room(work.absolute(), Path(scratch).absolute()))


def _run(benchmark: Benchmark, room: Room) -> Ran:
    results, error, began = list[Result](), "", time.monotonic()
    meter = Meter()
    try:
        for found in benchmark.measure(room):
            results.append(found)
            log.info("%s: %s, %s: %s", benchmark.name, found.case, found.what, _told(found))
    except Exception as raised:  # whatever it was, the others are measured
        error = f"{type(raised).__name__}: {raised}"
        log.exception("%s failed", benchmark.name)
    seconds = round(time.monotonic() - began, 1)
    return Ran(benchmark.name, benchmark.what, options_of(benchmark), tuple(results), seconds, meter.others(), error)


def _told(found: Result) -> str:
    figures = ", ".join(f"{figure.name} {figure.value:.4g} {found.unit}".strip() for figure in found.figures)
    return f"{figures} {found.note}".strip()


def as_json(machine: Machine, ran: Iterable[Ran], moment: str) -> dict[str, Any]:
    """All that a run found, for a file; `moment` says when it began, in ISO 8601."""
    return {"began_at": moment, "machine": asdict(machine), "benchmarks": [asdict(one) for one in ran]}
