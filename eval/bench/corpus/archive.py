"""The invented archive, drawn part by part: a million articles need no more memory than a thousand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from eval.bench.corpus.config import CHUNK, CorpusConfig
from eval.bench.corpus.plan import NO_AUTHOR, Plan, archive_plan, later_plan
from eval.bench.corpus.vectors import Space, Vectors
from eval.bench.corpus.words import Words
from recsys.articles import Article

_MOST_COPIES = 3  # of one text: the lines of more of them would count as boilerplate
_RECURRING = "Sign up here for the letter that we send every morning."
_RECURS = 0.3  # share of articles that end with it
_FROM = 1_000  # articles from which on it is surely found to recur


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some articles in the order of publication, and their vectors: (n, dim) float32 unit rows."""

    articles: tuple[Article, ...]
    vectors: Vectors


class Archive:
    """What `config` describes. Two of one config give equal articles and vectors."""

    def __init__(self, config: CorpusConfig) -> None:
        self.config = config
        self._words, self._space = Words(config.seed), Space(config)
        self._plan = archive_plan(config)

    @property
    def recurring(self) -> tuple[str, ...]:
        """The lines that recur in so many articles that a build leaves them out."""
        return (_RECURRING,) if self.config.articles >= _FROM else ()

    def starts(self) -> range:
        """The places at which chunks begin."""
        return range(0, self.config.articles, CHUNK)

    def chunk(self, start: int) -> Chunk:
        """The articles from the place `start`, one of `starts`, on; the same whatever was drawn before."""
        return self._drawn(self._plan, "b", 5, start)

    def chunks(self) -> Iterator[Chunk]:
        """The archive, oldest first."""
        return map(self.chunk, self.starts())

    def later(self, count: int, name: str = "n") -> Iterator[Chunk]:
        """`count` articles that come after the archive; their ids begin with `name`, which changes nothing else."""
        plan = later_plan(self.config, self._plan, count)
        return (self._drawn(plan, name, 6, start) for start in range(0, count, CHUNK))

    def _drawn(self, plan: Plan, name: str, salt: int, start: int) -> Chunk:
        part = slice(start, start + CHUNK)
        rng = np.random.default_rng([self.config.seed, salt, start])
        own = Plan(plan.event[part], plan.section[part], plan.author[part], plan.published[part])
        return self._chunk(rng, own, [f"{name}{place:08}" for place in range(start, start + len(own))])

    def _chunk(self, rng: np.random.Generator, plan: Plan, ids: list[str]) -> Chunk:
        vectors = self._space.vectors(rng, plan.event, plan.section)
        titles = self._words.lines(rng, plan.event, plan.section, 9)
        standfirsts = self._words.lines(rng, plan.event, plan.section, 17, ".")
        bodies = self._words.bodies(rng, plan.event, plan.section)
        for place, source, edited in self._copies(rng, plan):
            titles[place], standfirsts[place] = titles[source], standfirsts[source]
            first = f"{standfirsts[source]}\n" if edited else ""
            bodies[place], vectors[place] = first + bodies[source], vectors[source]
        if self.recurring:
            for place in np.flatnonzero(rng.random(len(plan)) < _RECURS).tolist():
                bodies[place] += f"\n{_RECURRING}"
        tags = rng.poisson(2.5, len(plan)).tolist()
        rows = zip(ids, titles, standfirsts, bodies, tags, _rows(plan), strict=True)
        return Chunk(tuple(self._article(*row[:-1], *row[-1]) for row in rows), vectors)

    def _article(
        self, key: str, title: str, standfirst: str, body: str, tags: int,
        event: int, section: int, author: int, published: int,
    ) -> Article:  # fmt: skip
        top = section // self.config.parts
        known = (f"topic {top}", f"subject {section}", self._words.tag(event * 2), self._words.tag(event * 2 + 1))
        return Article(
            id=key,
            title=title,
            url=f"https://paper.example/{key}",
            standfirst=standfirst,
            body=body,
            byline="" if author == NO_AUTHOR else f"By {self._words.name(author)}",
            section=f"Section {top}/Part {section}",
            tags=known[:tags],
            published_at=datetime.fromtimestamp(published, UTC),
            language="en",
        )

    def _copies(self, rng: np.random.Generator, plan: Plan) -> Iterator[tuple[int, int, bool]]:
        """(place, place of the earlier report on the event whose text it has, whether with a new first line)."""
        copied, edited = rng.random(len(plan)) < self.config.copies * 2.5, rng.random(len(plan)) < 0.5
        first: dict[int, int] = {}  # of each event, a report with a text of its own
        times: dict[int, int] = {}
        for place, event in enumerate(plan.event.tolist()):
            source = first.setdefault(event, place)
            if source != place and copied[place] and times.get(source, 0) < _MOST_COPIES:
                times[source] = times.get(source, 0) + 1
                yield place, source, bool(edited[place])


def _rows(plan: Plan) -> Iterator[tuple[int, int, int, int]]:
    columns = (plan.event, plan.section, plan.author, plan.published)
    return zip(*(column.tolist() for column in columns), strict=True)
