"""The tables of a report, once, for the page, for LaTeX and for the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from eval.aspects import ASPECTS
from eval.markdown import cell
from eval.report.estimates import Estimate
from eval.report.study import Study


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts: the first column names the line, the others hold figures.

    `strong` are the names of lines that stand out.
    """

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[str] = frozenset()

    def markdown(self, names: Sequence[str] = ()) -> str:
        """The table in Markdown; only the lines of these names where any are given.

        >>> print(Table("t", "", ("system", "n"), (("ours", "2"),)).markdown())
        | system | n |
        |---|---:|
        | ours | 2 |
        """
        kept = [row for row in self.rows if not names or row[0] in names]
        lines = [self.columns, *kept]
        text = [f"| {' | '.join(map(cell, line))} |" for line in lines]
        return "\n".join([text[0], f"|---|{'---:|' * (len(self.columns) - 1)}", *text[1:]])


def tables(study: Study) -> tuple[Table, ...]:
    """All of them, in the order of the page."""
    found = [accuracy(study), comparison(study), aspects(study)]
    if len(study.systems[0].by_source) > 1:
        found.insert(2, by_source(study))
    return tuple(found)


def accuracy(study: Study) -> Table:
    """Each system's means with their intervals."""
    measures = [str(one) for one in study.config.measures]
    rows = tuple(
        (one.system, *(_interval(study.estimates[one.system][name]) for name in measures)) for one in study.systems
    )
    first = study.estimates[study.baseline][measures[0]]
    caption = (
        f"Means over {first.n} articles asked ({first.clusters} clusters), in brackets the"
        f" {1 - study.config.compare.alpha:.0%} bootstrap interval. Larger is better."
    )
    return Table("accuracy", caption, ("system", *measures), rows, _strong(study))


def comparison(study: Study) -> Table:
    """Each system against the baseline."""
    rows = tuple(
        (
            c.system,
            f"{c.effect:+.4f}",
            f"[{c.low:+.4f}, {c.high:+.4f}]",
            f"{c.corrected_p:.2g}",
            f"{c.detectable:.4f}",
            f"{c.queries} ({c.clusters})",
            verdict(c.winner, c.system),
        )
        for c in study.comparisons
    )
    variants = study.comparisons[0].variants
    why = ", the best of the baselines," if study.best else ""
    caption = (
        f"Differences in {study.config.measure} to {study.baseline}{why} paired by article asked; p by sign flips,"
        f" after Holm's correction for {variants} systems. Better or worse is said only where that p is below"
        f" {study.config.compare.alpha:g} and the interval leaves out 0."
    )
    columns = ("system", "difference", "interval", "p (Holm)", "smallest detectable", "n (clusters)", "verdict")
    return Table("comparison", caption, columns, rows, _strong(study))


def verdict(winner: str | None, system: str) -> str:
    """What may be said of a system, given who won."""
    return "no difference shown" if winner is None else "better" if winner == system else "worse"


def aspects(study: Study) -> Table:
    """What the lists look like, one aspect a line."""
    names = [str(aspect) for aspect in ASPECTS]
    rows = tuple(
        (name, *(_number(one.looks.aspects[name]) for one in study.systems), _number(study.catalogue[name]))
        for name in names
    )
    caption = "What the lists look like, whatever is judged. The last column is the catalogue, every article once."
    return Table("aspects", caption, ("aspect", *(one.system for one in study.systems), "catalogue"), rows)


def by_source(study: Study) -> Table:
    """The chosen measure for each source of judgments alone; their gains are on different scales."""
    sources = tuple(study.systems[0].by_source)
    rows = tuple((one.system, *(f"{one.by_source[source]:.4f}" for source in sources)) for one in study.systems)
    caption = f"{study.config.measure} by source of judgments, whose gains are on scales of their own."
    return Table("sources", caption, ("system", *sources), rows, _strong(study))


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.4f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"


def _strong(study: Study) -> frozenset[str]:
    return frozenset((study.config.system, study.baseline))
