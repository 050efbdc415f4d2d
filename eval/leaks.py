"""Answers from the future: a check of any run, ours or another tool's, that shares no code with what ranks.

It reads the dates that readers see on the cards, not the columns that the filters use.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from eval.asof import AsOf
from eval.markdown import cell
from eval.runs import Run
from recsys.errors import ConfigError
from recsys.release import Release


class Why(StrEnum):
    """What is wrong with an answer."""

    LATER = "published later"
    UNDATED = "no date"
    UNKNOWN = "not in the release"
    NO_MOMENT = "the query article has no date in the release"


@dataclass(frozen=True, slots=True)
class Leak:
    """An answer that cannot be shown to have been published by the moment of its query (both aware, or unknown)."""

    query: str
    doc: str
    rank: int
    why: Why
    published: datetime | None
    moment: datetime | None


def leaks(run: Run, release: Release, as_of: AsOf) -> tuple[Leak, ...]:
    """Every answer that was published after its query's moment, or of which nobody can tell, in the run's order.

    The moment itself is no leak. A query that the release lacks has no publication time of its own.

    Raises:
        ConfigError: `as_of` names no moment, so nothing could be late.
    """
    if not as_of:
        raise ConfigError("as_of is any time: a leak is an answer later than a moment; give one, or 'published'")
    dates = _dates(release, {name for query, answer in run for name in (query, answer.doc)})
    found = []
    for query, answer in run:
        moment = dates.get(query) if as_of.own else as_of.moment
        why = _why(answer.doc, dates, moment)
        if why is not None:
            found.append(Leak(query, answer.doc, answer.rank, why, dates.get(answer.doc), moment))
    return tuple(found)


def leak_table(run: Run, found: Iterable[Leak], show: int = 10) -> str:
    """Markdown: how many answers leak and the first `show` of them."""
    found = list(found)
    lines = [f"{cell(run.system)}: {len(found)} of {sum(1 for _ in run)} answers leak", ""]
    if found:
        lines += ["| query | its moment | answer | rank | published | why |", "|---|---|---|---:|---|---|"]
    for leak in found[:show]:
        lines.append(
            f"| {cell(leak.query)} | {_shown(leak.moment)} | {cell(leak.doc)} | {leak.rank} | {_shown(leak.published)}"
            f" | {leak.why} |"
        )
    return "\n".join(lines).strip()


def _dates(release: Release, names: Iterable[str]) -> dict[str, datetime | None]:
    """When each of those articles that the release has was published, as its card says."""
    rows = {name: release.row(name) for name in names if name in release}
    return {name: release.card(row).published_at for name, row in rows.items()}


def _why(doc: str, dates: dict[str, datetime | None], moment: datetime | None) -> Why | None:
    if moment is None:
        return Why.NO_MOMENT
    if doc not in dates:
        return Why.UNKNOWN
    published = dates[doc]
    if published is None:
        return Why.UNDATED
    return Why.LATER if published > moment else None


def _shown(moment: datetime | None) -> str:
    return "–" if moment is None else moment.isoformat()
