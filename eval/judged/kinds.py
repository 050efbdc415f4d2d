"""Every kind of file that judgments are read from, by one name."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from eval.judged.clicks import read_clicks
from eval.judged.human import read_pairs
from eval.judged.stories import read_stories
from eval.judged.widget_log import read_widget_log
from eval.judgments import Judgments, merged, read_links
from eval.trec import read_qrels
from recsys.errors import ConfigError

READERS: Mapping[str, tuple[Callable[[Path], Judgments], str]] = {
    "links": (read_links, "article_id, related_id, gain; with tabs."),
    "stories": (read_stories, "story, article_id; with tabs, or JSON lines."),
    "qrels": (read_qrels, "Judgments in the format of TREC."),
    "clicks": (read_clicks, "Click log in the layout of MIND's behaviors.tsv."),
    "widget-log": (read_widget_log, "The site's own log of its lists, JSON lines."),
    "pairs": (lambda path: read_pairs(path).judgments(), "Human similarity: article_id, other_id, similarity."),
}
"""Kind -> what reads it, and what the file looks like."""
KINDS = tuple(READERS)


def read_judgments(path: Path, kind: str) -> Judgments:
    """Judgments from a file of one of `KINDS`, with their source.

    Raises:
        ConfigError: there is no such kind.
        SourceError: the file cannot be read.
    """
    if kind not in READERS:
        raise ConfigError(f"no judgments of kind {kind!r}; the kinds are {', '.join(KINDS)}")
    return READERS[kind][0](path)


def read_all(paths: Mapping[str, Sequence[Path]]) -> Judgments:
    """The judgments of all files, kind -> files, merged; each stays whole in `parts` with its source.

    Raises:
        ConfigError: no file is given, or a kind is unknown.
        SourceError: a file cannot be read.
    """
    found = [read_judgments(path, kind) for kind, files in paths.items() for path in files]
    if not found:
        raise ConfigError(f"no judgments: give at least one file of {', '.join(KINDS)}")
    return merged(found)
