"""The real data sets: where each lies, what its columns mean, what its people judged, and what we claim on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eval.judged.kinds import read_judgments
from eval.judged.lines import json_rows
from eval.judgments import Judgments
from eval.papers.conversion import CONVERTERS, convert
from recsys.errors import ConfigError

Task = Literal["related", "same event", "human"]
"""Which figure is asked for: nDCG@10 against baselines, precision@1, or Spearman's correlation with people."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What we claim: shares of the best baseline's error that are removed, with the built-in and with tuned weights."""

    built_in: float
    tuned: float


@dataclass(frozen=True, slots=True)
class Paper:
    """A data set that the programs can read.

    Attributes:
        articles: what `ingest` is given; mapping: which of its columns mean what (`--map`), "" where none differs.
        judged: the file of judgments; kind: its kind, one of `eval.judged.kinds.KINDS`.
        forced: why the night's checks would refuse it, so that it is built with `--force`; "" where they do not.
    """

    name: str
    articles: Path
    judged: Path
    kind: str = "links"
    mapping: str = ""
    task: Task = "related"
    forced: str = ""

    def judgments(self) -> Judgments:
        """What people judged.

        Raises:
            SourceError: the file cannot be read.
        """
        return read_judgments(self.judged, self.kind)

    def clusters(self) -> Mapping[str, str] | None:
        """For each article of a story its story, as articles of one story are not independent; None for links.

        Raises:
            SourceError: the file cannot be read.
        """
        if self.kind != "stories":
            return None
        rows = [row for _, row in json_rows(self.judged) if row.get("story") not in (None, "")]
        return {str(row["id"]): str(row["story"]) for row in rows}


BARS = {"abp": Bar(0.22, 0.50), "govblogs": Bar(0.08, 0.12), "wiki_current_events": Bar(0.20, 0.27),
        "uci_news_aggregator": Bar(0.35, 0.82)}  # fmt: skip
MEAN_BAR = 0.25
"""Error removed with the built-in weights, mean over the papers of `BARS`."""
SAME_EVENT_BAR = 0.97
"""Precision@1 where the task is to find the same event."""
HUMAN_BAR = 0.80
"""Spearman's correlation with people."""

_BLOGS = "published_at=date,standfirst=summary,tags=topics"
_NO_DATES = "no article has a date"
_FULL_TEXT = {"abp": "published_at=published", "govblogs": _BLOGS}
_TASKS: dict[str, tuple[Task, str]] = {
    "wiki_current_events": ("related", ""),
    "uci_news_aggregator": ("related", "no article has a body"),
    "ecbplus": ("same event", _NO_DATES),
    "fnc1": ("same event", _NO_DATES),
    "semeval22_task8": ("human", _NO_DATES),
}
NAMES = (*_FULL_TEXT, *_TASKS)


def known_papers(data: Path, work: Path, only: tuple[str, ...] = ()) -> list[Paper]:
    """The sets found under `data`, or those of them that are named; what ingest cannot read is converted into `work`.

    Raises:
        ConfigError: a name that no set has.
        SourceError: a set cannot be read.
    """
    if unknown := set(only) - set(NAMES):
        raise ConfigError(f"no paper is named {', '.join(sorted(unknown))}: known are {', '.join(NAMES)}")
    wanted = [name for name in NAMES if not only or name in only]
    found = [_with_links(name, data) if name in _FULL_TEXT else _converted(name, data, work) for name in wanted]
    return [paper for paper in found if paper is not None]


def _with_links(name: str, data: Path) -> Paper | None:
    folder = data / name
    paper = Paper(name, folder / "articles.jsonl.gz", folder / "links.tsv", mapping=_FULL_TEXT[name])
    return paper if paper.articles.exists() else None


def _converted(name: str, data: Path, work: Path) -> Paper | None:
    source = data / name / CONVERTERS[name].file
    if not source.exists():
        return None
    task, forced = _TASKS[name]
    articles = work / name / "articles.jsonl"
    convert(name, source, articles)
    judged, kind = (source, "pairs") if task == "human" else (articles, "stories")
    return Paper(name, articles, judged, kind, task=task, forced=forced)
