"""A newsroom at work: writes and takedowns at their pace, readers at theirs, and who sees what when."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import msgspec
import numpy as np

from eval.bench.client import Pool, Reply, request
from eval.bench.corpus.draws import Zipf
from eval.bench.schedule import Sent, at_rate
from eval.bench.watching import Watchers
from eval.bench.wire import put_request
from recsys.articles import Article

PATIENCE = 30.0  # seconds after which what is not seen counts as seen then, and is told


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done: each second so many writes, reads and takedowns, for so many seconds; one in `look` watched."""

    writes: float
    reads: float
    takedowns: float
    seconds: float
    look: int
    meaning: bool
    seed: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found; seconds, each from sending the request until every worker showed what it did."""

    own: tuple[float, ...]
    others: tuple[float, ...]
    meaning: tuple[float, ...]
    gone: tuple[float, ...]
    written: Sent
    read: Sent
    taken_down: Sent


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An article to be written, the night's article that it follows, and the first to do so, in whose lists it belongs.

    None for those first ones.
    """

    article: Article
    parent: str
    beside: str | None


def follow_ups(parents: Sequence[Article], later: Sequence[Article]) -> list[FollowUp]:
    """Each of `later` as the next report on one parent after the other: by its author, half of it in its words.

    It belongs in the lists of the first report, as the parent's own vector was drawn and is like none of the model's.
    """
    count = len(parents)
    return [
        _follow_up(parents[place % count], own, later[place % count].id if place >= count else None)
        for place, own in enumerate(later)
    ]


def _follow_up(parent: Article, own: Article, beside: str | None) -> FollowUp:
    article = Article(
        id=own.id,
        title=f"{' '.join(parent.title.split()[:5])} {' '.join(own.title.split()[:5])}",
        url=own.url,
        standfirst=own.standfirst,
        body=f"{parent.body[: len(parent.body) // 2]}\n{own.body[: len(own.body) // 2]}",
        byline=parent.byline,
        section=parent.section,
        tags=parent.tags,
        published_at=own.published_at,
    )
    return FollowUp(article, parent.id, beside)


class Newsdesk:
    """Works on one service.

    Args:
        watchers: of each of its workers.
        port: where it is.
        secret: of a key that may write.
        readable: ids that readers ask for, the most read first.
        pairs: (id that is taken down, id whose similar list shows it).
        pace: how much is done.
    """

    def __init__(
        self,
        watchers: Watchers,
        port: int,
        secret: str,
        readable: Sequence[str],
        pairs: Sequence[tuple[str, str]],
        pace: Pace,
    ) -> None:
        self._watchers, self._pace, self._pairs = watchers, pace, pairs
        self._readers, self._desk = Pool(port), Pool(port)
        self._secret = secret
        rng = np.random.default_rng([pace.seed, 30])
        asked = Zipf(len(readable)).draw(rng, max(1, round(pace.reads * pace.seconds)))
        self._asked = [request("GET", f"/v1/articles/{readable[rank]}/related") for rank in asked.tolist()]
        self._looking: list[asyncio.Task[None]] = []
        self._own, self._others = list[float](), list[float]()
        self._meaning, self._gone = list[float](), list[float]()

    async def begin(self, first: Sequence[FollowUp]) -> None:
        """Write the first report for each parent, and wait until all workers show it with all that is to be known."""
        since = perf_counter()
        for one in first:
            await self._put(one.article)
        await asyncio.gather(*(self._look(one, since) for one in first))
        self._own, self._others, self._meaning = [], [], []

    async def work(self, written: Sequence[FollowUp]) -> Seen:
        """Write, read and take down at the pace; `written` are as many as that takes."""
        pace = self._pace

        async def write(number: int) -> str:
            since = perf_counter()
            reply = await self._put(written[number].article)
            if reply.status == 201 and number % pace.look == 0:
                self._looking.append(asyncio.create_task(self._look(written[number], since)))
            return "" if reply.status == 201 else f"PUT answers {reply.status}"

        async def read(number: int) -> str:
            status = (await self._readers.ask(self._asked[number])).status
            return "" if status == 200 else f"GET answers {status}"

        async def take_down(number: int) -> str:
            since = perf_counter()
            path = f"/v1/articles/{self._pairs[number][0]}"
            reply = await self._desk.ask(request("DELETE", path, Authorization=f"Bearer {self._secret}"))
            if reply.status == 200:
                self._looking.append(asyncio.create_task(self._look_for_gone(*self._pairs[number], since)))
            return "" if reply.status == 200 else f"DELETE answers {reply.status}"

        sent = await asyncio.gather(
            at_rate(pace.writes, pace.seconds, write),
            at_rate(pace.reads, pace.seconds, read),
            at_rate(pace.takedowns, pace.seconds, take_down),
        )
        await asyncio.gather(*self._looking)
        return Seen(tuple(self._own), tuple(self._others), tuple(self._meaning), tuple(self._gone), *sent)

    def close(self) -> None:
        """Hang up."""
        self._readers.close()
        self._desk.close()

    async def _put(self, article: Article) -> Reply:
        return await self._desk.ask(put_request(article, self._secret))

    async def _look(self, one: FollowUp, since: float) -> None:
        """When it has a list of its own, is in the first report's and its author's, and is compared by meaning."""
        key, watchers = one.article.id, self._watchers
        own = request("GET", f"/v1/articles/{key}/similar?k=1")
        self._own.append(await watchers.until(own, lambda reply: reply.status == 200, since, PATIENCE))
        if one.beside is not None:
            # with coverage, as the similar list holds so many on one event and no more
            names = ("related?similar=100&author=0&coverage=100", "more-from-author?k=100")
            lists = [request("GET", f"/v1/articles/{one.beside}/{name}") for name in names]
            shown = [watchers.until(asked, lambda reply: key in ids_of(reply), since, PATIENCE) for asked in lists]
            self._others.append(max(await asyncio.gather(*shown)))
        if self._pace.meaning:
            explained = request("GET", f"/v1/articles/{key}/similar?k=30&explain=true")
            self._meaning.append(await watchers.until(explained, by_meaning, since, PATIENCE))

    async def _look_for_gone(self, key: str, other: str, since: float) -> None:
        own = request("GET", f"/v1/articles/{key}/similar?k=1")
        of_other = request("GET", f"/v1/articles/{other}/similar?k=6")
        times = await asyncio.gather(
            self._watchers.until(own, lambda reply: reply.status == 404, since, PATIENCE),
            self._watchers.until(of_other, lambda reply: key not in ids_of(reply), since, PATIENCE),
        )
        self._gone.append(max(times))


async def pairs_shown(watchers: Watchers, candidates: Sequence[str], wanted: int) -> list[tuple[str, str]]:
    """(an id, one of `candidates` whose similar list shows it), `wanted` of them at most, no id twice."""
    found: dict[str, str] = {}
    used: set[str] = set()
    for other in candidates:
        if len(found) >= wanted:
            break
        shown = ids_of(await watchers.any(request("GET", f"/v1/articles/{other}/similar?k=6")))
        fresh = next((key for key in shown if key not in used), None)
        if fresh is not None and other not in used:
            used |= {fresh, other}
            found[fresh] = other
    return list(found.items())


def ids_of(reply: Reply) -> list[str]:
    """The ids in a list, or in all lists of a page, in their order; none where there is no list."""
    found = msgspec.json.decode(reply.body) if reply.status == 200 else {}
    return [item["id"] for name in ("items", "similar", "author", "coverage") for item in found.get(name, ())]


def by_meaning(reply: Reply) -> bool:
    """Whether an explained list compares by meaning."""
    items = msgspec.json.decode(reply.body)["items"] if reply.status == 200 else []
    return any(item["parts"].get("semantic", 0) > 0 for item in items)
