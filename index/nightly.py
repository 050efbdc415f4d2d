"""The night: build, or add what has changed; check, publish. Whatever fails, the last release goes on being served."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from index.build import BuildConfig, build, manifest_of
from index.checks import Limits, check, refuse_failed
from index.crew import ALONE, Crew
from index.delta import BuildAnew, add
from index.shelf import Shelf, shelf_of
from index.vector_index import Outside
from recsys.embedding import Embedder
from recsys.engine import Engine
from recsys.errors import ReleaseDamaged, ReleaseError
from recsys.extension.extension import with_arrivals
from recsys.manifest import FORMAT, Manifest
from recsys.release import Release
from recsys.store import ArticleStore
from recsys.text import RECIPE

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NightlyConfig:
    """How a night runs.

    Attributes:
        build: what shapes the release.
        limits: bounds of the checks before publishing.
        keep: how many releases stay, >= 1.
        force: publish although a check failed, and record which.
        rebuild: build all although nothing, or little, has changed since the current release.
        arrivals: share of the archive that may be added to the last full build, in [0, 1]; at 0 all is always built.
        work: folder to build in where releases go to an object store; None for the system's temporary one.
        engine: addresses of an engine of vectors, with blanks between them; None where there is none.
        processes: how many of this machine share the work that a `crew` does not do, >= 1.
    """

    build: BuildConfig = field(default_factory=BuildConfig)
    limits: Limits = field(default_factory=Limits)
    keep: int = 5
    force: bool = False
    rebuild: bool = False
    arrivals: float = 0.02
    work: Path | None = None
    engine: str | None = None
    processes: int = 1


def nightly(
    store: ArticleStore,
    releases: Path | str,
    embedder: Embedder,
    config: NightlyConfig | None = None,
    crew: Crew | None = None,
) -> Manifest:
    """Make a release of the store, check it, publish it; returns the manifest of what is then current.

    Where little has changed since the current release, that is added to the full build which it stands on; else all is
    built anew. The log says which, and why.

    `releases` is a folder, or the URL of an object store. Where neither the store, the model nor the configuration has
    changed since the current release, that one stays. A `crew` on other machines embeds and searches, and needs an
    embedder that can be sent there (`index.named_model`).

    Raises:
        BuildRefused: a check failed; `CURRENT` is as it was.
        ClusterError: nobody of the crew is left; `CURRENT` is as it was.
        ConfigError: another job is publishing to this folder; an engine of vectors is asked for and not given.
        EngineLost: the engine of vectors cannot be reached; `CURRENT` is as it was, and the next night goes on.
        Overtaken: another job has published to this object store meanwhile; this night's build is not.
        ReleaseError: the disk is full or cannot be written, or the object store; `CURRENT` is as it was.
        StoreError: the store cannot be read; `CURRENT` is as it was.
    """
    config = config or NightlyConfig()
    try:
        shelf = shelf_of(releases, config.work)
        with shelf.only_one(), _engine(config, f"{store.identity()} {_place(releases)}") as outside:
            return _night(store, shelf, embedder, config, crew, outside)
    except OSError as error:
        reason = f"cannot write a release in {releases}: {error}"
        raise ReleaseError(
            f"{reason}; the last release stays. Free space or mend the folder, then run again"
        ) from error


@contextmanager
def _engine(config: NightlyConfig, place: str) -> Iterator[Outside | None]:
    """The engine, where there is one; it is hung up at the end."""
    if config.engine is None:
        yield None
        return
    with closing(Engine(config.engine)) as engine:
        yield Outside(engine, place)


def _place(releases: Path | str) -> str:
    return str(releases.resolve()) if isinstance(releases, Path) else releases


def _night(
    store: ArticleStore,
    shelf: Shelf,
    embedder: Embedder,
    config: NightlyConfig,
    crew: Crew | None,
    outside: Outside | None,
) -> Manifest:
    last = shelf.last_manifest()
    if last and not config.rebuild and _same(last, store, embedder, config.build):
        log.info("nothing has changed since %s: it stays current", last.id)
        return last
    with shelf.staging() as folder:
        draft = _draft(store, shelf, folder, embedder, config, crew, outside, last)
        now = datetime.now(UTC)
        name = shelf.next_id(now, replace(draft, id="draft", created_at="").computed_digest())
        draft = replace(draft, id=name, created_at=now.isoformat(timespec="seconds"))
        manifest = _checked(folder, draft, last, config, outside)
        shelf.publish(folder, manifest, config.keep)
    if outside is not None:
        _forget(shelf, outside)
    log.info("published %s: %d articles", manifest.id, manifest.articles)
    return manifest


def _draft(
    store: ArticleStore,
    shelf: Shelf,
    folder: Path,
    embedder: Embedder,
    config: NightlyConfig,
    crew: Crew | None,
    outside: Outside | None,
    last: Manifest | None,
) -> Manifest:
    """Fill the folder; its manifest, not yet named and checked."""
    try:
        if last is None or config.rebuild or config.arrivals <= 0:
            raise BuildAnew("nothing can be added to" if last is None else "it is asked for")
        if _made_of(last) != _to_be_made_of(store, embedder, config.build):
            raise BuildAnew(f"format, store, model, recipe or configuration are not those of {last.id}")
        with shelf.holding(last.id) as held:
            engine = outside.engine if outside else None
            added = add(store, held, folder, embedder, config.arrivals, crew or ALONE, engine)
        assert added.foundation is not None
        arrivals, base = added.foundation.arrivals, added.foundation.id
        log.info("added what changed since %s: %d articles beside the full build %s", last.id, arrivals, base)
        return added
    except (BuildAnew, ReleaseDamaged) as reason:
        log.info("all is built anew: %s", reason)
    built = build(store, folder, embedder, config.build, crew, outside, config.processes)
    return manifest_of(built, "draft", datetime.now(UTC), embedder, config.build)


def _forget(shelf: Shelf, outside: Outside) -> None:
    """Drop the collections of releases that are gone, unless a release cannot tell which it needs."""
    listed = shelf.listed()
    if not any(one.problem for one in listed):
        outside.engine.forget(outside.place, {one.collection for one in listed} - {""})


def _checked(
    folder: Path, manifest: Manifest, last: Manifest | None, config: NightlyConfig, outside: Outside | None
) -> Manifest:
    """The manifest with its checks, signed; raises BuildRefused."""
    release = with_arrivals(Release(folder, manifest, engine=outside.engine if outside else None))
    checks = check(release, last, config.limits)
    for found in checks:
        level = logging.INFO if found.passed else logging.ERROR
        log.log(level, "check %s: %.9g (must be %s)", found.name, found.value, found.limit)
    return replace(manifest, checks=checks, forced=refuse_failed(checks, config.force)).signed()


def _same(last: Manifest, store: ArticleStore, embedder: Embedder, config: BuildConfig) -> bool:
    """Whether a build now would give the release that is current."""
    return last.change == store.change() and _made_of(last) == _to_be_made_of(store, embedder, config)


def _made_of(last: Manifest) -> tuple[object, ...]:
    return last.format, last.store, last.model.fingerprint, last.recipe, last.config


def _to_be_made_of(store: ArticleStore, embedder: Embedder, config: BuildConfig) -> tuple[object, ...]:
    return FORMAT, store.identity(), embedder.fingerprint, RECIPE, config.record()
