"""A night after few changes: the full build that is current stays as it is, and what has changed is laid beside it.

It does what a service does between two nights, by the same code (`recsys.extension`), and writes down what was worked
out, so that whoever opens the release need not measure again. All files of the full build are shared with the release
before by hard links. What it costs follows the changes; a night in full tidies up once there are too many.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from index.crew import Crew
from index.embed import EmbedReport, embed_missing
from index.read_ahead import read_ahead
from index.rows import COLUMNS
from recsys.articles import Article, Status
from recsys.embedding import Embedder
from recsys.engine import Engine
from recsys.errors import EngineLost
from recsys.extension import Extension
from recsys.extension.kept import NAME
from recsys.lifecycle import Lifecycle
from recsys.manifest import Foundation, Manifest, record_files
from recsys.progress import progress
from recsys.release import Release
from recsys.release_folder import share
from recsys.snapshot import Snapshot
from recsys.store import ArticleStore
from recsys.text import Boilerplate

log = logging.getLogger(__name__)
FEW, TENTH = 500, 0.1  # so many are always few, but in an archive of which they are more than a tenth
_PAGE = 100  # articles in memory at once
_MANY = 100  # from so many on files are read whole that arrivals are compared with: fewer look into less of them
_COMPARED = ("terms.", "vectors.", "nearest.")
_PER_ARRIVAL = 10  # changes that are looked through for each article that may come: most may be of lifecycles only


class BuildAnew(Exception):
    """All must be built; the text says why."""


@dataclass(frozen=True, slots=True)
class Since:
    """What has changed since a release, in the order of changes.

    Attributes:
        lives: the lifecycle of each article that has changed.
        fresh: ids of those that are printed otherwise than there, or are not there.
        change: the store's change number that is reached.
    """

    lives: Mapping[str, Lifecycle]
    fresh: Sequence[str]
    change: int


def most_arrivals(rows: int, share_: float) -> int:
    """How many arrivals may stand beside a full build of so many rows; none where the share is 0."""
    return int(max(share_ * rows, min(FEW, TENTH * rows))) if share_ > 0 else 0


def add(
    store: ArticleStore, held: Path, folder: Path, embedder: Embedder, share_: float, crew: Crew, engine: Engine | None
) -> Manifest:
    """Write into `folder`, which is empty, the release that lies whole in `held` with what has changed since.

    Returns:
        the manifest of the new one, not named, dated, checked or signed yet.

    Raises:
        BuildAnew: too much has changed; `folder` is as it was.
        EngineLost: the engine of vectors cannot be reached.
        ClusterError, OSError, StoreError: as for a full build.
    """
    release = Release.open(held, verify=False, engine=engine)
    last, before = release.manifest, _gone(release)
    founded = last.foundation or Foundation(last.id, last.articles, last.change, 0)
    extension = Extension(release, keeping=True)
    with store.snapshot() as snapshot:
        room = most_arrivals(founded.rows, share_) - founded.arrivals - len(release.withdrawn)
        since = _since(snapshot, release, extension, room)
        if len(since.fresh) >= _MANY:
            read_ahead(held / name for begin in _COMPARED for name in sorted(last.files) if name.startswith(begin))
        boilerplate = Boilerplate(release.report["boilerplate"]["lines"])
        embed = partial(embed_missing, store, embedder=embedder, boilerplate=boilerplate, crew=crew)
        with progress("add", len(since.fresh)) as advance:
            for page in _embedded(_pages(snapshot, since.fresh), embed):
                vectors = store.embeddings([*map(extension.key, page)], embedder.dim)
                for article, vector in zip(page, vectors, strict=True):
                    extension.add(article, vector)
                    if extension.lacks_a_search(article.id):
                        release.vectors.search(vector[None], 1)  # which says more of what is wrong
                        raise EngineLost("the engine of vectors was lost while articles were compared; run again")
                    advance(1)
    extension.settle(since.lives)
    extension.save(folder)
    new = record_files(folder)
    shared = {name: record for name, record in last.files.items() if not name.startswith(f"{NAME}.")}
    share(held, folder, shared)
    later = extension.release()
    return replace(
        last,
        change=since.change,
        articles=len(later) - len(_gone(later)),
        foundation=replace(founded, arrivals=len(later) - founded.rows),
        counts=last.counts | _counts(last, release, before, later),
        checks=[],
        forced=[],
        files=dict(sorted((shared | new).items())),
        digest="",
    )


def _since(snapshot: Snapshot, release: Release, extension: Extension, room: int) -> Since:
    last = release.manifest
    if room < 0:
        raise BuildAnew("more articles than are wanted stand beside the last full build")
    if snapshot.change < last.change:
        raise BuildAnew(f"the store's last change is {snapshot.change}, {last.id} was made at {last.change}")
    lives: dict[str, Lifecycle] = {}
    for change in snapshot.changes_after(last.change):
        lives[change.id] = change.lifecycle
        if len(lives) > max(_PER_ARRIVAL * room, _PER_ARRIVAL * FEW):
            raise BuildAnew(f"more than {len(lives) - 1:,} articles have changed")
    usable = [key for key, life in lives.items() if life.status is Status.USABLE]
    room -= len(release.rows(key for key, life in lives.items() if life.status is not Status.USABLE))
    fresh: list[str] = []
    for page in _pages(snapshot, usable):
        fresh += [article.id for article in page if not extension.knows(article, True)]
        if len(fresh) > room:
            break
    if len(fresh) > room:
        raise BuildAnew("too many articles are new, printed otherwise or withdrawn since the last full build")
    return Since(lives, fresh, snapshot.change)


def _embedded(pages: Iterable[list[Article]], embed: Callable[[list[Article]], EmbedReport]) -> Iterator[list[Article]]:
    """The pages, each once its texts have vectors: while one is dealt with the next is embedded, in another thread."""
    todo, reports, ahead = iter(pages), list[EmbedReport](), ThreadPoolExecutor(1, thread_name_prefix="embed")

    def begun() -> tuple[list[Article], Future[EmbedReport]] | None:
        return next(((page, ahead.submit(embed, page)) for page in todo), None)

    try:
        coming = begun()
        while coming is not None:
            (page, embedding), coming = coming, begun()
            reports.append(embedding.result())
            yield page
    finally:
        ahead.shutdown(cancel_futures=True)
    log.info("%s", EmbedReport.joined(reports))


def _pages(snapshot: Snapshot, ids: Sequence[str]) -> Iterator[list[Article]]:
    return (snapshot.articles_of(ids[start : start + _PAGE]) for start in range(0, len(ids), _PAGE))


def _gone(release: Release) -> set[int]:
    """Rows that show no article of the store."""
    return {*release.replaced.tolist(), *release.withdrawn}


def _counts(last: Manifest, old: Release, before: set[int], new: Release) -> dict[str, int]:
    """How many articles have each field, from what it was and who came and went."""
    after = _gone(new)
    come = [row for row in (*range(len(old), len(new)), *before) if row not in after]
    went = [row for row in after - before if row < len(old)]
    found = Counter({name: number for name, number in last.counts.items() if name.startswith("with_")})
    found.update(_filled(new, come))
    found.subtract(_filled(new, went))
    return dict(found)


def _filled(release: Release, rows: Iterable[int]) -> Counter[str]:
    """How many of the rows have each field of their article, as far as the release tells."""
    found: Counter[str] = Counter()
    for row in rows:
        card = release.card(row)
        above = sum(len(text) + 1 for text in (card.title, card.standfirst) if text)
        has = {
            **{name: getattr(card, name) for name in COLUMNS if hasattr(card, name)},
            "body": int(release.text_length[row]) >= above,  # the model is given more than title and standfirst
            "tags": len(release.tags[row]),
            "authors": card.authors,
        }
        found.update(f"with_{name}" for name, value in has.items() if value)
    return found
