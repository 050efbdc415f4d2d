"""What a victim of test_survival.py is told, the articles that it writes, and where it notes what it did.

Before a write a victim notes what it will do, and once that is acknowledged that it is, each as one line of its ledger.
A line goes to the system in one call, so that it survives the process.
"""

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from recsys.articles import Article
from recsys.records import read

Op = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Paper:
    """An invented newspaper on disk: its store, and the key of its CMS."""

    folder: Path
    url: str
    secret: str = ""

    @property
    def releases(self) -> Path:
        """The folder of its releases."""
        return self.folder / "releases"


@dataclass(frozen=True, slots=True)
class Task:
    """What a victim is told: the paper, its file of notes, a seed, the versions and takedowns of its own articles."""

    paper: Paper
    ledger: Path
    seed: int
    versions: Mapping[str, int]
    down: frozenset[str]
    breath: Connection  # it ends when all processes of the victim have ended
    door: socket.socket | None = None  # where a service listens
    address: str = ""  # where its CMS finds it


class Ledger:
    """A victim's notes."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def will(self, op: Op) -> None:
        """It is about to do this."""
        os.write(self._file, json.dumps({"will": op}).encode() + b"\n")

    def done(self, **answer: Any) -> None:
        """What it said last is acknowledged."""
        os.write(self._file, json.dumps({"done": answer}).encode() + b"\n")


def record(key: str, version: int) -> Mapping[str, Any]:
    """The one version of the one article, as a CMS sends it."""
    number = sum(map(ord, key)) % 40
    return {
        "id": key,
        "title": f"Story {key}, version {version}",
        "url": f"https://paper.example/{key}",
        "body": f"word{number} word{number % 3} harbour council " + f"change{version} " * (version % 7),
        "section": f"news/{number % 3}",
        "tags": [f"version {version}"],
        "published_at": (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=number)).isoformat(),
    }


def article(key: str, version: int) -> Article:
    """The same as the store has it."""
    return read(record(key, version), {}, datetime(2021, 1, 1, tzinfo=UTC)).article
