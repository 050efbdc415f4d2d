"""One service in whose store many changes wait: how long it takes them in, then reads and a few writes more."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import msgspec

from eval.bench.client import Pool, request
from eval.bench.programs import Memory, Served
from eval.bench.schedule import at_rate
from eval.bench.watching import Watchers
from eval.bench.wire import put_request
from recsys.articles import Article

_STUCK = 30.0  # seconds without one more article after which nothing is waited for any more
_LONGEST = 30.0  # seconds that one more write is waited for


@dataclass(frozen=True, slots=True)
class Crowded:
    """What is to be done.

    Attributes:
        shown: how many articles the service counts when all is taken in.
        last: id of the last article to be taken in.
        secret: of a key that may write.
        reads: ids to ask for, `rate` a second, `seconds` long, so many `repetitions`.
        more: articles to write after that, one after the other.
        patience: seconds that taking in may last.
    """

    shown: int
    last: str
    secret: str
    reads: Sequence[str]
    rate: float
    seconds: float
    repetitions: int
    more: Sequence[Article]
    patience: float


@dataclass(frozen=True, slots=True)
class Found:
    """What was found; times in seconds, `shown` as in `Crowded`, texts "" where nothing was wrong."""

    taken_in: float
    shown: int
    reads: list[tuple[float, ...]]
    writes: list[float]
    memory: Memory
    wrong: str
    late: str


async def crowded(served: Served, task: Crowded) -> Found:
    """Do it."""
    watchers, pool = await Watchers.of(served), Pool(served.port)
    try:
        taken_in, shown = await _taken_in(pool, task)
        asked = [request("GET", f"/v1/articles/{key}/related") for key in task.reads]
        reads, errors = list[tuple[float, ...]](), list[str]()

        async def read(number: int) -> str:
            status = (await pool.ask(asked[number])).status
            return "" if status == 200 else f"GET answers {status}"

        for repetition in range(-1, task.repetitions):
            sent = await at_rate(task.rate, task.seconds, read)
            if repetition >= 0:  # the first one only warms up
                reads.append(sent.seconds)
            errors += sent.errors
        writes = [await _one_more(watchers, pool, task, article) for article in task.more]
        late = sum(one >= _LONGEST for one in writes)
        return Found(
            taken_in, shown, reads, writes, served.memory()[0],
            f"{len(errors)} failed, the first: {errors[0]}" if errors else "",
            f"{late} of {len(writes)} were not seen within {_LONGEST:g} s and count as that" if late else "",
        )  # fmt: skip
    finally:
        watchers.close()
        pool.close()


async def _taken_in(pool: Pool, task: Crowded) -> tuple[float, int]:
    """(seconds until all was shown or no more came, how many are shown)."""
    began = grew = perf_counter()
    shown = 0
    ready, last = request("GET", "/health/ready"), request("GET", f"/v1/articles/{task.last}/similar?k=1")
    while True:
        counted = msgspec.json.decode((await pool.ask(ready)).body)["articles"]
        now = perf_counter()
        if counted > shown:
            shown, grew = counted, now
        if shown >= task.shown and (await pool.ask(last)).status == 200:
            return perf_counter() - began, shown
        if now - began > task.patience or now - grew > _STUCK:
            return grew - began if now - grew > _STUCK else now - began, shown
        await asyncio.sleep(0.05 if now - began < 10 else 0.5)


async def _one_more(watchers: Watchers, pool: Pool, task: Crowded, article: Article) -> float:
    since = perf_counter()
    await pool.ask(put_request(article, task.secret))
    own = request("GET", f"/v1/articles/{article.id}/similar?k=1")
    return await watchers.until(own, lambda reply: reply.status == 200, since, _LONGEST)
