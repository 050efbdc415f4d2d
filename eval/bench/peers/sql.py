"""What the peers in SQL share: the articles' table, and the filter as a clause."""

from collections.abc import Iterator

from eval.bench.peers.task import Narrow, Task

ARTICLES = """CREATE TABLE articles (id text PRIMARY KEY, url text NOT NULL, title text NOT NULL, section text NOT NULL,
    published bigint NOT NULL, shown boolean NOT NULL"""


def records(task: Task) -> Iterator[tuple[str, str, str, str, int, bool]]:
    """A line of that table for each article."""
    facts = zip(task.items, task.sections, task.published.tolist(), task.shown.tolist(), strict=True)
    for item, section, published, shown in facts:
        yield (*item, section, published, shown)


def clause(narrow: Narrow, mark: str) -> str:
    """The filter on the articles `b`; `mark` stands for a value."""
    section = f" AND b.section = {mark}" if narrow.section is not None else ""
    since = f" AND b.published >= {mark}" if narrow.since is not None else ""
    return f"b.shown{section}{since}"


def values(narrow: Narrow) -> list[str | int]:
    """For the marks of `clause`, in its order."""
    section = [] if narrow.section is None else [narrow.section]
    return [*section, *([] if narrow.since is None else [int(narrow.since.timestamp())])]
