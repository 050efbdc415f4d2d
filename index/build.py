"""The build: the article store as of one change number becomes a release folder.

Same store and same configuration give byte-identical files; only the manifest's time and id differ.
"""

import logging
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from index.aside import aside_at_night, aside_for_newcomers
from index.building import Building
from index.cores import Cores
from index.crew import ALONE, Crew
from index.embed import embed_missing
from index.lists import Lists, write_lists
from index.nearest import nearest
from index.neighbours import NeighbourTable, neighbours
from index.pairs import Corpus
from index.ranked import ranked
from index.rows import COLUMNS, RowColumns, write_rows
from index.stories import EVENT_DAYS, SAME_TEXT, StoryConfig, stories
from index.story_files import Largest, largest_stories, story_counts, write_stories
from index.texts import Texts, read_texts
from index.vector_index import IndexConfig, Outside, write_vectors
from recsys.authors import People
from recsys.columns import Int64, ListColumn, save_array
from recsys.embedding import Embedder
from recsys.index_kind import Kind
from recsys.manifest import FORMAT, Manifest, Model, record_files
from recsys.postings import Postings
from recsys.progress import progress
from recsys.ranking import Weights
from recsys.registry import Registry, write_registry
from recsys.release import REPORT, VECTORS
from recsys.store import ArticleStore
from recsys.terms import known_language, term_reader
from recsys.text import RECIPE, Boilerplate, find_boilerplate
from recsys.vectors import VectorIndex
from recsys.versions import Versions

log = logging.getLogger(__name__)
_BLOCK = 4_096


@dataclass(frozen=True, slots=True)
class BuildConfig:
    """What shapes a build besides the store and the model.

    Attributes:
        neighbours: how many nearest by meaning, and as many by words, are kept for each article.
        kin: how many more are kept that the nearest of an article are near to.
        title_weight: how often the title's words count in the word index.
        language: of the articles; one that Snowball knows, for the stems of words.
        same_text: share of the smaller of two texts that must be in the other to be one text, in [0.5, 1].
        event_days: articles on one event are at most so many days apart.
        registry: what the newsroom says of its authors.
        weights: those of the service, for which lists are ranked beforehand.
        index: which vector index.

    Raises:
        ConfigError: Snowball does not know the language, or a number is out of its range.
    """

    neighbours: int = 100
    kin: int = 50
    title_weight: int = 3
    language: str = "english"
    same_text: float = SAME_TEXT
    event_days: int = EVENT_DAYS
    registry: Registry = field(default_factory=Registry)
    weights: Weights = field(default_factory=Weights)
    index: IndexConfig = field(default_factory=IndexConfig)

    def __post_init__(self) -> None:
        known_language(self.language)  # now, not after an hour of embedding
        self.stories()

    def stories(self) -> StoryConfig:
        """What makes articles one story."""
        return StoryConfig(self.same_text, self.event_days)

    def record(self) -> dict[str, int | float | str]:
        """What the manifest keeps; of the registry the SHA-256 of its file as `authors`, "" where there is none."""
        whole = ("registry", "weights", "index")
        settings = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in whole}
        index = {f"index_{name}": value for name, value in asdict(self.index).items()}
        return settings | index | {"authors": self.registry.digest, "weights": self.weights.record()}


@dataclass(frozen=True, slots=True)
class Built:
    """A finished build in its staging folder, not yet named, checked or published."""

    folder: Path
    store: int
    change: int
    articles: int
    semantic_base: float
    counts: dict[str, int]
    index: dict[str, int | float | str]


def build(
    store: ArticleStore,
    folder: Path,
    embedder: Embedder,
    config: BuildConfig,
    crew: Crew | None = None,
    outside: Outside | None = None,
    processes: int = 1,
) -> Built:
    """Write every file of a release but the manifest into `folder`, which must be empty; the same whoever does it.

    A `crew` on other machines embeds and searches; so many `processes` of this one do all else, and that too if None.
    `outside` takes the vectors.

    Raises:
        EngineLost: the engine of vectors cannot be written to.
        StoreError: the store cannot be read.
        OSError: the disk is full.
        ClusterError: the crew is gone, or a process.
    """
    with Cores(processes, folder) as cores:
        return _build(store, folder, embedder, config, crew, outside, cores)


def _build(
    store: ArticleStore,
    folder: Path,
    embedder: Embedder,
    config: BuildConfig,
    crew: Crew | None,
    outside: Outside | None,
    cores: Crew,
) -> Built:
    people = People(config.registry)
    with TemporaryDirectory(dir=folder, prefix="texts-") as work:
        read = _read(store, folder, Path(work), embedder, config, people, crew or ALONE, cores)
    columns, published = read.columns, np.array(read.columns.published, np.int64)
    write_registry(folder, config.registry)
    lists = write_lists(folder, published, columns.persons, columns.sections, columns.tags, people)
    digests, dim = columns.digests, embedder.dim
    blocks = (store.embeddings(digests[start : start + _BLOCK], dim) for start in range(0, len(digests), _BLOCK))
    index, about_index = write_vectors(folder / VECTORS, blocks, dim, config.neighbours, config.index, outside)
    corpus, about_words = _corpus(folder, read, index, published, config)
    here = ALONE if index.kind is Kind.ENGINE else cores  # an engine is asked by this process only
    table = neighbours(corpus, config.neighbours, config.kin, folder, crew or here)
    _write_learned(folder, table)
    versions = Versions(read.texts.prints, np.array(columns.agency, np.bool_), np.array(columns.updated, np.int64))
    versions.save(folder, published)
    found_stories = stories(corpus, table, versions, config.stories())
    write_stories(folder, found_stories, published)
    counts = _counts(lists, table, read.boilerplate, columns) | story_counts(found_stories)
    _write_report(folder, read.boilerplate, counts, largest_stories(folder, found_stories, published))
    about = about_index | about_words
    built = Built(folder, store.identity(), read.change, index.n, table.semantic_base, counts, about)
    building = Building(folder, _manifest(built, embedder, config))
    nearest(building, cores)
    ranked(building, config.weights, cores)
    return built


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of a store as of a change number."""

    change: int
    boilerplate: Boilerplate
    columns: RowColumns
    texts: Texts


def _read(
    store: ArticleStore,
    folder: Path,
    work: Path,
    embedder: Embedder,
    config: BuildConfig,
    people: People,
    crew: Crew,
    cores: Crew,
) -> _Read:
    """Go through all articles: find boilerplate, embed, write the rows, read the texts."""
    with store.snapshot() as snapshot:
        boilerplate = find_boilerplate(snapshot.articles, expected=sum(store.count().values()))
        log.info("%d boilerplate lines in %d articles", len(boilerplate.counts), boilerplate.articles)
        with progress("embed", boilerplate.articles) as advance:
            found = embed_missing(store, snapshot.articles(), embedder, boilerplate, advance=advance, crew=crew)
        log.info("%s", found)
        columns = write_rows(folder, snapshot.articles(), boilerplate, embedder, people)
        with progress("texts", boilerplate.articles) as advance:
            terms, weight = term_reader(config.language), config.title_weight
            texts = read_texts(snapshot.articles(), boilerplate, terms, weight, work, cores, advance)
        return _Read(snapshot.change, boilerplate, columns, texts)


def _corpus(
    folder: Path, read: _Read, index: VectorIndex, published: Int64, config: BuildConfig
) -> tuple[Corpus, dict[str, int | float | str]]:
    """What the search for neighbours needs, and what the manifest says of words; the postings of texts are written."""
    words, named = read.texts.words, read.texts.names
    words.postings().save(folder, "terms")
    named.postings().save(folder, "names")
    k, recall = config.neighbours, config.index.recall
    aside, about = aside_at_night(words, k, recall)
    about |= aside_for_newcomers(words, Postings.open(folder, "terms", index.n), k, recall)
    lengths, author_rows = np.array(read.columns.lengths, np.int32), ListColumn.open(folder, "author_rows")
    return Corpus(index, words, named, published, lengths, author_rows, aside), about


def manifest_of(built: Built, release_id: str, now: datetime, embedder: Embedder, config: BuildConfig) -> Manifest:
    """The manifest of a finished build, with the checksum of every file; checks are added by the caller."""
    created_at = now.astimezone(UTC).isoformat(timespec="seconds")
    return replace(
        _manifest(built, embedder, config), id=release_id, created_at=created_at, files=record_files(built.folder)
    )


def _manifest(built: Built, embedder: Embedder, config: BuildConfig) -> Manifest:
    return Manifest(
        format=FORMAT,
        id="",
        created_at="",
        store=built.store,
        change=built.change,
        articles=built.articles,
        model=Model(embedder.name, embedder.fingerprint, embedder.dim, embedder.max_chars),
        recipe=RECIPE,
        semantic_base=built.semantic_base,
        config=config.record(),
        counts=built.counts,
        index=built.index,
    )


def _write_learned(folder: Path, table: NeighbourTable) -> None:
    save_array(folder / "tempo.npy", table.tempo.evidence)
    save_array(folder / "chance.npy", table.chance)


def _counts(lists: Lists, table: NeighbourTable, boilerplate: Boilerplate, columns: RowColumns) -> dict[str, int]:
    """Sizes, and as `with_…` how many articles have each field: what the checks compare with the last release's."""
    filled = {f"with_{name}": columns.filled[name] for name in (*COLUMNS, "authors")}
    sizes = {"neighbours": len(table.pairs.rows.values), "boilerplate_lines": len(boilerplate.counts)}
    return asdict(lists) | sizes | filled


def _write_report(folder: Path, boilerplate: Boilerplate, counts: dict[str, int], largest: Largest) -> None:
    report = {
        "counts": counts,
        "stories": largest,
        "boilerplate": {"threshold": boilerplate.threshold, "lines": boilerplate.counts},
    }
    with (folder / REPORT).open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
