"""Who wrote what, in which section, under which tags: the lists of a release, each the reverse of the other."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.articles import section_path, tag_key
from recsys.authors import People, Person, joins
from recsys.columns import Int32, Int64, ListColumn, save_array, write_texts
from recsys.lookup import write_lookup
from recsys.spelling import name_key


@dataclass(frozen=True, slots=True)
class Lists:
    """How many of each there are."""

    authors: int
    sections: int
    tags: int


def newest_first(published: Int64) -> Int32:
    """(n,) int32: all rows by date, newest first, undated last; of one date the smaller row first."""
    return np.lexsort((np.arange(len(published)), -published.astype(np.float64))).astype(np.int32)


def write_lists(
    folder: Path,
    published: Int64,
    persons: Sequence[tuple[Person, ...]],
    sections: Sequence[str],
    tags: Sequence[tuple[str, ...]],
    people: People | None = None,
) -> Lists:
    """Write the author, section, tag and recency columns of a release; every sequence has one entry a row.

    `people` says which authors have no list, and which names are never joined.
    """
    recent = newest_first(published)
    save_array(folder / "recent.npy", recent)
    return Lists(
        authors=_write_authors(folder, recent, persons, people or People()),
        sections=_write_sections(folder, recent, sections),
        tags=_write_tags(folder, recent, tags),
    )


def numbered(keys: Sequence[str]) -> Int32:
    """(n,) int32: the place of each key among the sorted distinct ones, -1 for an empty key."""
    number = {key: place for place, key in enumerate(sorted(set(keys) - {""}))}
    return np.array([number.get(key, -1) for key in keys], np.int32)


def _write_authors(folder: Path, recent: Int32, persons: Sequence[tuple[Person, ...]], people: People) -> int:
    known = {join.short: join.full for join in joins((one for row in persons for one in row), people.apart())}
    keys = [list(dict.fromkeys(known.get(person.key, person.key) for person in row)) for row in persons]
    keys = [[key for key in row if people.has_list(key)] for row in keys]
    number = {key: place for place, key in enumerate(sorted({key for row in keys for key in row}))}
    authors = ListColumn.of([number[key] for key in row] for row in keys)
    authors.save(folder, "authors")
    _reverse(authors, recent, len(number)).save(folder, "author_rows")
    _co_authors(authors, len(number)).save(folder, "co_authors")
    write_lookup(
        folder, "author_names", "authors_of_name", _spellings((one for row in persons for one in row), known, number)
    )
    return len(number)


def _co_authors(authors: ListColumn, size: int) -> ListColumn:
    """For each author those who signed an article with them, most articles first, then by number."""
    together: list[Counter[int]] = [Counter() for _ in range(size)]
    for row in range(len(authors)):
        signed = authors[row].tolist()
        for one in signed if len(signed) > 1 else ():
            together[one].update(other for other in signed if other != one)
    return ListColumn.of([other for other, _ in sorted(c.items(), key=lambda e: (-e[1], e[0]))] for c in together)


def _spellings(persons: Iterable[Person], known: dict[str, str], number: dict[str, int]) -> dict[str, list[int]]:
    """Every key and every name that means an author with a list -> its numbers: several where authors share a name."""
    found: dict[str, set[int]] = defaultdict(set)
    for person in persons:
        place = number.get(known.get(person.key, person.key))
        if place is not None:
            for text in (
                person.key,
                known.get(person.key, person.key),
                name_key(person.name),
                name_key(person.printed),
            ):
                found[text].add(place)
    return {text: sorted(places) for text, places in found.items() if text}


def _write_sections(folder: Path, recent: Int32, sections: Sequence[str]) -> int:
    paths = [section_path(section) for section in sections]
    spelling = _prefixes(paths)
    nodes = {key: node for node, key in enumerate(sorted(spelling))}
    ancestors = _ancestors(nodes)
    node_of_row = np.array([nodes.get(path.casefold(), -1) for path in paths], np.int32)
    inside = ListColumn.of([n for n in ancestors[node].tolist() if n >= 0] if node >= 0 else [] for node in node_of_row)
    rows = _reverse(inside, recent, len(nodes))
    save_array(folder / "section.npy", node_of_row)
    save_array(folder / "section_ancestors.npy", ancestors)
    save_array(folder / "section_rarity.npy", _rarity(np.diff(rows.offsets), len(paths)))
    rows.save(folder, "section_rows")
    write_texts(folder, "sections", [spelling[key] for key in nodes])
    return len(nodes)


def _prefixes(paths: Iterable[str]) -> dict[str, str]:
    """Every section and every section above it: folded path -> the spelling that is met most."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for path, count in Counter(paths).items():
        names = path.split("/") if path else []
        for depth in range(1, len(names) + 1):
            prefix = "/".join(names[:depth])
            seen[prefix.casefold()][prefix] += count
    return {key: min(spellings.items(), key=lambda s: (-s[1], s[0]))[0] for key, spellings in seen.items()}


def _ancestors(nodes: dict[str, int]) -> Int32:
    """(nodes, depth) int32: each node's path of nodes from the root down to itself, padded with -1."""
    depth = max((key.count("/") + 1 for key in nodes), default=1)
    table = np.full((len(nodes), depth), -1, np.int32)
    for key, node in nodes.items():
        names = key.split("/")
        table[node, : len(names)] = [nodes["/".join(names[:d])] for d in range(1, len(names) + 1)]
    return table


def _rarity(counts: Int64, n: int) -> npt.NDArray[np.float32]:
    """log(n / count) / log(n): 0 for a section that holds every article, 1 for one that holds a single article."""
    if n < 2:
        return np.zeros(len(counts), np.float32)
    rarity: npt.NDArray[np.float32] = (np.log(n / np.maximum(counts, 1)) / np.log(n)).astype(np.float32)
    return rarity


def _write_tags(folder: Path, recent: Int32, tags: Sequence[tuple[str, ...]]) -> int:
    keys = [sorted({tag_key(tag) for tag in row} - {""}) for row in tags]
    count = Counter(key for row in keys for key in row)
    number = {key: place for place, key in enumerate(sorted(count))}
    column = ListColumn.of([number[key] for key in row] for row in keys)
    column.save(folder, "tags")
    write_texts(folder, "tag_names", number)
    _reverse(column, recent, len(number)).save(folder, "tag_rows")
    save_array(folder / "tag_rarity.npy", np.log1p([len(tags) / count[key] for key in number]).astype(np.float32))
    return len(number)


def _reverse(column: ListColumn, recent: Int32, size: int) -> ListColumn:
    """For each number 0 … size-1 the rows that hold it, newest first."""
    rank = np.empty(len(recent), np.int64)
    rank[recent] = np.arange(len(recent))
    rows = np.repeat(np.arange(len(column), dtype=np.int32), np.diff(column.offsets))
    order = np.lexsort((rank[rows], column.values))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(column.values, minlength=size))])
    return ListColumn(offsets.astype(np.int64), rows[order])
