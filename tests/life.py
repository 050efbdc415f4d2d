"""A newspaper whose processes are killed, cycle after cycle, and what must be so after each.

Its store must hold what the processes had acknowledged, with the one write that each was at or without it, to the last
change number; each release must be whole; a service must open what there is.
"""

import random
import socket
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import task
from fakes import FakeEmbedder
from fastapi.testclient import TestClient
from holdings import Holdings
from nursery import Note, Nursery, Victim
from postgres import Server
from task import Op, Paper

from index import publish
from index.nightly import NightlyConfig, nightly
from recsys import Release
from recsys.errors import ReleaseDamaged, ReleaseError
from recsys.keys import Scope
from recsys.release import RELEASE_ID, current_id
from recsys.seal import SEAL
from recsys.store import ArticleStore
from service.app import create_app
from service.settings import Settings

# seconds within which a victim of a kind is killed: as long as it takes to start and to do a few things
SPANS = {"desk": 0.2, "served": 1.2, "follower": 0.5, "publisher": 0.4, "night": 2.0}
EARLY = 0.02  # seconds within which every tenth is killed
PREFIXES = {"desk": "d", "desk_naively": "d", "cms": "h", "night": "n", "follower": "f"}
KEPT = NightlyConfig(keep=3, force=True)


@dataclass(slots=True)
class Life:
    """A newspaper whose processes are killed, cycle after cycle.

    `state` is what its store must hold, `current` what was served after the last cycle; `kills`, `acknowledged` and
    `published` count.
    """

    paper: Paper
    nursery: Nursery
    dice: random.Random
    server: Server | None = None
    state: Holdings = field(default_factory=Holdings)
    current: str = ""
    kills: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    published: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, folder: Path, url: str, nursery: Nursery, seed: int, server: Server | None = None) -> "Life":
        """A paper of a few articles after its first night."""
        with closing(ArticleStore.open(url)) as store:
            store.put([task.article(f"{prefix}{number:02}", 1) for prefix in "dh" for number in range(12)])
            _, secret = store.keys.make("The CMS", [Scope.ARTICLES], who="admin")
            current = nightly(store, folder / "releases", FakeEmbedder(), KEPT).id
        dice = random.Random(seed)
        return cls(Paper(folder, url, secret), nursery, dice, server, state=Holdings.of(url), current=current)

    def cycle(self, kinds: Sequence[str] = ()) -> None:
        """Some victims start, each is killed at its time, and then all must be well."""
        if not kinds:
            jobs = [self.dice.choice(["night", "publisher"]), "desk", "served", "follower"]
            kinds = self.dice.sample(jobs, self.dice.choices([1, 2, 3], [5, 4, 1])[0])
        before = {one.id for one in publish.listed(self.paper.releases)}
        started = [self.start(kind) for kind in kinds]
        everybody = [victim for group in started for victim in group]
        for victim in everybody:
            victim.begun()
        crashed = self._kill([group[0] for group in started])
        for victim in everybody:
            victim.kill()  # the CMS of a service, which nobody answers any more
            victim.end(excused=crashed and victim.kind not in ("served", "cms"))
        while self.server and not self.server.alone(self.paper.url):  # a server may finish what it was sent
            time.sleep(0.01)
        self._check([victim.notes() for victim in everybody], before)

    def _kill(self, group: Sequence[Victim]) -> bool:
        """Kill each at its time, and the database before the last of them now and then: whether that was done."""
        deaths = sorted((due, number) for number, victim in enumerate(group) for due in self._dues(victim.kind))
        crash = self.dice.uniform(0, deaths[-1][0]) if self.server and self.dice.random() < 0.25 else None
        zero, crashed = time.monotonic(), False
        for place, (due, number) in enumerate(deaths):
            if crash is not None and crash <= due and not crashed:
                _sleep_until(zero + crash)
                self._crash()
                crashed = True
            _sleep_until(zero + due)
            whole = number not in {later for _, later in deaths[place + 1 :]}
            group[number].kill(whole)
            self.kills[group[number].kind if whole else "one of two workers"] += 1
        return crashed

    def cycles(self, kinds: Sequence[str], number: int) -> None:
        """Several, of these kinds."""
        for _ in range(number):
            self.cycle(kinds)

    def counts(self) -> str:
        """What was killed, acknowledged and published so far."""
        what = {"killed": self.kills, "acknowledged": self.acknowledged}
        told = [f"{name} {found.total()}: {dict(found.most_common())}" for name, found in what.items()]
        return f"{'; '.join(told)}; {len(self.published)} releases, change {self.state.change}"

    def _dues(self, kind: str) -> list[float]:
        """When processes of this kind are killed, in seconds; of the workers of a service now and then one first."""
        span = EARLY if self.dice.random() < 0.1 else SPANS.get(kind, 0.15)
        due = self.dice.uniform(0, span)
        return [self.dice.uniform(due / 2, due), due] if kind == "served" and self.dice.random() < 0.5 else [due]

    def start(self, kind: str) -> list[Victim]:
        """One that does this work; with a service a CMS that writes to it."""
        if kind != "served":
            return [self._one(kind)]
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            door.listen()
            return [
                self._one("served", door=door),
                self._one("cms", address=f"http://127.0.0.1:{door.getsockname()[1]}"),
            ]

    def _one(self, kind: str, **more: Any) -> Victim:
        mine = PREFIXES.get(kind, " ")
        versions = {key: version for key, version in self.state.versions.items() if key.startswith(mine)}
        down = frozenset(key for key in self.state.down if key.startswith(mine))
        ledger = self.paper.folder / f"{kind}.ledger"
        ledger.unlink(missing_ok=True)
        told = {"paper": self.paper, "seed": self.dice.getrandbits(40), "versions": versions, "down": down}
        return self.nursery.start(kind, ledger=ledger, **told, **more)

    def _crash(self) -> None:
        assert self.server is not None
        if self.dice.random() < 0.5:
            self.server.lose_one(self.dice.randrange(100))
            self.kills["one process of PostgreSQL"] += 1
        else:
            self.server.crash()
            self.server.start()
            self.kills["all processes of PostgreSQL"] += 1

    # --- what must be so ---

    def _check(self, notes: list[list[Note]], before: set[str]) -> None:
        if self.server is None:
            with closing(sqlite3.connect(self.paper.url.removeprefix("sqlite:///"))) as database:
                assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        self._check_store(notes)
        self._check_releases([pair for note in notes for pair in note if "publishes" in pair[0]], before)
        if self.current not in before or self.dice.random() < 0.25:
            self._check_service()
        done = [op for note in notes for op, answer in note if answer is not None]
        self.acknowledged.update("night" if op["do"] == "put" and "publishes" in op else op["do"] for op in done)

    def _check_store(self, notes: list[list[Note]]) -> None:
        """It holds all that was acknowledged, and of what each victim was at all or nothing."""
        least, open_ends = self.state, list[Op]()
        for note in notes:
            for op, answer in note:
                if answer is None:
                    open_ends.append(op)
                else:
                    least = least.after(op)
        allowed = []
        for taken in product([False, True], repeat=len(open_ends)):
            state = least
            for op in (op for op, is_taken in zip(open_ends, taken, strict=True) if is_taken):
                state = state.after(op)
            allowed.append(state)
        found = Holdings.of(self.paper.url)
        assert found in allowed, f"expected {least}\nor with some of {open_ends}\nfound {found}"
        answers = [answer for note in notes for _, answer in note if answer]
        assert max((answer.get("change", 0) for answer in answers), default=0) <= found.change
        self.state = found

    def _check_releases(self, notes: list[Note], before: set[str]) -> None:
        """Each that is listed is whole, and the one that is served is the last acknowledged or the one after it."""
        releases = self.paper.releases
        listed = publish.listed(releases)
        damaged = [one.problem or _damage(releases / one.id) for one in listed]
        assert not any(damaged), f"a release that is listed is not whole: {damaged}"
        try:
            current, ids = current_id(releases), {one.id for one in listed}
        except ReleaseDamaged as error:
            raise AssertionError(f"CURRENT is not whole: {error}") from error
        allowed = {self.current}
        for op, answer in notes:
            allowed |= ids - before if op["publishes"] is None else {op["publishes"]}
            allowed = allowed if answer is None else {answer["publishes"]}
        assert current in allowed & ids, f"{current} is served, expected one of {allowed} among {ids}"
        assert Release.open(releases).manifest.change <= self.state.change
        seals = {f"{SEAL}{one}" for one in ids}
        others = {path.name for path in releases.iterdir() if not RELEASE_ID.fullmatch(path.name)} - seals
        gone = {name for name in others if name.startswith(SEAL)}  # of releases that were just removed, or put aside
        assert len(gone) <= 2, f"what was killed left {gone}"
        rest = others - gone
        assert len(rest) <= 4, f"what was killed left {rest}"  # CURRENT, the lock, a build and what it put aside
        followed = sorted(path.name for path in (self.paper.folder / "follow").glob("*"))
        assert len(followed) <= 2, f"what was killed left {followed}"  # the state, and one that was put aside
        self.current = current
        self.published |= ids - before

    def _check_service(self) -> None:
        """A service can open it, and shows nothing that was taken down."""
        app = create_app(Settings(self.paper.releases, store=self.paper.url, poll_seconds=3600))
        with TestClient(app) as client:
            health = client.get("/health/ready")
            assert health.status_code == 200, health.text
            release = Release.open(self.paper.releases)
            keys = [release.ids[row] for row in range(len(release))]
            for key in [*self.dice.sample(keys, 2), *sorted(self.state.down)[:1]]:
                answer = client.get(f"/v1/articles/{key}/similar?k=100")
                assert answer.status_code == (404 if key in self.state.down else 200), answer.text
                if answer.status_code == 200:
                    assert not {item["id"] for item in answer.json()["items"]} & self.state.down

    def check_next_run(self) -> None:
        """The next night removes all that was left behind."""
        with closing(ArticleStore.open(self.paper.url)) as store:
            self.current = nightly(store, self.paper.releases, FakeEmbedder(), KEPT).id
        names = {path.name for path in self.paper.releases.iterdir()}
        ids = {one.id for one in publish.listed(self.paper.releases)}
        assert names - {f"{SEAL}{one}" for one in ids} == {"CURRENT", ".lock"} | ids
        assert len(ids) <= 4  # three, and the one that was current before


def _damage(release: Path) -> str:
    """What is wrong with a release, "" where it is whole."""
    try:
        Release.open(release)
    except ReleaseError as error:
        return str(error)
    return ""


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
