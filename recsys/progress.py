"""How far a long piece of work is: a bar on a terminal, plain log lines anywhere else."""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Advance = Callable[[int], None]  # called with how many were done since the last call

log = logging.getLogger(__name__)


@contextmanager
def progress(
    label: str,
    total: int | None = None,
    *,
    unit: str = "articles",
    every: float = 30.0,
    terminal: bool | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Advance]:
    """Gives a function to call with the number done: `with progress("embed", total) as advance: … advance(64)`.

    On a terminal a tqdm bar on stderr with rate and time left; otherwise a log line (level INFO) at most every `every`
    seconds and one at the end, also when the work stops with an error. `terminal` is for tests; None asks stderr.
    """
    if sys.stderr.isatty() if terminal is None else terminal:
        from tqdm import tqdm  # for people only, and a service that has none must not wait for it

        with tqdm(total=total, desc=label, unit=f" {unit}", dynamic_ncols=True) as bar:

            def draw(number: int) -> None:
                bar.update(number)

            yield draw
        return
    start = last = clock()
    done = 0

    def advance(number: int) -> None:
        nonlocal done, last
        done += number
        if (now := clock()) - last >= every:
            last = now
            log.info("%s", _line(label, done, total, unit, now - start))

    ended = "stopped after"
    try:
        yield advance
        ended = "done in"
    finally:
        seconds = clock() - start
        rate = f" ({_rate(done / seconds)} {unit}/s)" if seconds > 0 else ""
        log.info("%s, %s %s%s", _line(label, done, total, unit, 0.0), ended, _span(seconds), rate)


def track(items: Iterable[Item], label: str, total: int | None = None, *, unit: str = "articles") -> Iterator[Item]:
    """`items` one by one, each counted once it has been dealt with."""
    with progress(label, total, unit=unit) as advance:
        for item in items:
            yield item
            advance(1)


def _line(label: str, done: int, total: int | None, unit: str, seconds: float) -> str:
    """Such as "embed: 1,200 of 16,456 articles, 95/s, 2 min 41 s left"."""
    counted = f"{done:,}" if total is None else f"{done:,} of {total:,}"
    parts = [f"{label}: {counted} {unit}"]
    if seconds > 0 and done:
        parts.append(f"{done / seconds:,.0f}/s")
        if total is not None and total >= done:
            parts.append(f"{_span((total - done) * seconds / done)} left")
    return ", ".join(parts)


def _rate(value: float) -> str:
    """Three digits that count, at the least: "9.31", "1,204"."""
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def _span(seconds: float) -> str:
    """Such as "45 s", "2 min 5 s", "3 h 20 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
