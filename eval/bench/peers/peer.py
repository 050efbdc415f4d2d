"""What a peer is: settings that build something over the task's articles, which then answers by id."""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Protocol

from eval.bench.peers.own_postgres import own_postgres, programs
from eval.bench.peers.task import Item, Narrow, Task

INSTALL = "pip install 'news-recsys[peers]'"


class Place:
    """Where peers put what they build: a folder, and a PostgreSQL that is started when the first asks for it.

    Args:
        folder: for files; it must be there.
        url: of a PostgreSQL where a schema of its own may be made; "" for a server of our own.

    Attributes:
        starting: seconds that starting our own server took.
    """

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.starting = 0.0
        self._url = url
        self._open = ExitStack()

    def postgres(self) -> str:
        """The address of the server, for psycopg."""
        if not self._url:
            began = perf_counter()
            self._url = self._open.enter_context(own_postgres())
            self.starting += perf_counter() - began
        return self._url

    def has_postgres(self) -> bool:
        """Whether there is one, or its programs are there."""
        return bool(self._url) or programs() is not None

    def close(self) -> None:
        """End the server, if it is ours."""
        self._open.close()


class Built(Protocol):
    """What answers."""

    @property
    def efforts(self) -> Sequence[int]:
        """How hard it may look for an answer, the least first; one that looks at all has only one."""
        ...

    def similar(self, article_id: str, narrow: Narrow, k: int, effort: int) -> Sequence[Item]:
        """At most k cards, best first, never that of the article itself."""
        ...

    def size(self) -> int | None:
        """Bytes of the index and of what it keeps of the articles; None where they cannot be told."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


class Peer(Protocol):
    """One peer. It is a frozen dataclass whose fields are its settings."""

    @property
    def name(self) -> str:
        """As `--set peers.peers=` takes it."""
        ...

    @property
    def settings(self) -> str:
        """In words, but for the effort."""
        ...

    @property
    def remark(self) -> str:
        """What it cannot do, or does otherwise than asked."""
        ...

    def lacks(self, place: Place) -> str:
        """How to get what it needs and is not there; "" where nothing is missing."""
        ...

    def build(self, task: Task, place: Place) -> Built:
        """Over all articles of the task."""
        ...


def missing(*modules: str) -> str:
    """How to get these modules, "" where they are there."""
    absent = [name for name in modules if find_spec(name) is None]
    return f"{', '.join(absent)} is not installed: {INSTALL}" if absent else ""


def bytes_in(folder: Path) -> int:
    """Of all files below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def made(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
