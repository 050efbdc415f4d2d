"""What is built onto a release: the columns, lists and mappings of its arrivals, row by row.

All of it only grows, and a view holds the first so many rows of it: to give one costs what has come since the last.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from recsys.articles import Status
from recsys.authors import People
from recsys.columns import Int32, ListColumn
from recsys.extension.arrival import Arrival
from recsys.extension.columns import OtherLists, others_of
from recsys.extension.growing import Growing, GrowingLists, NewestFirst, inserted
from recsys.extension.nearness import Nearness
from recsys.extension.numbers import Authors, Sections, Tags
from recsys.extension.stories import Placing
from recsys.lifecycle import Lifecycle
from recsys.release import FOREVER, Release, flags_of, seconds

NUMBERS = (
    "published", "text_length", "visible_from", "visible_until", "flags", "site", "section", "text_group",
    "event_group", "text_preference",
)  # fmt: skip


class Annex:
    """Of one thread at a time, but for what `ExtendedRelease` reads of it."""

    def __init__(self, base: Release, people: People) -> None:
        self.base = base
        self.numbers = {name: Growing(getattr(base, name)) for name in NUMBERS}
        self.ids: list[bytes] = []
        self.urls: list[bytes] = []
        self.cards: list[bytes] = []
        self.canonical: list[bytes] = []
        self.replaced = Growing(np.empty(0, np.int64))
        self.replaced_by: dict[int, int] = {}
        self.withdrawn: dict[int, Status] = {}
        self.settled = False  # whether a lifecycle is another than that of the full build
        self.near = Nearness(self.numbers["text_length"].at, base.manifest.semantic_base, self.replaced_by)
        self.rows_of_id: dict[str, tuple[int, ...]] = {}
        self.rows_of_url: dict[str, tuple[int, ...]] = {}
        self.rows_of_tag: defaultdict[str, list[int]] = defaultdict(list)
        self.rows_of_word: defaultdict[str, list[int]] = defaultdict(list)
        self.sections, self.persons, self.tags = Sections(base), Authors(base, people), Tags(base)
        self.authors_of, self.tags_of = GrowingLists(base.authors), GrowingLists(base.tags)
        self.section_rows, self.author_rows = NewestFirst(base.section_rows), NewestFirst(base.author_rows)
        self._recent = base.recent
        self._waiting: list[int] = []
        self.other_texts: dict[int, Int32] = {}
        self.other_events: dict[int, Int32] = {}
        self.other_co_authors: dict[int, Int32] = {}
        self.sites: list[bytes] = []
        self._sites = {base.sites[place]: place for place in range(len(base.sites))}

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, arrival: Arrival, placing: Placing) -> int:
        """Give the next arrival its row, in the stories that it joins. Nothing here fails."""
        row = len(self.base) + len(self)
        signed, chain = self.persons.of(arrival.persons), self.sections.chain(arrival.section)
        self._add_numbers(arrival, chain[-1] if chain else -1)
        for texts, text in ((self.ids, arrival.id), (self.urls, arrival.url), (self.cards, arrival.card)):
            texts.append(text)
        self.canonical.append(arrival.canonical.encode())
        self.name(row, arrival.article_id, arrival.canonical)
        for tag in arrival.tags:
            self.rows_of_tag[tag].append(row)
        for word in arrival.words:
            self.rows_of_word[word].append(row)
        self.replaced.extend(arrival.replaced.tolist())
        self.replaced_by |= dict.fromkeys(arrival.replaced.tolist(), row)
        self.enlist(row, chain, signed, self.tags.of(arrival.tags))
        self._add_co_authors(signed)
        self._add_stories(placing)
        self.near.add(row, arrival.near, bool((arrival.replaced >= len(self.base)).any()))
        return row

    def name(self, row: int, article_id: str, canonical: str) -> None:
        """Let the row be found by its id, and by its address if it has one."""
        self.rows_of_id[article_id] = (*self.rows_of_id.get(article_id, ()), row)
        if canonical:
            self.rows_of_url[canonical] = (*self.rows_of_url.get(canonical, ()), row)

    def enlist(self, row: int, chain: Iterable[int], signed: Sequence[int], tags: Sequence[int]) -> None:
        """Put the row into the lists of its sections, authors and tags."""
        self.authors_of.append(signed)
        self.tags_of.append(tags)
        self.section_rows.add(chain, row)
        self.author_rows.add(signed, row)
        self._waiting.append(row)

    def settle(self, changed: Mapping[str, Lifecycle]) -> None:
        """Let these ids have these lifecycles as far as there are rows of them, from now on and for the next night.

        Rows that were replaced are as they were built: what is laid over a release is laid over the others.
        """
        self.settled = True
        replaced = self.replaced.view()
        for row in replaced.tolist():
            self.withdrawn.pop(row, None)
        for name in ("visible_from", "visible_until", "flags"):
            built = getattr(self.base, name)
            for row in replaced[replaced < len(self.base)].tolist():
                if self.numbers[name][row] != built[row]:
                    self.numbers[name].put(row, built[row])
        for key, life in changed.items():
            for row in self.rows(key):
                self._put_life(row, life)

    def rows(self, article_id: str) -> list[int]:
        """The row of the article as it is now, if there is one."""
        later = self.rows_of_id.get(article_id)
        return self.base.rows([article_id]) if later is None else [later[-1]]

    def recent(self) -> Int32:
        """All rows, newest first."""
        waiting, self._waiting = self._waiting, []
        self._recent = inserted(self._recent, waiting, self.numbers["published"].view())
        return self._recent

    def text_rows(self) -> OtherLists:
        """The rows of each text, by preference."""
        return _lists(self.base.text_rows, self.other_texts)

    def event_rows(self) -> OtherLists:
        """The rows of each event, newest first."""
        return _lists(self.base.event_rows, self.other_events)

    def co_authors(self) -> OtherLists:
        """For each author those who signed with them."""
        column = self.base.co_authors
        other = {**others_of(column), **self.other_co_authors}
        return OtherLists(column.offsets, column.values, other, self.persons.size)

    def _add_numbers(self, arrival: Arrival, node: int) -> None:
        for name, value in {**arrival.numbers, "site": self.site(arrival.host), "section": node}.items():
            self.numbers[name].extend([value])

    def _put_life(self, row: int, life: Lifecycle) -> None:
        last = FOREVER if life.expires_at is None else seconds(life.expires_at)
        values = {"visible_from": seconds(life.embargoed_until), "visible_until": last, "flags": flags_of(life)}
        for name, value in values.items():
            if self.numbers[name][row] != value:
                self.numbers[name].put(row, value)
        if life.status is Status.USABLE:
            self.withdrawn.pop(row, None)
        else:
            self.withdrawn[row] = life.status

    def site(self, host: str) -> int:
        """The number of a site, a new one where need be; -1 for none."""
        if host and host not in self._sites:
            self._sites[host] = len(self._sites)
            self.sites.append(host.encode())
        return self._sites[host] if host else -1

    def _add_stories(self, placing: Placing) -> None:
        groups = ("text_group", "event_group", "text_preference")
        for name, value in zip(groups, (placing.text_group, placing.event_group, placing.text_preference), strict=True):
            self.numbers[name].extend([value])
        for row, values in placing.others.items():
            for name, value in zip(groups, values, strict=True):
                self.numbers[name].put(row, value)
        self.other_texts |= placing.text_rows
        self.other_events |= placing.event_rows

    def _add_co_authors(self, signed: list[int]) -> None:
        for one in signed if len(signed) > 1 else ():
            column = self.base.co_authors
            known = self.other_co_authors.get(one, column[one] if one < len(column) else np.empty(0, np.int32))
            others = dict.fromkeys([*known.tolist(), *(other for other in signed if other != one)])
            self.other_co_authors[one] = np.array(list(others), np.int32)


def _lists(column: ListColumn, more: dict[int, Int32]) -> OtherLists:
    """The column with these lists in the place of its own, or after them."""
    other = {**others_of(column), **more}
    return OtherLists(column.offsets, column.values, other, max([len(column), *(group + 1 for group in other)]))
