"""The night: build, check, publish. Whatever fails, the last release goes on being served."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from index.build import BuildConfig, build, manifest_of
from index.checks import Limits, check, refuse_failed
from index.crew import ALONE, Crew
from index.shelf import Shelf, shelf_of
from index.vector_index import Outside
from recsys.embedding import Embedder
from recsys.engine import Engine
from recsys.errors import ReleaseError
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
        rebuild: build although nothing has changed since the current release.
        work: folder to build in where releases go to an object store; None for the system's temporary one.
        engine: addresses of an engine of vectors, with blanks between them; None where there is none.
    """

    build: BuildConfig = field(default_factory=BuildConfig)
    limits: Limits = field(default_factory=Limits)
    keep: int = 5
    force: bool = False
    rebuild: bool = False
    work: Path | None = None
    engine: str | None = None


def nightly(
    store: ArticleStore,
    releases: Path | str,
    embedder: Embedder,
    config: NightlyConfig | None = None,
    crew: Crew = ALONE,
) -> Manifest:
    """Build a release from the store, check it, publish it; returns the manifest of what is then current.

    `releases` is a folder, or the URL of an object store. Where neither the store, the model nor the configuration has
    changed since the current release, that one stays. The `crew` embeds and searches; one on other machines needs an
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
    store: ArticleStore, shelf: Shelf, embedder: Embedder, config: NightlyConfig, crew: Crew, outside: Outside | None
) -> Manifest:
    last = shelf.last_manifest()
    if last and not config.rebuild and _same(last, store, embedder, config.build):
        log.info("nothing has changed since %s: it stays current", last.id)
        return last
    with shelf.staging() as folder:
        built = build(store, folder, embedder, config.build, crew, outside)
        now = datetime.now(UTC)
        draft = manifest_of(built, "draft", now, embedder, config.build)
        name = shelf.next_id(now, replace(draft, created_at="").computed_digest())
        manifest = _checked(folder, replace(draft, id=name), last, config, outside)
        shelf.publish(folder, manifest, config.keep)
    if outside is not None:
        _forget(shelf, outside)
    log.info("published %s: %d articles", manifest.id, manifest.articles)
    return manifest


def _forget(shelf: Shelf, outside: Outside) -> None:
    """Drop the collections of releases that are gone, unless a release cannot tell which it needs."""
    listed = shelf.listed()
    if not any(one.problem for one in listed):
        outside.engine.forget(outside.place, {one.collection for one in listed} - {""})


def _checked(
    folder: Path, manifest: Manifest, last: Manifest | None, config: NightlyConfig, outside: Outside | None
) -> Manifest:
    """The manifest with its checks, signed; raises BuildRefused."""
    checks = check(Release(folder, manifest, engine=outside.engine if outside else None), last, config.limits)
    for found in checks:
        level = logging.INFO if found.passed else logging.ERROR
        log.log(level, "check %s: %g (must be %s)", found.name, found.value, found.limit)
    return replace(manifest, checks=checks, forced=refuse_failed(checks, config.force)).signed()


def _same(last: Manifest, store: ArticleStore, embedder: Embedder, config: BuildConfig) -> bool:
    """Whether a build now would give the release that is current."""
    made_of = (last.format, last.store, last.change, last.model.fingerprint, last.recipe, last.config)
    return made_of == (FORMAT, store.identity(), store.change(), embedder.fingerprint, RECIPE, config.record())
