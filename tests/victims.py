"""Processes that are killed: each does one kind of real work for ever, on articles of its own, and notes what it did.

Before a write a victim notes what it will do, and once that is acknowledged that it is, each as one line of its ledger.
A line goes to the system in one call, so that it survives the process. Kinds that end in `_naively` are the controls.
"""

import io
import json
import os
import random
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fakes import FakeEmbedder

import recsys.embedding
import recsys.vectors
import service.app
import service.settings
from index import publish
from index.__main__ import main
from recsys.articles import Article
from recsys.edits import Edit
from recsys.manifest import MANIFEST, Manifest
from recsys.putting import Condition, Written
from recsys.records import read
from recsys.release import CURRENT, current_id
from recsys.rules import Action, Kind, Rule, Subject
from recsys.store import ArticleStore

Op = dict[str, Any]
NIGHT_ARTICLES, FOLLOWED = 24, 6  # of one export
RANGE = 12  # articles that a writer writes


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


def enter(kind: str, task: Task) -> None:
    """What the new process does: the work of its kind, with its words in a file. Its children share its group."""
    os.setsid()
    log = os.open(task.paper.folder / "victims.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    recsys.embedding.load_embedder = lambda *_, **__: FakeEmbedder()  # type: ignore[assignment]
    KINDS[kind](task, Ledger(task.ledger))


# --- the store's own interface ---


def desk(task: Task, ledger: Ledger) -> None:
    """Articles, takedowns and rules through the store."""
    store, dice = ArticleStore.open(task.paper.url), random.Random(task.seed)
    for op in _writes("d", task, dice, rules=True):
        ledger.will(op)
        ledger.done(**_write(store, op))


def desk_naively(task: Task, ledger: Ledger) -> None:
    """It acknowledges what is yet to be committed."""
    store, dice = ArticleStore.open(task.paper.url), random.Random(task.seed)
    for op in _writes("d", task, dice):
        ledger.will(op)
        ledger.done()
        _write(store, op)


def founder(task: Task, ledger: Ledger) -> None:
    """Makes one store after another, each with an article."""
    for number in count():
        url = f"sqlite:///{task.paper.folder}/{task.seed}/{number}.db"
        ledger.will({"do": "found", "url": url})
        with closing(ArticleStore.open(url, create=True)) as store:
            store.put([article("a", number)])
        ledger.done()


def _writes(prefix: str, task: Task, dice: random.Random, rules: bool = False) -> Iterator[Op]:
    versions, down, number = dict(task.versions), set(task.down), 0
    while True:
        key, chance = f"{prefix}{dice.randrange(RANGE):02}", dice.random()
        if chance < 0.5:
            keys = [key]
        elif chance < 0.75:
            keys = dice.sample([f"{prefix}{n:02}" for n in range(RANGE)], dice.randint(2, 6))
        elif rules and chance < 0.85:
            number += 1
            reason = f"{task.seed}-{number}"
            yield {"do": "rule", "reason": reason}
            yield {"do": "end", "reason": reason}
            continue
        else:
            yield {"do": "lift" if key in down else "down", "id": key}
            down ^= {key}
            continue
        versions |= {one: versions.get(one, 0) + 1 for one in keys}
        yield {"do": "put", "what": {one: versions[one] for one in keys}}


def _write(store: ArticleStore, op: Op) -> Op:
    """Do it; what the store answers."""
    match op["do"]:
        case "put":
            edits = [Edit(article(*one), condition=Condition()) for one in op["what"].items()]
            written = store.edits.put_all(edits)
            return {"change": max(one.change for one in written if isinstance(one, Written))}
        case "down":
            store.takedowns.take_down(op["id"], "A. Editor", "court order")
        case "lift":
            store.takedowns.lift(op["id"], "A. Editor", "settled")
        case "rule":
            now = datetime.now(UTC)
            subject = Subject(Kind.ARTICLE, "nobody")
            store.desk.add(Rule(Action.EXCLUDE, subject, "A. Editor", op["reason"], now, None), who="A. Editor")
        case "end":
            (rule,) = (rule for rule in store.desk.rules(datetime.now(UTC)) if rule.reason == op["reason"])
            store.desk.end(rule.id, "A. Editor", "settled")
    return {}


# --- over HTTP ---


def served(task: Task, ledger: Ledger) -> None:
    """A service of two workers."""
    settings = service.settings.Settings(task.paper.releases, store=task.paper.url)
    os.fork()
    assert task.door is not None
    config = uvicorn.Config(service.app.create_app(settings), log_level="warning", ws="none")
    uvicorn.Server(config).run(sockets=[task.door])


def cms(task: Task, ledger: Ledger) -> None:
    """Writes over HTTP; what is not answered is sent again, as a CMS must."""
    head = {"Authorization": f"Bearer {task.paper.secret}"}
    with httpx.Client(base_url=task.address, headers=head, timeout=30) as client:
        for op in _writes("h", task, random.Random(task.seed)):
            ledger.will(op)
            ledger.done(**_ask(client, op))


def _ask(client: httpx.Client, op: Op) -> Op:
    key, again = op.get("id", ""), False
    while True:
        try:
            match op["do"]:
                case "put" if len(op["what"]) == 1:
                    ((key, version),) = op["what"].items()
                    answer = client.put(f"/v1/articles/{key}", json=record(key, version))
                case "put":
                    sent = [record(*one) for one in op["what"].items()]
                    answer = client.post("/v1/articles:batch", json=sent)
                case "down":
                    answer = client.delete(f"/v1/articles/{key}")
                case "lift":
                    answer = client.delete(f"/v1/takedowns/{key}")
        except httpx.TransportError:
            again = True
            time.sleep(0.005)
            continue
        if answer.is_success:
            found = answer.json()
            return {"change": max(one.get("change", 0) for one in found.get("articles", [found]))}
        if again and op["do"] == "lift" and answer.status_code == 404:
            return {}  # it was done when its answer was lost
        again = True
        if answer.status_code != 503:
            raise AssertionError(f"{op}: {answer.status_code} {answer.text}")
        time.sleep(0.05)


# --- the jobs ---


def night(task: Task, ledger: Ledger) -> None:
    """`python -m index nightly`, again and again, each time of an export with changes."""
    dice, versions = random.Random(task.seed), dict(task.versions)
    for number in count():
        changed = dice.sample(range(NIGHT_ARTICLES), dice.randint(0, 5)) if versions else range(NIGHT_ARTICLES)
        versions |= {f"n{one:02}": versions.get(f"n{one:02}", 0) + 1 for one in changed}
        export = task.paper.folder / "export.jsonl"
        export.write_text("".join(f"{json.dumps(record(*one))}\n" for one in versions.items()))
        ledger.will({"do": "put", "what": dict(versions), "publishes": None})
        options = ["--keep", "3", "--force", *(["--rebuild"] if number % 2 else [])]
        where = ["--store", task.paper.url, "--releases", str(task.paper.releases)]
        rejects = ["--rejects", str(task.paper.folder / "rejects.jsonl")]
        said = _run("nightly", str(export), *where, *rejects, *options)
        ledger.done(publishes=said.split("current release: ")[1].split(",")[0])


def follower(task: Task, ledger: Ledger) -> None:
    """`python -m index follow` of a file that changes."""
    dice, versions = random.Random(task.seed), dict(task.versions)
    source, folder = task.paper.folder / "feed.jsonl", task.paper.folder / "follow"
    folder.mkdir(exist_ok=True)
    while True:
        changed = dice.sample(range(FOLLOWED), dice.randint(1, 3)) if versions else range(FOLLOWED)
        versions |= {f"f{one:02}": versions.get(f"f{one:02}", 0) + 1 for one in changed}
        ledger.will({"do": "put", "what": dict(versions)})
        aside = source.with_suffix(".new")
        aside.write_text("".join(f"{json.dumps(record(*one))}\n" for one in versions.items()))
        aside.replace(source)
        where = ["--store", task.paper.url, "--releases", str(task.paper.releases)]
        files = ["--state", str(folder / "follow.json"), "--rejects", str(folder / "rejects.jsonl")]
        _run("follow", "--source", str(source), *where, *files, "--once")
        ledger.done()


def _run(*arguments: str) -> str:
    """A command of `python -m index`, as in a process of its own; what it prints."""
    said, before = io.StringIO(), sys.stdout
    sys.stdout = said
    try:
        main(list(arguments), standalone_mode=False)
    finally:
        sys.stdout = before
    return said.getvalue()


# --- releases ---


def publisher(task: Task, ledger: Ledger) -> None:
    """Publishes copies of the current release, and goes back and forth between what there is."""
    releases, dice = task.paper.releases, random.Random(task.seed)
    while True:
        if dice.random() < 0.6:
            with publish.only_one(releases), publish.staging(releases) as folder:
                manifest = _next(releases)
                _copy(releases / current_id(releases), folder, os.link)
                ledger.will({"do": "publish", "publishes": manifest.id})
                publish.publish(folder, releases, manifest, keep=3)
            ledger.done(publishes=manifest.id)
        else:
            to = dice.choice(publish.listed(releases)).id
            ledger.will({"do": "rollback", "publishes": to})
            _run("rollback", to, "--releases", str(releases))
            ledger.done(publishes=to)
        _run("verify", "--releases", str(releases))


def publisher_naively(task: Task, ledger: Ledger) -> None:
    """It writes into the folder that is served, file by file."""
    releases = task.paper.releases
    while True:
        manifest = _next(releases)
        ledger.will({"do": "publish", "publishes": manifest.id})
        (releases / manifest.id).mkdir()
        manifest.write(releases / manifest.id)
        _copy(releases / current_id(releases), releases / manifest.id, shutil.copyfile)
        (releases / CURRENT).write_text(f"{manifest.id}\n")
        ledger.done(publishes=manifest.id)


def _next(releases: Path) -> Manifest:
    last = Manifest.read(releases / current_id(releases))
    return replace(last, id=publish.release_id(releases, datetime.now(UTC), last.digest)).signed()


def _copy(source: Path, target: Path, copy: Callable[[Path, Path], object]) -> None:
    for path in source.iterdir():
        if path.name != MANIFEST:
            copy(path, target / path.name)


KINDS: Mapping[str, Callable[[Task, Ledger], None]] = {
    one.__name__: one
    for one in (desk, desk_naively, founder, served, cms, night, follower, publisher, publisher_naively)
}  # fmt: skip
