"""The results as Markdown, for people."""

from collections.abc import Iterable

from eval.bench.machine import Machine
from eval.bench.meter import DISTURBED
from eval.bench.results import Figure, Result
from eval.bench.run import Ran
from eval.markdown import cell


def table(machine: Machine, ran: Iterable[Ran]) -> str:
    """One line a result; the machine above, what failed and what must be known below."""
    lines = [machine.line(), "", "| benchmark | case | what | found |", "|---|---|---|---|"]
    notes = []
    for one in ran:
        lines += [_line(one.name, found) for found in one.results]
        notes += [f"{one.name}, {found.case}, {found.what}: {found.note}." for found in one.results if found.note]
        if one.others > DISTURBED:
            notes.append(
                f"{one.name}: other programs used {one.others:.1f} cores meanwhile, so these times are too long"
            )
        if one.error:
            notes.append(f"{one.name} FAILED: {one.error}")
    return "\n".join([*lines, *(["", *(f"- {note}" for note in notes)] if notes else [])])


def _line(name: str, found: Result) -> str:
    shown = ", ".join(_figure(figure, found.unit) for figure in found.figures) or "-"
    return f"| {cell(name)} | {cell(found.case)} | {cell(found.what)} | {cell(shown)} |"


def _figure(figure: Figure, unit: str) -> str:
    """Such as "p50 8.1 ms (7.9 to 8.4)", the brackets holding half of the repetitions."""
    spread = "" if figure.low is None or figure.high is None else f" ({_short(figure.low)} to {_short(figure.high)})"
    return f"{figure.name} {_short(figure.value)} {unit}".strip() + spread


def _short(value: float) -> str:
    """Three digits that count, thousands apart.

    >>> _short(1234.5), _short(0.01234), _short(12.0)
    ('1,234', '0.0123', '12')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
