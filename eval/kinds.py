"""Every kind of file that judgments are read from, by one name, and the options of every command that reads them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

from eval.clicks import read_clicks
from eval.human import read_pairs
from eval.judgments import Judgments, merged, read_links
from eval.stories import read_stories
from eval.trec import read_qrels
from eval.widget_log import read_widget_log
from recsys.errors import ConfigError

_READERS: Mapping[str, tuple[Callable[[Path], Judgments], str]] = {
    "links": (read_links, "article_id, related_id, gain; with tabs."),
    "stories": (read_stories, "story, article_id; with tabs, or JSON lines."),
    "qrels": (read_qrels, "Judgments in the format of TREC."),
    "clicks": (read_clicks, "Click log in the layout of MIND's behaviors.tsv."),
    "widget-log": (read_widget_log, "The site's own log of its lists, JSON lines."),
    "pairs": (lambda path: read_pairs(path).judgments(), "Human similarity: article_id, other_id, similarity."),
}
KINDS = tuple(_READERS)


def read_judgments(path: Path, kind: str) -> Judgments:
    """Judgments from a file of one of `KINDS`, with their source.

    Raises:
        ConfigError: there is no such kind.
        SourceError: the file cannot be read.
    """
    if kind not in _READERS:
        raise ConfigError(f"no judgments of kind {kind!r}; the kinds are {', '.join(KINDS)}")
    return _READERS[kind][0](path)


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


def judged(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of all kinds of judgments; it is called with them read, as `judgments`."""

    def read(**options: object) -> None:
        paths: dict[str, Sequence[Path]] = {kind: options.pop(_name(kind)) for kind in KINDS}  # type: ignore[misc]
        if not any(paths.values()):
            raise click.UsageError(f"give at least one of {', '.join(f'--{kind}' for kind in KINDS)}")
        command(judgments=read_all(paths), **options)

    read.__doc__, read.__name__ = command.__doc__, command.__name__
    read.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    for kind, (_, text) in reversed(list(_READERS.items())):
        option = click.option(
            f"--{kind}", _name(kind), multiple=True, type=click.Path(path_type=Path), help=f"{text} May be repeated."
        )
        read = option(read)
    return read


def _name(kind: str) -> str:
    return kind.replace("-", "_")
