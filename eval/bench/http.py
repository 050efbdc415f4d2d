"""Our lists over HTTP beside a route that answers with constant bytes of their size, in several servers."""

import os
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from eval.bench.apart import CLIENT, SERVER, ahead, on_core
from eval.bench.base import copied, prepared
from eval.bench.benchmark import Room
from eval.bench.client import connect, request
from eval.bench.constant import SIZE
from eval.bench.corpus import CorpusConfig
from eval.bench.flood import flood
from eval.bench.held import held
from eval.bench.interleave import interleaved
from eval.bench.paced import paced
from eval.bench.reading import asked_for
from eval.bench.results import LATENCY, Result, ratio, result
from eval.bench.schedule import Sent
from eval.bench.servers import Running, running
from eval.bench.uncollected import uncollected
from recsys.release import current_id

_Asked = TypeVar("_Asked")
_OURS, _COLD = "ours", "ours, nothing asked twice"
_FRAMEWORK, _BARE = "FastAPI, constant bytes", "bare ASGI, constant bytes"
_APPLICATIONS = {
    _OURS: "service.app:app_from_environment",
    _COLD: "service.app:app_from_environment",
    _FRAMEWORK: "eval.bench.constant:framework",
    _BARE: "eval.bench.constant:bare",
}
_SATURATED = 0.7  # share of what a server can answer at which latency is measured
_ASKED = 400_000  # requests before they begin again: a run does not come so far, so what is cold stays so
_MOST_BEHIND = 0.005  # seconds that the client may be late; above this it is told


@dataclass(frozen=True, slots=True)
class _Found:
    """One repetition: answers a second, and CPU microseconds of the server for each."""

    rate: float
    cpu: float


@dataclass(frozen=True, slots=True)
class _Paced:
    """Another repetition: what came of the schedule, and whether nothing could come between server and client."""

    sent: Sent
    alone: bool


@dataclass(frozen=True, slots=True)
class Http:
    """Throughput, and latency at 70 % of it, of one worker on a core of its own, with its release in memory.

    Latency is that of a machine that does nothing else: where the system allows it, server and client then run ahead
    of all other programs and of the kernel's own work. Where it does not, a note says so.

    Attributes:
        articles: in the archive; which are asked for is drawn by Zipf's law.
        routes: those that are asked, by address.
        servers: that are compared.
        connections: that ask at once.
        before: requests that ours has answered when it is measured, drawn like the others: a worker runs for days.
        seconds: of each repetition of each case.
    """

    name: ClassVar[str] = "http"
    what: ClassVar[str] = "one worker over HTTP, beside a FastAPI route with constant bytes, in several servers"

    articles: int = 100_000
    routes: tuple[str, ...] = ("related", "similar")
    servers: tuple[str, ...] = ("uvicorn", "granian", "hypercorn")
    connections: int = 32
    before: int = 100_000
    seconds: float = 3.0
    repetitions: int = 5
    seed: int = 0

    def measure(self, room: Room) -> Iterator[Result]:
        """All servers run at once, and are asked in turn."""
        base = prepared(CorpusConfig(self.articles, self.seed), room.work)
        store = copied(base, room.scratch)
        environ = {"RECSYS_RELEASES": str(base.releases), "RECSYS_STORE": store}
        with held(base.releases / current_id(base.releases)) as in_memory:
            note = "" if in_memory else "the release was not held in memory"
            for route in self.routes:
                yield from self._of_route(route, environ, room, note)

    def _of_route(self, route: str, environ: dict[str, str], room: Room, note: str) -> Iterator[Result]:
        before, asked = self._requests(route)
        once = [_other(one, number) for number, one in enumerate(asked)]
        cases, size = dict[str, Running](), 0
        with ExitStack() as stack:
            for what, application in _APPLICATIONS.items():  # ours first: the others' answers are of its size
                path = "/health/ready" if what in (_OURS, _COLD) else "/v1/any"
                for server in self.servers:
                    given = environ | {SIZE: str(size)}
                    case = running(server, application, given, path, room.scratch / f"{server}.log")
                    with on_core(SERVER):
                        cases[f"{server}|{what}"] = stack.enter_context(case)
                    if what == _OURS:
                        self._ask_before(cases[f"{server}|{what}"], before)
                size = size or _run(_size(cases[f"{self.servers[0]}|{what}"], asked))
            asking = {name: once if name.endswith(_COLD) else asked for name in cases}
            yield from self._compared(f"/v1/{route}, {size:,} bytes", cases, asking, note)

    def _ask_before(self, case: Running, asked: list[bytes]) -> None:
        answered = 0.0
        while answered < len(asked):
            requests = _from(asked, int(answered))
            answered += self.seconds * _run(flood(case.port, requests, self.connections, self.seconds))

    def _compared(
        self, route: str, cases: dict[str, Running], asking: dict[str, list[bytes]], note: str
    ) -> Iterator[Result]:
        def flooded(name: str, repetition: int) -> _Found:
            case, before = cases[name], cases[name].cpu()
            asked = to_flood(asking[name], repetition, self.repetitions, self.connections)
            rate = _run(flood(case.port, asked, self.connections, self.seconds))
            return _Found(rate, (case.cpu() - before) / (rate * self.seconds) * 1e6)

        flooding: dict[str, Callable[[int], _Found]] = {name: partial(flooded, name) for name in cases}
        found = interleaved(flooding, self.repetitions)
        rates = {name: [one.rate for one in every] for name, every in found.items()}
        share = {name: _SATURATED * sorted(every)[len(every) // 2] for name, every in rates.items()}

        def at_share(name: str, repetition: int) -> _Paced:
            case, asked = cases[name], to_pace(asking[name], repetition, self.repetitions)
            with ahead([os.getpid(), *case.processes()]) as alone:
                return _Paced(_run(paced(case.port, asked, share[name], self.seconds, self.connections)), alone)

        pacing: dict[str, Callable[[int], _Paced]] = {name: partial(at_share, name) for name in cases}
        latencies = interleaved(pacing, self.repetitions)
        for name in cases:
            server, _, what = name.partition("|")
            case = f"{route}, {server}, {what}"
            yield result(case, "throughput", "requests/s", [[rate] for rate in rates[name]])
            yield result(case, "CPU of the server", "µs a request", [[one.cpu] for one in found[name]])
            if what in (_OURS, _COLD):
                yield ratio(case, f"throughput, to {_FRAMEWORK}", rates[name], rates[f"{server}|{_FRAMEWORK}"])
            times = [[value * 1e3 for value in one.sent.seconds] for one in latencies[name]]
            notes = "; ".join(filter(None, (note, *_wrong(latencies[name]))))
            yield result(case, f"latency at {_SATURATED:.0%}", "ms", times, LATENCY, notes)

    def _requests(self, route: str) -> tuple[list[bytes], list[bytes]]:
        """(those asked before it is measured, those it is measured with)."""
        newest_first = [f"b{place:08}" for place in range(self.articles - 1, -1, -1)]
        ids = asked_for(newest_first, self.before + _ASKED, self.seed)
        asked = [request("GET", f"/v1/{route}?url={quote(f'https://paper.example/{key}', safe='')}") for key in ids]
        return asked[: self.before], asked[self.before :]


def _run(asking: Coroutine[Any, Any, _Asked]) -> _Asked:
    """What it gives, asked from the core that the servers leave free."""
    import uvloop

    with on_core(CLIENT), uncollected():
        return uvloop.run(asking)


def to_flood(asked: list[bytes], repetition: int, repetitions: int, connections: int) -> list[bytes]:
    """Requests of the first half; each of so many connections goes on where it ended, so that nothing is asked again.

    `repetition` is -1 for the one that warms up.
    """
    half, turns = asked[: len(asked) // 2], repetitions + 1
    return _from(half, len(half) // connections * ((repetition + 1) % turns) // turns)


def to_pace(asked: list[bytes], repetition: int, repetitions: int) -> list[bytes]:
    """Requests of the other half, asked in their order; `repetition` is -1 for the one that warms up."""
    half, turns = asked[len(asked) // 2 :], repetitions + 1
    return _from(half, len(half) * ((repetition + 1) % turns) // turns)


def _from(asked: list[bytes], place: int) -> list[bytes]:
    return asked[place:] + asked[:place]


def _other(asked: bytes, number: int) -> bytes:
    """A request with the same answer that nobody has asked before."""
    return asked.replace(b" HTTP/1.1", b"&exclude=n%d HTTP/1.1" % number, 1)


async def _size(ours: Running, asked: Sequence[bytes]) -> int:
    """Bytes of an answer, the median of some."""
    connection = await connect(ours.port)
    sizes = [len((await connection.ask(one)).body) for one in asked[:200]]
    connection.close()
    return sorted(sizes)[len(sizes) // 2]


def _wrong(repetitions: Sequence[_Paced]) -> Iterator[str]:
    if errors := [error for one in repetitions for error in one.sent.errors]:
        yield f"{len(errors)} failed, the first: {errors[0]}"
    if (late := max(one.sent.late for one in repetitions)) > _MOST_BEHIND:
        yield f"the client itself was up to {late * 1e3:.0f} ms late"
    if not all(one.alone for one in repetitions):
        yield "other programs could come between"
