"""Numbers of sections, authors and tags for arrivals: the release's own, and new ones after them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recsys.articles import section_path
from recsys.authors import People, Person
from recsys.columns import Int32
from recsys.release import Release
from recsys.spelling import name_key


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of each arrival, how many there are with the release's, and the names of those that arrivals have.

    `names` maps a name to its numbers; of tags it holds only the new ones.
    """

    of_rows: list[list[int]]
    size: int
    names: Mapping[str, list[int]]


@dataclass(frozen=True, slots=True)
class SectionNumbers:
    """The node of each arrival (-1 for none), all ancestors, and the new nodes by folded path and in their order."""

    of_rows: list[int]
    ancestors: Int32
    nodes: Mapping[str, int]
    paths: list[str]


def section_numbers(release: Release, sections: Sequence[str]) -> SectionNumbers:
    """Numbers of sections; every section above a new one is one as well."""
    first = len(release.section_rarity)
    nodes: dict[str, int] = {}
    printed: list[str] = []
    for path in map(section_path, sections):
        steps = path.split("/") if path else []
        for depth in range(1, len(steps) + 1):
            prefix = "/".join(steps[:depth])
            if release.section_node(prefix) < 0 and prefix.casefold() not in nodes:
                nodes[prefix.casefold()] = first + len(printed)
                printed.append(prefix)

    def node(path: str) -> int:
        return nodes.get(path.casefold(), release.section_node(path)) if path else -1

    chains = [[node("/".join(path.split("/")[:d])) for d in range(1, path.count("/") + 2)] for path in printed]
    depth = max([release.section_ancestors.shape[1], *map(len, chains)])
    ancestors = np.full((first + len(chains), depth), -1, np.int32)
    ancestors[:first, : release.section_ancestors.shape[1]] = release.section_ancestors
    for place, chain in enumerate(chains):
        ancestors[first + place, : len(chain)] = chain
    return SectionNumbers([node(section_path(section)) for section in sections], ancestors, nodes, printed)


def author_numbers(release: Release, signed: Sequence[Sequence[Person]], people: People) -> Numbers:
    """Numbers of authors; a name that the release knows as one author is that author."""
    first = len(release.author_rows)
    new: dict[str, int] = {}
    names: dict[str, set[int]] = {}
    rows = []
    for persons in signed:
        numbers = []
        for person in persons:
            if not people.has_list(person.key):
                continue
            known = release.authors_by_name[person.key].tolist()
            number = known[0] if len(known) == 1 else new.setdefault(person.key, first + len(new))
            numbers.append(number)
            for name in (person.key, name_key(person.name), name_key(person.printed)):
                if name:
                    names.setdefault(name, set()).add(number)
        rows.append(list(dict.fromkeys(numbers)))
    return Numbers(rows, first + len(new), {name: sorted(found) for name, found in names.items()})


def tag_numbers(release: Release, tags: Sequence[Sequence[str]]) -> Numbers:
    """Numbers of tags, by their keys."""
    first = len(release.tag_rarity)
    new: dict[str, int] = {}
    rows = []
    for keys in tags:
        numbers = []
        for key in sorted(set(keys) - {""}):
            known = release.rows_by_tag.place(key)
            numbers.append(known if known >= 0 else new.setdefault(key, first + len(new)))
        rows.append(numbers)
    return Numbers(rows, first + len(new), {key: [number] for key, number in new.items()})
