"""What is known to be related: links that editors made by hand."""

import csv
from dataclasses import dataclass
from pathlib import Path

from recsys.errors import SourceError


@dataclass(frozen=True, slots=True)
class Judgments:
    """For each article id the ids of its related articles and their gain (> 0, larger is better)."""

    gains: dict[str, dict[str, float]]

    def __len__(self) -> int:
        return len(self.gains)


def read_links(path: Path) -> Judgments:
    """Judgments from a tab-separated file with the columns article_id, related_id and, optionally, gain (default 1).

    A link of an article to itself is left out; of two lines for one pair the larger gain counts.

    Raises:
        SourceError: the file cannot be read, lacks a column, or a gain is not a number > 0.
    """
    gains: dict[str, dict[str, float]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t")
            if missing := {"article_id", "related_id"} - set(reader.fieldnames or ()):
                raise SourceError(
                    f"{path}: no column {', '.join(sorted(missing))}; its first line must name the columns"
                )
            for row in reader:
                article, related, gain = (
                    row["article_id"],
                    row["related_id"],
                    _gain(row.get("gain"), path, reader.line_num),
                )
                if article != related:
                    known = gains.setdefault(article, {})
                    known[related] = max(gain, known.get(related, 0.0))
    except OSError as error:
        raise SourceError(f"{path}: {error}") from error
    return Judgments(gains)


def _gain(text: str | None, path: Path, line: int) -> float:
    try:
        gain = float(text or 1)
    except ValueError:
        gain = 0.0
    if not gain > 0:
        raise SourceError(f"{path}, line {line}: gain {text!r} is not a number > 0")
    return gain
