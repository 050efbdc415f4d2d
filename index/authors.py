"""What an editor looks at before writing the author registry: who was joined, who may be one, and who is nobody."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from recsys.articles import Article
from recsys.authors import People, Person, joins, parse_byline
from recsys.registry import Registry
from recsys.spelling import doubtful


@dataclass(frozen=True, slots=True)
class Merge:
    """Spellings that are one author, each with its number of articles, most first, and why they are one."""

    key: str
    spellings: tuple[tuple[str, int], ...]
    why: str

    @property
    def articles(self) -> int:
        """Sum over the spellings."""
        return sum(count for _, count in self.spellings)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two authors who may be one: names and numbers of articles, and what makes one think so."""

    names: tuple[str, str]
    articles: tuple[int, int]
    why: str


@dataclass(frozen=True, slots=True)
class Survey:
    """All merges, doubtful pairs and generic bylines of an archive, each by number of articles, most first."""

    articles: int
    authors: int
    merges: tuple[Merge, ...]
    pairs: tuple[Pair, ...]
    generic: tuple[tuple[str, int], ...]

    def text(self, top: int) -> str:
        """For a terminal: the first `top` of each."""
        parts = [
            f"{self.authors:,} authors of {self.articles:,} articles",
            *_part("joined: one author", [_merge_line(merge) for merge in self.merges], top),
            *_part("doubtful: one author or two?", [_pair_line(pair) for pair in self.pairs], top),
            *_part("no person", [f"{count:>7,}  {name}" for name, count in self.generic], top),
        ]
        return "\n".join(parts)


def survey(articles: Iterable[Article], registry: Registry) -> Survey:
    """Read all articles once, and tell what the build would make of their authors under this registry."""
    people = People(registry)
    printed: dict[str, Counter[str]] = defaultdict(Counter)  # key of a person -> spellings
    persons: dict[Person, int] = {}
    generic: Counter[str] = Counter()
    number = 0
    for article in articles:
        number += 1
        found = people.of(article)
        for person in found:
            persons[person] = persons.get(person, 0) + 1
            printed[person.key][person.printed] += 1
        if not found:
            generic.update(_generic(article))
    apart = people.apart()
    joined = joins(persons, apart)
    for join in joined:
        printed[join.full].update(printed.pop(join.short))
    why = {join.full: join.why for join in joined}
    merges = [
        Merge(key, tuple(names.most_common()), why.get(key, "registry or id" if key.startswith("id:") else "spelling"))
        for key, names in printed.items()
        if len(names) > 1
    ]
    return Survey(
        number,
        len(printed),
        tuple(sorted(merges, key=lambda merge: (-merge.articles, merge.key))),
        _pairs(printed, apart),
        tuple(generic.most_common()),
    )


def _generic(article: Article) -> tuple[str, ...]:
    names = [author.name for author in article.authors] or [article.byline]
    return tuple(dict.fromkeys(part for name in names for part in parse_byline(name).organisations))


def _pairs(printed: dict[str, Counter[str]], apart: frozenset[frozenset[str]]) -> tuple[Pair, ...]:
    names = {key: sum(counts.values()) for key, counts in printed.items() if not key.startswith(("id:", "?"))}
    shown = {key: printed[key].most_common(1)[0][0] for key in names}
    return tuple(
        Pair((shown[pair.short], shown[pair.full]), (names[pair.short], names[pair.full]), pair.why)
        for pair in doubtful(names, apart, most=1_000)
    )


def _part(title: str, lines: list[str], top: int) -> list[str]:
    rest = [f"         … {len(lines) - top:,} more (--top)"] if len(lines) > top else []
    return ["", f"{title} ({len(lines):,})", *lines[:top], *rest]


def _merge_line(merge: Merge) -> str:
    return (
        f"{merge.articles:>7,}  {' = '.join(f'{name} ({count:,})' for name, count in merge.spellings)}  [{merge.why}]"
    )


def _pair_line(pair: Pair) -> str:
    (one, other), (ours, theirs) = pair.names, pair.articles
    return f"{min(ours, theirs):>7,}  {one} ({ours:,}) ? {other} ({theirs:,})  [{pair.why}]"
