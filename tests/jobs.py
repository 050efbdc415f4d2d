"""Victims that run the jobs: nights, followers, and who publishes; see `victims`."""

import io
import json
import os
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from task import Ledger, Task, record

from index import publish
from index.__main__ import main
from recsys.manifest import MANIFEST, Manifest
from recsys.release import CURRENT, current_id

NIGHT_ARTICLES, FOLLOWED = 24, 6  # of one export


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
