"""Item-to-item judgments from logs in the layout of MIND's `behaviors.tsv` (Wu et al., ACL 2020).

A line has the columns impression, user, time, history, impressions, with tabs and without a header:

    1   U13740   11/11/2019 9:05:58 AM   N55189 N42782   N55689-1 N35729-0

What was clicked is held to belong to the last article of the history, the one that was read just before; a line without
a history only tells how often articles are clicked at all. The columns impression, user and time are not looked at, and
only counts are kept: no line of the result can be led back to a reader.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eval.judged.coec import ClickConfig, Evidence, judged
from eval.judged.lines import log_lines
from eval.judgments import Judgments


@dataclass(frozen=True, slots=True)
class Impression:
    """One list that was shown: the article read before ("" where none is known), and for each one shown if clicked."""

    last: str
    shown: dict[str, bool]


def read_clicks(path: Path, config: ClickConfig | None = None, source: str = "clicks") -> Judgments:
    """Judgments for the pairs (last article read, article clicked); see `eval.judged.coec` for their gain.

    A pair's expected clicks are its showings times the share of showings at which the second article is clicked after
    any article. One that is clicked after this article no more than after others has gain 0, so what everybody clicks
    is not related to everything; gain 1 is a little more than twice as often. Places are not known (MIND shuffles its
    lists). Pairs that were never clicked are left out.

    The file (`.gz` too) is read twice, so that memory grows with the clicked pairs only. A bad line is left out and
    reported, see `log_lines`.

    Raises:
        SourceError: the file cannot be read, or not one line of it.
    """
    clicked: dict[str, Counter[str]] = {}
    clicks_of, shown_of = Counter[str](), Counter[str]()
    for impression in log_lines(path, parse):
        shown_of.update(impression.shown.keys())
        chosen = [other for other, click in impression.shown.items() if click]
        clicks_of.update(chosen)
        if impression.last and chosen:
            clicked.setdefault(impression.last, Counter()).update(chosen)
    rates = {other: clicks / shown_of[other] for other, clicks in clicks_of.items()}
    return judged(_evidence(clicked, _showings(path, clicked), rates), config or ClickConfig(), source, neutral=1.0)


def parse(line: bytes) -> Impression:
    """The impression of a line.

    Raises:
        ValueError: the line is none; the text says why, and never what stands in it of a reader.
    """
    columns = line.decode().split("\t")
    if len(columns) != 5:
        raise ValueError(f"{len(columns)} columns, not the five of behaviors.tsv")
    shown: dict[str, bool] = {}
    for token in columns[4].split():
        article, dash, label = token.rpartition("-")
        if not dash or not article or label not in ("0", "1"):
            raise ValueError(f"{token!r} is not an article with -1 (clicked) or -0")
        shown[article] = shown.get(article, False) or label == "1"
    if not shown:
        raise ValueError("nothing was shown")
    history = columns[3].split()
    return Impression(history[-1] if history else "", shown)


def _showings(path: Path, clicked: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    """How often each pair that was clicked was shown."""
    shown: dict[str, Counter[str]] = {article: Counter() for article in clicked}
    for impression in log_lines(path, parse, report=False):
        if impression.last in clicked:
            shown[impression.last].update(impression.shown.keys() & clicked[impression.last].keys())
    return shown


def _evidence(
    clicked: dict[str, Counter[str]], shown: dict[str, Counter[str]], rates: dict[str, float]
) -> Iterator[Evidence]:
    for article, others in clicked.items():
        for other, clicks in others.items():
            if other != article:
                showings = shown[article][other]
                yield Evidence(article, other, showings, clicks, showings * rates[other])
