"""A release and its arrivals as one: what a request reads, as it was when the view was made."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from recsys.articles import section_path
from recsys.columns import Int64
from recsys.errors import ArticleNotFound
from recsys.extension.annex import Annex
from recsys.extension.columns import LongerLookup, longer_texts
from recsys.neighbours import Neighbours
from recsys.ranked import First
from recsys.release import Release
from recsys.urls import canonical_url

if TYPE_CHECKING:
    from recsys.vectors import VectorIndex


class ExtendedRelease(Release):
    """A release of which the rows n, n + 1 … are arrivals. It keeps what it has while the annex grows.

    Args:
        annex: what came after its release, which may be such a view itself.
    """

    def __init__(self, annex: Annex) -> None:
        base = annex.base
        self.__dict__.update(base.__dict__)
        self._annex, self._base, self._count = annex, base, len(base) + len(annex)
        self.__dict__.update({name: column.view() for name, column in annex.numbers.items()})
        self.replaced = np.concatenate([base.replaced, annex.replaced.view()])
        self.withdrawn = {**base.withdrawn, **annex.withdrawn}
        self.ids, self.urls = longer_texts(base.ids, annex.ids), longer_texts(base.urls, annex.urls)
        self.sites = longer_texts(base.sites, annex.sites)
        self.authors, self.tags = annex.authors_of.view(), annex.tags_of.view()
        self.section_ancestors, self.section_rarity = annex.sections.ancestors(), annex.sections.rarity()
        self.section_rows = annex.section_rows.view(len(annex.sections), self.published)
        self.author_rows = annex.author_rows.view(annex.persons.size, self.published)
        self.recent = annex.recent()
        self.text_rows, self.event_rows, self.co_authors = annex.text_rows(), annex.event_rows(), annex.co_authors()
        names, tags, found = base.authors_by_name, base.rows_by_tag, base.rows_by_word
        self.authors_by_name = LongerLookup(
            names.texts, names.numbers, names, {}, annex.persons.names, annex.persons.size
        )
        self.tag_rarity = annex.tags.rarity()
        texts = longer_texts(tags.texts, annex.tags.texts)
        self.rows_by_tag = LongerLookup(texts, tags.numbers, tags, annex.tags.numbers, annex.rows_of_tag, self._count)
        self.rows_by_word = LongerLookup(found.texts, found.numbers, found, {}, annex.rows_of_word, self._count)

    @property
    def base(self) -> Release:
        """What the night built."""
        return self._base.base

    @property
    def vectors(self) -> "VectorIndex":
        """Of what was built in full, opened at first use; the arrivals have theirs in the finder."""
        return self._base.vectors

    def __len__(self) -> int:
        return self._count

    def rows(self, article_ids: Iterable[str]) -> list[int]:
        """The rows of those articles that there are, in the order asked; the others are left out."""
        found = []
        for key in article_ids:
            later = self._last(self._annex.rows_of_id.get(key, ()))
            found += self._base.rows([key]) if later < 0 else [later]
        return [row for row in found if row not in self.withdrawn] if self.withdrawn else found

    def row_of_url(self, url: str) -> int:
        """The row of the article at this address, whatever its scheme, tracking parameters or fragment.

        Raises:
            ArticleNotFound: no article has this address.
        """
        later = self._last(self._annex.rows_of_url.get(canonical_url(url) or "", ()))
        row = self._base.row_of_url(url) if later < 0 else later
        if self._is_replaced(row) or row in self.withdrawn:  # its article has another address now, or is gone
            raise ArticleNotFound(url)
        return row

    def card_bytes(self, row: int) -> bytes:
        """What a widget shows of this row, as JSON."""
        own = len(self._base)
        return self._base.card_bytes(row) if row < own else self._annex.cards[row - own]

    def section_node(self, path: str) -> int:
        """The number of a section path such as "world/europe", or -1 where there is no such section."""
        later = self._annex.sections.nodes.get(section_path(path).casefold(), -1)
        return later if 0 <= later < len(self.section_rarity) else self._base.section_node(path)

    def section_path(self, node: int) -> str:
        """The path of a node, such as "world/europe"."""
        own = len(self._base.section_rarity)
        return self._base.section_path(node) if node < own else self._annex.sections.paths[node - own]

    def neighbours(self, row: int) -> Neighbours:
        """The nearest articles of a row, worked out at build, or when they came."""
        own = len(self._base)
        near = self._base.neighbours(row) if row < own else self._annex.near.own[row - own]
        return self._annex.near.later(near, row, self._count)

    def first(self, row: int) -> First | None:
        """The first of the row's lists as the night ranked them; None where it did not know the row."""
        return self._base.first(row) if row < len(self._base) else None

    def later(self, row: int) -> Neighbours:
        """Of a row that the night knew, the neighbours that have come since."""
        return self._annex.near.later(self._base.later(row), row, self._count)

    def mark(self, row: int) -> bytes:
        """The very same object as long as nothing has come near to the row; empty where nothing has since the night."""
        return self._annex.near.mark(row) or self._base.mark(row)

    @property
    def neighbour_counts(self) -> Int64:
        """(n,) int64: how many neighbours each row has."""
        own = [len(near.rows) for near in self._annex.near.own[: self._count - len(self._base)]]
        later = self._annex.near.counts(self._count)
        return np.concatenate([self._base.neighbour_counts, np.array(own, np.int64)]) + later

    def _last(self, rows: Iterable[int]) -> int:
        """The last of the rows that this view has, -1 where it has none."""
        return max((row for row in rows if row < self._count), default=-1)

    def _is_replaced(self, row: int) -> bool:
        return self._annex.replaced_by.get(row, self._count) < self._count
