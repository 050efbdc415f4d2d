"""Processes that are killed: each does one kind of real work for ever, on articles of its own, and notes what it did.

Kinds that end in `_naively` are the controls.
"""

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from itertools import count

import httpx
import uvicorn
from fakes import FakeEmbedder
from jobs import follower, night, publisher, publisher_naively
from task import Ledger, Op, Task, article, record

import recsys.embedding
import recsys.vectors
import service.app
import service.settings
from recsys.edits import Edit
from recsys.putting import Condition, Written
from recsys.rules import Action, Kind, Rule, Subject
from recsys.store import ArticleStore

RANGE = 12  # articles that a writer writes


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


KINDS: Mapping[str, Callable[[Task, Ledger], None]] = {
    one.__name__: one
    for one in (desk, desk_naively, founder, served, cms, night, follower, publisher, publisher_naively)
}  # fmt: skip
