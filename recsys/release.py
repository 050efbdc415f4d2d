"""A release: the folder that the nightly job publishes and that the service, the evaluation and you open.

    releases/
    ├── CURRENT                      the id of the release that is served
    └── 20260301T021500250Z-9f2c41d7/
        ├── manifest.json            what it is, what made it, checksums
        ├── report.json              what the build saw: boilerplate lines, dirt, counts
        ├── vectors.faiss            row r is the unit vector of article r
        ├── ids, urls, cards         text columns; rows are in the order of article ids
        ├── published, section       one number a row
        ├── authors, tags            lists of numbers a row; author_rows, section_rows the reverse, newest first
        ├── sections, section_…      the tree of sections, and how rare each is
        ├── recent                   all rows, newest first
        ├── site                     one number a row: which host its address is on
        ├── tempo                    what the time between two articles tells (recsys/tempo.py)
        └── neighbours               for each row: rows, and how near they are by meaning, words, names and kin

Everything is memory-mapped and read-only: opening costs little, and all workers of a host share one copy.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

from recsys import cards
from recsys.articles import section_path
from recsys.cards import Card
from recsys.columns import Int32, Int64, KeyTable, ListColumn, Rows, TextColumn, open_array
from recsys.errors import ArticleNotFound, NoRelease, ReleaseDamaged
from recsys.manifest import MANIFEST, Manifest
from recsys.notebook import frame, table
from recsys.tempo import Tempo
from recsys.urls import canonical_url

if TYPE_CHECKING:
    import pandas as pd

    from recsys.vectors import VectorIndex

CURRENT = "CURRENT"
VECTORS = "vectors.faiss"
REPORT = "report.json"
UNDATED = np.iinfo(np.int64).min
RELEASE_ID = re.compile(r"[0-9]{8}T[0-9]{9}Z-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest articles of one row by meaning, by words or through others, in no order.

    Attributes:
        rows: (m,) int32, never the row itself.
        cosine: (m,) float32 in [-1, 1], larger is nearer in meaning.
        words: (m,) float32 in [0, 1], larger shares more telling words.
        names: (m,) float32 in [0, 1], larger shares more telling names.
        kin: (m,) float32 in [0, 1], larger where the nearest of each have more to do with the other.

    Of other articles than the night compared, the four are NaN.
    """

    rows: Rows
    cosine: npt.NDArray[np.float32]
    words: npt.NDArray[np.float32]
    names: npt.NDArray[np.float32]
    kin: npt.NDArray[np.float32]

    @classmethod
    def unknown(cls, rows: Rows) -> "Neighbours":
        """These rows, with nothing measured."""
        nothing = np.full(len(rows), np.nan, np.float32)
        return cls(rows, nothing, nothing, nothing, nothing)

    def of(self, places: npt.NDArray[Any]) -> "Neighbours":
        """Those at these places, or where a mask is true."""
        return Neighbours(
            self.rows[places], self.cosine[places], self.words[places], self.names[places], self.kin[places]
        )

    def lookup(self, wanted: Rows) -> "Neighbours":
        """The (m,) rows `wanted` in this order, with what was measured of them."""
        places = {int(row): place for place, row in enumerate(self.rows)}
        place = np.array([places.get(int(row), -1) for row in wanted], np.int64)
        known = place >= 0

        def of(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            return np.where(known, values[place] if len(values) else np.nan, np.nan).astype(np.float32)

        return Neighbours(wanted, of(self.cosine), of(self.words), of(self.names), of(self.kin))


class Release:
    """An open release. Rows are 0 … n-1 in the order of article ids.

    Attributes:
        path: its folder.
        manifest: what it says of itself.
        published: (n,) int64, seconds since 1970 UTC, `UNDATED` where unknown.
        section: (n,) int32, the row's node in the section tree, -1 where unknown.
        section_ancestors: (nodes, depth) int32, each node's path from the root, padded with -1.
        section_rarity: (nodes,) float32 in [0, 1], larger for a section with fewer articles.
        tag_rarity: (tags,) float32 > 0, inverse document frequency.
        text_length: (n,) int32, characters of the text that the model was given (a cut of the article).
        recent: (n,) int32, all rows, newest first, undated last.
        site: (n,) int32, the same for articles on one site, -1 where unknown.
        tempo: what the time between two articles tells, learned from this archive.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self.ids = TextColumn.open(path, "ids")
        self.urls = TextColumn.open(path, "urls")
        self._cards = TextColumn.open(path, "cards")
        self._row_of_id = KeyTable.open(path, "id_table")
        self._row_of_url = KeyTable.open(path, "url_table")
        self.published: Int64 = open_array(path / "published.npy")
        self.text_length: Int32 = open_array(path / "text_length.npy")
        self.site: Int32 = open_array(path / "site.npy")
        self.tempo = Tempo(np.array(open_array(path / "tempo.npy")))
        self.section: Int32 = open_array(path / "section.npy")
        self.section_ancestors: Int32 = open_array(path / "section_ancestors.npy")
        self.section_rarity: npt.NDArray[np.float32] = open_array(path / "section_rarity.npy")
        self.section_rows = ListColumn.open(path, "section_rows")
        self._sections = TextColumn.open(path, "sections")
        self.authors = ListColumn.open(path, "authors")
        self.author_rows = ListColumn.open(path, "author_rows")
        self.tags = ListColumn.open(path, "tags")
        self.tag_rarity: npt.NDArray[np.float32] = open_array(path / "tag_rarity.npy")
        self.recent: Int32 = open_array(path / "recent.npy")
        self._neighbour_rows = ListColumn.open(path, "neighbours")
        self._neighbour_cosine: npt.NDArray[np.float32] = open_array(path / "neighbours.cosine.npy")
        self._neighbour_words: npt.NDArray[np.float32] = open_array(path / "neighbours.words.npy")
        self._neighbour_names: npt.NDArray[np.float32] = open_array(path / "neighbours.names.npy")
        self._neighbour_kin: npt.NDArray[np.float32] = open_array(path / "neighbours.kin.npy")
        self._check_lengths()

    @classmethod
    def open(cls, path: str | Path, *, verify: bool = True) -> "Release":
        """Open a release folder, or the current release of a folder of releases.

        Args:
            path: a release, or the folder that holds releases and `CURRENT`.
            verify: compare every file's SHA-256 first. Without it only the columns' lengths are.

        Raises:
            NoRelease: nothing is published there.
            ReleaseDamaged: a file is missing, cut short or altered.
            ReleaseFormatError: another version of the format wrote it.
        """
        folder = Path(path)
        if not (folder / MANIFEST).exists() and not RELEASE_ID.fullmatch(folder.name):
            folder = folder / current_id(folder)
        if not folder.is_dir():
            raise NoRelease(f"{folder}: no such release; `python -m index releases` lists them")
        manifest = Manifest.read(folder)
        if manifest.id != folder.name and RELEASE_ID.fullmatch(folder.name):
            raise ReleaseDamaged(f"{folder}: its manifest says it is {manifest.id}")
        if verify:
            manifest.verify_files(folder)
        try:
            return cls(folder, manifest)
        except (OSError, ValueError, EOFError) as error:
            raise ReleaseDamaged(f"{folder}: {error}") from error

    def __repr__(self) -> str:
        return f"<Release {self.id}: {len(self)} articles, {self.manifest.model.name}>"

    def _repr_html_(self) -> str:
        dated = self.published[self.published != UNDATED]
        span = (
            [datetime.fromtimestamp(int(end), UTC).date() for end in (dated.min(), dated.max())] if len(dated) else []
        )
        facts = {
            "articles": len(self),
            "published": " to ".join(map(str, span)),
            "sections": len(self._section_paths),
            "model": self.manifest.model.name,
        }
        return table(f"Release {self.id}", (), facts.items())

    def frame(self) -> "pd.DataFrame":
        """All articles as a pandas frame, in the order of rows, so that a row's number is its place in every array.

        Raises:
            MissingExtra: pandas is not installed.
        """
        cards_ = [self.card(row) for row in range(len(self))]
        fields = ("id", "title", "section", "published_at", "authors", "url", "standfirst")
        columns = {name: [getattr(card, name) for card in cards_] for name in fields}
        return frame({**columns, "text_length": self.text_length.tolist()}, times=("published_at",))

    def __len__(self) -> int:
        return self.manifest.articles

    @property
    def id(self) -> str:
        """Name of the release, sorts by time."""
        return self.manifest.id

    def row(self, article_id: str) -> int:
        """The row of an article.

        Raises:
            ArticleNotFound: the release has no such article.
        """
        for row in self.rows([article_id]):
            return row
        raise ArticleNotFound(article_id)

    def __contains__(self, article_id: str) -> bool:
        return bool(self.rows([article_id]))

    def rows(self, article_ids: Iterable[str]) -> list[int]:
        """The rows of those articles that the release has, in the order asked; the others are left out."""
        return [row for key in article_ids for row in self._row_of_id.candidates(key) if self.ids[row] == key]

    def row_of_url(self, url: str) -> int:
        """The row of the article at this address, whatever its scheme, tracking parameters or fragment.

        Raises:
            ArticleNotFound: no article has this address.
        """
        canonical = canonical_url(url)
        for row in self._row_of_url.candidates(canonical) if canonical else ():
            if canonical_url(self.urls[row]) == canonical:
                return row
        raise ArticleNotFound(url)

    def card(self, row: int) -> Card:
        """What a widget shows of this row."""
        return cards.decode(self._cards.bytes_at(row))

    def section_node(self, path: str) -> int:
        """The number of a section path such as "world/europe", or -1 where the release has no such section."""
        return self._section_nodes.get(section_path(path).casefold(), -1)

    def section_path(self, node: int) -> str:
        """The path of a node, such as "world/europe"."""
        return self._section_paths[node]

    def neighbours(self, row: int) -> Neighbours:
        """The nearest articles of a row, worked out at build."""
        span = slice(self._neighbour_rows.offsets[row], self._neighbour_rows.offsets[row + 1])
        return Neighbours(
            self._neighbour_rows.values[span],
            self._neighbour_cosine[span],
            self._neighbour_words[span],
            self._neighbour_names[span],
            self._neighbour_kin[span],
        )

    @property
    def neighbour_counts(self) -> Int64:
        """(n,) int64: how many neighbours each row has."""
        return np.diff(self._neighbour_rows.offsets)

    @cached_property
    def vectors(self) -> "VectorIndex":
        """The FAISS index over all rows, opened at first use.

        Raises:
            ReleaseDamaged: the file does not fit the manifest.
        """
        from recsys.vectors import VectorIndex

        return VectorIndex.open(self.path / VECTORS, n=len(self), dim=self.manifest.model.dim)

    @cached_property
    def report(self) -> dict[str, Any]:
        """What the build saw: boilerplate lines and counts."""
        decoded: dict[str, Any] = msgspec.json.decode((self.path / REPORT).read_bytes())
        return decoded

    @cached_property
    def _section_paths(self) -> list[str]:
        return [self._sections[node] for node in range(len(self._sections))]

    @cached_property
    def _section_nodes(self) -> dict[str, int]:
        return {path.casefold(): node for node, path in enumerate(self._section_paths)}

    def _check_lengths(self) -> None:
        """A last guard against a folder whose files do not belong together."""
        n, nodes = len(self), len(self.section_rarity)
        per_row = {
            "ids": len(self.ids), "urls": len(self.urls), "cards": len(self._cards), "published": len(self.published),
            "section": len(self.section), "authors": len(self.authors), "tags": len(self.tags),
            "recent": len(self.recent), "neighbours": len(self._neighbour_rows), "text_length": len(self.text_length),
            "site": len(self.site),
        }  # fmt: skip
        wrong = {name: length for name, length in per_row.items() if length != n}
        if wrong or len(self.section_ancestors) != nodes or {len(self.section_rows), len(self._sections)} != {nodes}:
            raise ReleaseDamaged(
                f"{self.path}: {n} articles in the manifest, but other lengths in {wrong or 'sections'}"
            )


def current_id(releases: Path) -> str:
    """The id that `CURRENT` names.

    Raises:
        NoRelease: there is no `CURRENT`.
        ReleaseDamaged: what it holds is not a release id.
    """
    try:
        text = (releases / CURRENT).read_text(encoding="ascii", errors="replace")
    except FileNotFoundError as error:
        raise NoRelease(f"{releases}: nothing is published yet; run `python -m index nightly`") from error
    if not RELEASE_ID.fullmatch(text.removesuffix("\n")) or not text.endswith("\n"):
        raise ReleaseDamaged(f"{releases / CURRENT}: holds {text[:60]!r}, not a release id; `python -m index rollback`")
    if not (releases / text.strip()).is_dir():
        raise ReleaseDamaged(
            f"{releases / CURRENT}: names {text.strip()}, which is not there; `python -m index rollback`"
        )
    return text.strip()


def seconds(moment: datetime | None) -> int:
    """Seconds since 1970 UTC of an aware moment; `UNDATED` for None."""
    return UNDATED if moment is None else int(moment.astimezone(UTC).timestamp())
