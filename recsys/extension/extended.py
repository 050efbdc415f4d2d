"""A release and its arrivals as one: columns with more rows, newest-first lists with the arrivals in their places."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from recsys.articles import section_path, tag_key
from recsys.authors import People
from recsys.cards import Card
from recsys.columns import Int32, Int64, ListColumn
from recsys.errors import ArticleNotFound
from recsys.extension.arrival import Arrival
from recsys.extension.columns import LongerLookup, OtherLists, longer_lists, longer_texts
from recsys.extension.numbers import Numbers, author_numbers, section_numbers, tag_numbers
from recsys.neighbours import Neighbours
from recsys.release import FOREVER, UNDATED, Release, flags_of, seconds
from recsys.urls import canonical_url, site_of

Number = TypeVar("Number", bound=np.generic)
Near = tuple[int, float, float, float, float]  # row of an arrival, cosine, words, names, kin


class ExtendedRelease(Release):
    """A release of which the rows n, n + 1 … are arrivals; a row that one of them replaced is for ever expired.

    Args:
        base: what the night built.
        arrivals: in the order in which they came.
        near_arrivals: for each row the later arrivals that it is a neighbour of; it may grow meanwhile.
        people: whom names mean.
    """

    def __init__(
        self,
        base: Release,
        arrivals: Sequence[Arrival],
        near_arrivals: Mapping[int, Sequence[Near]],
        people: People,
    ) -> None:
        self.__dict__.update(base.__dict__)
        self._base, self._arrivals, self._near_arrivals = base, tuple(arrivals), near_arrivals
        self._count = len(base) + len(arrivals)
        self.__dict__["vectors"] = base.vectors  # of the night's rows; the arrivals have theirs in the finder
        self._rows_of_ids = {arrival.article.id: len(base) + place for place, arrival in enumerate(arrivals)}
        self._add_texts()
        self._add_numbers()
        self._add_lists(people)

    def __len__(self) -> int:
        return self._count

    def rows(self, article_ids: Iterable[str]) -> list[int]:
        """The rows of those articles that there are, in the order asked; the others are left out."""
        found = []
        for key in article_ids:
            later = self._rows_of_ids.get(key)
            found += self._base.rows([key]) if later is None else [later]
        return found

    def row_of_url(self, url: str) -> int:
        """The row of the article at this address, whatever its scheme, tracking parameters or fragment.

        Raises:
            ArticleNotFound: no article has this address.
        """
        later = self._rows_of_urls.get(canonical_url(url) or "")
        if later is not None:
            return later
        row = self._base.row_of_url(url)
        if row in self.replaced:  # its article has another address now
            raise ArticleNotFound(url)
        return row

    def card(self, row: int) -> Card:
        """What a widget shows of this row."""
        return self._base.card(row) if row < len(self._base) else self._cards_of[row - len(self._base)]

    def section_node(self, path: str) -> int:
        """The number of a section path such as "world/europe", or -1 where there is no such section."""
        later = self._new_sections.get(section_path(path).casefold())
        return self._base.section_node(path) if later is None else later

    def section_path(self, node: int) -> str:
        """The path of a node, such as "world/europe"."""
        own = len(self._base.section_rarity)
        return self._base.section_path(node) if node < own else self._new_paths[node - own]

    def neighbours(self, row: int) -> Neighbours:
        """The nearest articles of a row, worked out at build, or when they came."""
        near = self._base.neighbours(row) if row < len(self._base) else self._arrivals[row - len(self._base)].near
        later = [entry for entry in self._near_arrivals.get(row, ()) if entry[0] < self._count]
        if not later:
            return near
        rows, *values = zip(*later, strict=True)
        cosine, shared, named, kin = (np.array(column, np.float32) for column in values)
        return Neighbours(
            np.concatenate([near.rows, np.array(rows, np.int64)]),
            np.concatenate([near.cosine, cosine]),
            np.concatenate([near.words, shared]),
            np.concatenate([near.names, named]),
            np.concatenate([near.kin, kin]),
        )

    @property
    def neighbour_counts(self) -> Int64:
        """(n,) int64: how many neighbours each row has."""
        return np.array([len(self.neighbours(row).rows) for row in range(self._count)], np.int64)

    def _add_texts(self) -> None:
        base, articles = self._base, [arrival.article for arrival in self._arrivals]
        self.ids = longer_texts(base.ids, [one.id for one in articles])
        self.urls = longer_texts(base.urls, [one.url for one in articles])
        self._cards_of = [arrival.card for arrival in self._arrivals]
        canonical = [arrival.canonical for arrival in self._arrivals]
        self.replaced = frozenset(int(row) for arrival in self._arrivals for row in arrival.replaced)
        rows = {url: len(base) + place for place, url in enumerate(canonical) if url}
        self._rows_of_urls = {url: row for url, row in rows.items() if row not in self.replaced}
        known = {base.sites[place]: place for place in range(len(base.sites))}
        hosts = [site_of(url) for url in canonical]
        for host in hosts:
            if host:
                known.setdefault(host, len(known))
        self.site = _longer(base.site, [known.get(host, -1) for host in hosts])

    def _add_numbers(self) -> None:
        base, articles = self._base, [arrival.article for arrival in self._arrivals]
        self.published = _longer(base.published, [seconds(one.published_at) for one in articles])
        self.text_length = _longer(base.text_length, [arrival.length for arrival in self._arrivals])
        self.visible_from = _longer(base.visible_from, [seconds(one.embargoed_until) for one in articles])
        until = [FOREVER if one.expires_at is None else seconds(one.expires_at) for one in articles]
        self.visible_until = _longer(base.visible_until, until)
        self.visible_until[list(self.replaced)] = UNDATED
        flags = [flags_of(one) for one in articles]
        self.flags = _longer(base.flags, flags)
        self._add_stories()

    def _add_stories(self) -> None:
        """The night's groups with what each arrival has changed of them, one after the other."""
        base = self._base
        placings = [arrival.placing for arrival in self._arrivals]
        self.text_group = _longer(base.text_group, [one.text_group for one in placings])
        self.event_group = _longer(base.event_group, [one.event_group for one in placings])
        self.text_preference = _longer(base.text_preference, [one.text_preference for one in placings])
        texts: dict[int, Int32] = {}
        events: dict[int, Int32] = {}
        for one in placings:  # each speaks of rows before its own only, so the last to speak of a row is right
            for row, place in one.others.items():
                self.text_group[row], self.event_group[row], self.text_preference[row] = place
            texts |= one.text_rows
            events |= one.event_rows
        self.text_rows, self.event_rows = _with(base.text_rows, texts), _with(base.event_rows, events)

    def _add_lists(self, people: People) -> None:
        base = self._base
        sections = section_numbers(base, [arrival.article.section for arrival in self._arrivals])
        self.section = _longer(base.section, sections.of_rows)
        self.section_ancestors, self._new_sections, self._new_paths = sections.ancestors, sections.nodes, sections.paths
        nodes = len(self.section_ancestors)
        self.section_rarity = _longer(base.section_rarity, [1.0] * (nodes - len(base.section_rarity)))
        inside = [
            [n for n in self.section_ancestors[node].tolist() if n >= 0] if node >= 0 else []
            for node in sections.of_rows
        ]
        self.section_rows = self._merged(base.section_rows, inside, nodes)
        authors = author_numbers(base, [arrival.persons for arrival in self._arrivals], people)
        self.authors = longer_lists(base.authors, authors.of_rows)
        self.author_rows = self._merged(base.author_rows, authors.of_rows, authors.size)
        self.co_authors = _co_authors(base.co_authors, authors)
        known = base.authors_by_name
        self.authors_by_name = LongerLookup(known.texts, known.numbers, known, {}, authors.names)
        tags = tag_numbers(base, [[tag_key(tag) for tag in arrival.article.tags] for arrival in self._arrivals])
        self.tags = longer_lists(base.tags, tags.of_rows)
        rarest = np.log1p(len(base)) if len(base) else 1.0
        self.tag_rarity = _longer(base.tag_rarity, [rarest] * (tags.size - len(base.tag_rarity)))
        self.rows_by_tag = self._tag_lookup(tags)
        self.rows_by_word = self._word_lookup()
        self.recent = self._newest_first(base.recent, range(len(self._arrivals)))

    def _tag_lookup(self, tags: Numbers) -> LongerLookup:
        base, start = self._base.rows_by_tag, len(self._base)
        holders: defaultdict[int, list[int]] = defaultdict(list)
        for place, numbers in enumerate(tags.of_rows):
            for number in numbers:
                holders[number].append(place)
        texts = longer_texts(base.texts, list(tags.names))
        rows = {texts[number]: [start + place for place in places] for number, places in holders.items()}
        return LongerLookup(texts, base.numbers, base, {name: found[0] for name, found in tags.names.items()}, rows)

    def _word_lookup(self) -> LongerLookup:
        base, start = self._base.rows_by_word, len(self._base)
        holders: defaultdict[str, list[int]] = defaultdict(list)
        for place, arrival in enumerate(self._arrivals):
            for word in arrival.words:
                holders[word].append(start + place)
        return LongerLookup(base.texts, base.numbers, base, {}, holders)

    def _merged(self, column: ListColumn, of_rows: Sequence[Sequence[int]], size: int) -> OtherLists:
        """The reverse of a column, newest first, with the arrivals in their places."""
        holders: defaultdict[int, list[int]] = defaultdict(list)
        for place, numbers in enumerate(of_rows):
            for number in numbers:
                holders[number].append(place)
        nothing = np.empty(0, np.int32)
        other = {
            number: self._newest_first(column[number] if number < len(column) else nothing, places)
            for number, places in holders.items()
        }
        return OtherLists(column.offsets, column.values, other, size)

    def _newest_first(self, rows: Int32, places: Iterable[int]) -> Int32:
        """The rows, newest first, with the arrivals at these places among them."""
        more = np.array(list(places), np.int32) + len(self._base)
        more = more[np.argsort(-self.published[more].astype(np.float64), kind="stable")]
        age = -self.published[rows].astype(np.float64)
        at = np.searchsorted(age, -self.published[more].astype(np.float64), "right")
        return np.insert(rows, at, more).astype(np.int32)


def _co_authors(column: ListColumn, authors: Numbers) -> OtherLists:
    """With those who signed an arrival together, after those whom the night knows."""
    together: defaultdict[int, dict[int, None]] = defaultdict(dict)
    for signed in authors.of_rows:
        for one in signed if len(signed) > 1 else ():
            known = column[one].tolist() if one < len(column) else []
            together[one] |= dict.fromkeys([*known, *(other for other in signed if other != one)])
    other = {one: np.array(list(known), np.int32) for one, known in together.items()}
    return OtherLists(column.offsets, column.values, other, authors.size)


def _with(column: ListColumn, other: Mapping[int, Int32]) -> OtherLists:
    """The groups with those that have changed, and new ones after them."""
    return OtherLists(column.offsets, column.values, other, max([len(column), *(number + 1 for number in other)]))


def _longer(column: npt.NDArray[Number], more: Sequence[float]) -> npt.NDArray[Number]:
    return np.concatenate([column, np.array(more, column.dtype)])
