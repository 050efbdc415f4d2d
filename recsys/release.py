"""A release: the folder that the nightly job publishes and that the service, the evaluation and you open.

    releases/
    ├── CURRENT                      the id of the release that is served
    └── 20260301T021500250Z-9f2c41d7/
        ├── manifest.json            what it is, what made it, checksums
        ├── report.json              what the build saw: boilerplate lines, dirt, counts
        ├── vectors.faiss            row r is the unit vector of article r
        ├── vectors.ann              what finds the nearest of many (recsys/approximate.py); a small archive has none
        ├── ids, urls, cards         text columns; rows are in the order of article ids
        ├── published, section       one number a row
        ├── visible_…, flags         from when to when an article may be shown, and where
        ├── authors, tags            lists of numbers a row; author_rows, tag_rows, section_rows: newest first
        ├── author_names, co_authors what each name means, and who signed with whom
        ├── words, word_rows         which articles hold a word in title, standfirst or tags
        ├── sections, section_…      the tree of sections, and how rare each is
        ├── recent                   all rows, newest first
        ├── site                     one number a row: which host its address is on
        ├── tempo                    what the time between two articles tells (recsys/tempo.py)
        ├── text_…, event_…          which articles are one text, and which are on one event
        ├── text.…, agency, updated  what tells whether a newcomer is one of these texts, and which version to show
        ├── terms, names             which articles hold a word or a name, by its hash
        ├── registry.json            what the newsroom says of its authors
        ├── chance                   the same of random pairs: what no relation looks like
        ├── neighbours               for each row: rows, and how near they are by meaning, words, names and kin
        ├── nearest                  for each row the few that kin asks (recsys/nearest.py)
        ├── ranked                   the first of each list, best first, and their scores (recsys/ranked.py)
        └── arrivals                 what nights have added since all of the above was built (recsys/extension)

Everything is memory-mapped and read-only: opening costs little, and all workers of a host share one copy.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

from recsys import cards
from recsys.articles import Article, Status, section_path
from recsys.cards import Card
from recsys.columns import Bools, Int32, Int64, KeyTable, ListColumn, Rows, TextColumn, open_array
from recsys.errors import ArticleNotFound, NoRelease, ReleaseDamaged
from recsys.lifecycle import Lifecycle
from recsys.lookup import Lookup
from recsys.manifest import MANIFEST, Manifest
from recsys.nearest import Nearest
from recsys.neighbours import Neighbours
from recsys.notebook import frame, table
from recsys.postings import Postings
from recsys.ranked import First, Ranked
from recsys.tempo import Tempo
from recsys.urls import canonical_url
from recsys.versions import Versions

if TYPE_CHECKING:
    import pandas as pd

    from recsys.engine import Engine
    from recsys.vectors import VectorIndex

CURRENT = "CURRENT"
VECTORS = "vectors.faiss"
REPORT = "report.json"
ARRIVED = "arrivals.vectors.npy"
UNDATED = np.iinfo(np.int64).min
FOREVER = np.iinfo(np.int64).max
RECOMMENDABLE, SHOWS_RELATED, EVERGREEN = 1, 2, 4  # bits of `flags`
RELEASE_ID = re.compile(r"[0-9]{8}T[0-9]{9}Z-[0-9a-f]{8}")


class Release:
    """An open release. Rows are 0 … n-1 in the order of article ids.

    Attributes:
        path: its folder.
        manifest: what it says of itself.
        replaced: (m,) int64, rows that stand for nothing any more; see `recsys.extension`.
        withdrawn: the status of each row whose article was withdrawn between the full build and this release; it is
            not found by its id.
        published: (n,) int64, seconds since 1970 UTC, `UNDATED` where unknown.
        section: (n,) int32, the row's node in the section tree, -1 where unknown.
        section_ancestors: (nodes, depth) int32, each node's path from the root, padded with -1.
        section_rarity: (nodes,) float32 in [0, 1], larger for a section with fewer articles.
        tag_rarity: (tags,) float32 > 0, inverse document frequency.
        text_length: (n,) int32, characters of the text that the model was given (a cut of the article).
        recent: (n,) int32, all rows, newest first, undated last.
        site: (n,) int32, the same for articles on one site, -1 where unknown; its place in `sites`.
        digests: (n,) uint64, what is printed of each article, as `recsys.articles.content_hash` has it.
        tempo: what the time between two articles tells, learned from this archive.
        visible_from, visible_until: (n,) int64, seconds since 1970 UTC; an article may be shown from the first on and
            before the second, `UNDATED` and `FOREVER` where there is no bound.
        flags: (n,) uint8, bits `RECOMMENDABLE`, `SHOWS_RELATED` and `EVERGREEN`.
        text_group: (n,) int32, the same for copies and versions of one text, -1 where there is only one.
        text_preference: (n,) int32, place of the row in its group: 0 for the one to show, and where it is alone.
        text_rows: the rows of each such group, by that place.
        versions: what tells whether a newcomer is one of these texts.
        event_group: (n,) int32, the same for articles on one event, -1 where there is only one.
        event_rows: the rows of each such group, newest first.
        authors_by_name: author numbers by `name_key` of a name or by key; several where authors share a name.
        co_authors: for each author those who signed an article with them, most articles first.
        rows_by_tag, rows_by_word: rows by `tag_key` of a tag, and by a folded word of title, standfirst or tags.
        terms, names: the texts that hold each word, and each name.
        nearest: the few of each row that kin asks; None in a release of before the night wrote them down.
        ranked: the first of each list, as the night ranked it.
        chance: (pairs, 4) float32, of random pairs the cosine, words, names, and the length of the first article.
    """

    def __init__(
        self, path: Path, manifest: Manifest, ranked: Ranked | None = None, engine: "Engine | None" = None
    ) -> None:
        self.path = path
        self.manifest = manifest
        self._engine = engine
        self.replaced: Int64 = np.empty(0, np.int64)
        self.withdrawn: Mapping[int, Status] = {}
        self.ids = TextColumn.open(path, "ids")
        self.urls = TextColumn.open(path, "urls")
        self._cards = TextColumn.open(path, "cards")
        self._row_of_id = KeyTable.open(path, "id_table")
        self._row_of_url = KeyTable.open(path, "url_table")
        self.published: Int64 = open_array(path / "published.npy")
        self.digests: npt.NDArray[np.uint64] = open_array(path / "digests.npy")
        self.sites = TextColumn.open(path, "sites")
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
        self.visible_from: Int64 = open_array(path / "visible_from.npy")
        self.visible_until: Int64 = open_array(path / "visible_until.npy")
        self.flags: npt.NDArray[np.uint8] = open_array(path / "flags.npy")
        self.text_group: Int32 = open_array(path / "text_group.npy")
        self.text_preference: Int32 = open_array(path / "text_preference.npy")
        self.text_rows = ListColumn.open(path, "text_rows")
        self.versions = Versions.open(path)
        self.event_group: Int32 = open_array(path / "event_group.npy")
        self.event_rows = ListColumn.open(path, "event_rows")
        self.authors_by_name = Lookup.open(path, "author_names", "authors_of_name")
        self.co_authors = ListColumn.open(path, "co_authors")
        self.rows_by_tag = Lookup.open(path, "tag_names", "tag_rows")
        self.rows_by_word = Lookup.open(path, "words", "word_rows")
        self.chance: npt.NDArray[np.float32] = open_array(path / "chance.npy")
        self.terms = Postings.open(path, "terms", manifest.rows)
        self.names = Postings.open(path, "names", manifest.rows)
        self._neighbour_rows = ListColumn.open(path, "neighbours")
        self._neighbour_cosine: npt.NDArray[np.float32] = open_array(path / "neighbours.cosine.npy")
        self._neighbour_words: npt.NDArray[np.float32] = open_array(path / "neighbours.words.npy")
        self._neighbour_names: npt.NDArray[np.float32] = open_array(path / "neighbours.names.npy")
        self._neighbour_kin: npt.NDArray[np.float32] = open_array(path / "neighbours.kin.npy")
        self.nearest = Nearest.open(path)
        self.ranked = Ranked.open(path) if ranked is None else ranked  # while it is built there is none yet
        self._check_lengths()

    @classmethod
    def open(cls, path: str | Path, *, verify: bool = True, engine: "Engine | None" = None) -> "Release":
        """Open a release folder, or the current release of a folder of releases.

        Args:
            path: a release, or the folder that holds releases and `CURRENT`.
            verify: compare every file's SHA-256 first. Without it only the columns' lengths are.
            engine: proposes near rows where the manifest names a collection of it; without one every row is compared.

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
            release = cls(folder, manifest, engine=engine)
            if manifest.foundation is None:
                return release  # which needs nothing of what arrivals need
            from recsys.extension.extension import with_arrivals  # which is built on this module

            return with_arrivals(release)
        except (OSError, ValueError, EOFError, KeyError, msgspec.MsgspecError) as error:
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
        return self.manifest.rows

    @property
    def base(self) -> "Release":
        """What was built in full: this very release, but for one with arrivals (`recsys.extension`)."""
        return self

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
        return cards.decode(self.card_bytes(row))

    def card_bytes(self, row: int) -> bytes:
        """The same as JSON, as the night wrote it."""
        return self._cards.bytes_at(row)

    def lifecycle(self, row: int) -> Lifecycle:
        """When and where this row might be shown when the release was built."""
        first, last, flags = int(self.visible_from[row]), int(self.visible_until[row]), int(self.flags[row])
        return Lifecycle(
            self.withdrawn.get(row, Status.USABLE),
            None if first == UNDATED else datetime.fromtimestamp(first, UTC),
            None if last == FOREVER else datetime.fromtimestamp(last, UTC),
            bool(flags & RECOMMENDABLE),
            bool(flags & SHOWS_RELATED),
            bool(flags & EVERGREEN),
        )

    def section_node(self, path: str) -> int:
        """The number of a section path such as "world/europe", or -1 where the release has no such section."""
        return self._section_nodes.get(section_path(path).casefold(), -1)

    def section_path(self, node: int) -> str:
        """The path of a node, such as "world/europe"."""
        return self._section_paths[node]

    def neighbours(self, row: int) -> Neighbours:
        """The nearest articles of a row, worked out at build."""
        return self._neighbours_at(row, row + 1)

    def neighbours_of(self, start: int, stop: int) -> tuple[Int64, Neighbours]:
        """(owners, near) of the rows start … stop-1 that the night built: pairs by owner, then by near row."""
        counts = np.diff(self._neighbour_rows.offsets[start : stop + 1])
        return np.repeat(np.arange(start, stop), counts), self._neighbours_at(start, stop)

    def first(self, row: int) -> First | None:
        """The first of the row's lists as the night ranked them; None where it did not know the row."""
        return self.ranked[row]

    def later(self, row: int) -> Neighbours:
        """Of a row that the night knew, the neighbours that have come since."""
        return Neighbours.unknown(np.empty(0, np.int32))

    def mark(self, row: int) -> bytes:
        """The very same object as long as nothing has come near to the row; empty where nothing has since the night."""
        return b""

    def _neighbours_at(self, start: int, stop: int) -> Neighbours:
        span = slice(self._neighbour_rows.offsets[start], self._neighbour_rows.offsets[stop])
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

        about, outside = self.manifest.index, None
        if self._engine is not None and "collection" in about:
            outside = self._engine.collection(str(about["collection"]), int(about["effort"]))
        return VectorIndex.open(self.path / VECTORS, n=len(self), dim=self.manifest.model.dim, candidates=outside)

    @property
    def present(self) -> Bools:
        """(n,) bool, true where the row is of an article that the release has: neither replaced nor withdrawn."""
        found = np.ones(len(self), np.bool_)
        found[self.replaced] = False
        found[list(self.withdrawn)] = False
        return found

    @cached_property
    def arrived(self) -> npt.NDArray[np.float32]:
        """(arrivals, dim) float32: the vectors of the rows that nights have added, memory-mapped; NaN for none."""
        if self.manifest.foundation is None:
            return np.empty((0, self.manifest.model.dim), np.float32)
        found: npt.NDArray[np.float32] = open_array(self.path / ARRIVED)
        return found

    def vectors_of(self, rows: Rows) -> npt.NDArray[np.float32]:
        """(m, dim) float32: the vectors of any (m,) rows that the release's folder has."""
        built = rows < self.manifest.rows
        found = np.empty((len(rows), self.manifest.model.dim), np.float32)
        found[built] = self.vectors.vectors(rows[built].astype(np.int64))
        found[~built] = self.arrived[rows[~built] - self.manifest.rows]
        return found

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
            "site": len(self.site), "digests": len(self.digests), "flags": len(self.flags),
            "visible_from": len(self.visible_from), "visible_until": len(self.visible_until),
            "text_group": len(self.text_group), "text_preference": len(self.text_preference),
            "event_group": len(self.event_group), "ranked": len(self.ranked), "versions": len(self.versions.updated),
            "nearest": n if self.nearest is None else len(self.nearest),
        }  # fmt: skip
        wrong = {name: length for name, length in per_row.items() if length != n}
        if wrong or len(self.section_ancestors) != nodes or {len(self.section_rows), len(self._sections)} != {nodes}:
            raise ReleaseDamaged(
                f"{self.path}: {n} articles in the manifest, but other lengths in {wrong or 'sections'}"
            )


def flags_of(life: Article | Lifecycle) -> int:
    """What `flags` holds of an article."""
    return RECOMMENDABLE * life.recommendable + SHOWS_RELATED * life.show_related + EVERGREEN * life.evergreen


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


def last_change(updated_at: datetime | None, published_at: datetime | None) -> int:
    """Seconds since 1970 UTC of the update, else of the publication, `UNDATED` where neither is known."""
    return seconds(updated_at or published_at)


def seconds(moment: datetime | None) -> int:
    """Seconds since 1970 UTC of an aware moment; `UNDATED` for None."""
    return UNDATED if moment is None else int(moment.astimezone(UTC).timestamp())
