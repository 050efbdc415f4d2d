"""Numbers of sections, authors and tags for arrivals: the release's own, and new ones after them.

The mappings and lists only ever grow; a view that has the first so many numbers leaves the others aside.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from recsys.articles import section_path
from recsys.authors import People, Person
from recsys.columns import Int32
from recsys.extension.growing import Growing
from recsys.release import Release
from recsys.spelling import name_key


class Sections:
    """Nodes of the section tree. Attributes: `nodes` by folded path, and `paths` in their order, both of new ones."""

    def __init__(self, release: Release) -> None:
        self.nodes: dict[str, int] = {}
        self.paths: list[str] = []
        self._release = release
        self._ancestors = release.section_ancestors
        self._rarity = Growing(release.section_rarity)

    def __len__(self) -> int:
        return len(self._rarity)

    def chain(self, section: str) -> list[int]:
        """The nodes from the root down to this section, new ones where need be; none where it is empty."""
        path = section_path(section)
        steps = path.split("/") if path else []
        chain: list[int] = []
        for depth in range(1, len(steps) + 1):
            chain.append(self._node("/".join(steps[:depth]), chain))
        return chain

    def ancestors(self) -> Int32:
        """(nodes, depth) int32, as `Release.section_ancestors`."""
        return self._ancestors

    def rarity(self) -> "np.typing.NDArray[np.float32]":
        """(nodes,) float32, as `Release.section_rarity`; a new section is as rare as can be."""
        return self._rarity.view()

    def _node(self, path: str, above: Sequence[int]) -> int:
        known = self.nodes.get(path.casefold(), self._release.section_node(path))
        if known >= 0:
            return known
        node, old = len(self), self._ancestors
        more = np.full((node + 1, max(old.shape[1], len(above) + 1)), -1, np.int32)
        more[:node, : old.shape[1]] = old
        more[node, : len(above) + 1] = [*above, node]
        self._ancestors = more
        self._rarity.extend([1.0])
        self.paths.append(path)
        self.nodes[path.casefold()] = node
        return node


class Authors:
    """Numbers of authors; a name that the release knows as one author is that author.

    Attributes: `names`, the numbers that each name of an arrival's author means, and `size`, how many there are in all.
    """

    def __init__(self, release: Release, people: People) -> None:
        self.names: dict[str, list[int]] = {}
        self.size = len(release.author_rows)
        self._release, self._people = release, people
        self._new: dict[str, int] = {}

    def of(self, persons: Iterable[Person]) -> list[int]:
        """The numbers of those who have a list, each once."""
        numbers = {person: self._number(person.key) for person in persons if self._people.has_list(person.key)}
        for person, number in numbers.items():
            for name in (person.key, name_key(person.name), name_key(person.printed)):
                if name and number not in self.names.setdefault(name, []):
                    self.names[name].append(number)
        return list(dict.fromkeys(numbers.values()))

    def kept(self) -> tuple[list[str], dict[str, list[int]]]:
        """(keys of new authors in the order of their numbers, `names`), for `restore`."""
        return list(self._new), self.names

    def restore(self, keys: Iterable[str], names: dict[str, list[int]]) -> None:
        """As it was when these were `kept`; only for one that has given no number yet."""
        for key in keys:
            self._number(key)
        self.names = names

    def _number(self, key: str) -> int:
        known = self._release.authors_by_name[key].tolist()
        if len(known) == 1:
            return int(known[0])
        if key not in self._new:
            self._new[key], self.size = self.size, self.size + 1
        return self._new[key]


class Tags:
    """Numbers of tags, by their keys. Attributes: `numbers` and `texts` of new ones, the second in their order."""

    def __init__(self, release: Release) -> None:
        self.numbers: dict[str, int] = {}
        self.texts: list[bytes] = []
        self._release = release
        self._rarity = Growing(release.tag_rarity)
        self._rarest = np.log1p(len(release)) if len(release) else 1.0

    def of(self, keys: Iterable[str]) -> list[int]:
        """Their numbers, in the order of the keys."""
        return [self._number(key) for key in sorted(set(keys) - {""})]

    def text(self, number: int) -> str:
        """The key of a number."""
        own = len(self._release.tag_rarity)
        return self._release.rows_by_tag.texts[number] if number < own else self.texts[number - own].decode()

    def rarity(self) -> "np.typing.NDArray[np.float32]":
        """(tags,) float32, as `Release.tag_rarity`."""
        return self._rarity.view()

    def _number(self, key: str) -> int:
        known = self._release.rows_by_tag.place(key)
        if known >= 0:
            return known
        if key not in self.numbers:
            self.numbers[key] = len(self._rarity)
            self.texts.append(key.encode())
            self._rarity.extend([self._rarest])
        return self.numbers[key]
