"""`nightly`: articles in, a release out."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from index.commands.ingest import ingested
from index.options import AUTHORS, CLUSTER, CLUSTER_THREADS, CLUSTER_WORKERS, DEVICE, PATH, RELEASES, STORE, reading
from recsys.errors import BuildRefused, ConfigError
from recsys.index_kind import AUTO, CHOICES, Kind


@click.command("nightly")
@click.argument("files", nargs=-1, type=PATH)
@STORE
@RELEASES
@reading
@click.option("--model", help="Folder or hub id of a sentence-transformers model; the packaged one else.")
@click.option(
    "--precision",
    default="float32",
    show_default=True,
    type=click.Choice(["float32", "bfloat16"]),
    help="bfloat16 is about three times as fast on a CPU that has it, and needs the extra [fast].",
)
@DEVICE
@click.option("--neighbours", default=100, show_default=True, help="Nearest by meaning, and as many by words, to keep.")
@click.option(
    "--language",
    default="english",
    show_default=True,
    help="What the articles are written in, in English and in lower case, such as german; for the stems of words.",
)
@click.option(
    "--event-days",
    default=3,
    show_default=True,
    type=click.IntRange(min=0),
    help="How far apart articles on one event may be.",
)
@AUTHORS
@click.option("--weights", type=PATH, help="The service's weights, so that lists are ranked for them.")
@click.option(
    "--index", default=AUTO, show_default=True, type=click.Choice(CHOICES), help="How the nearest vectors are found."
)
@click.option(
    "--index-memory", default=2.0, show_default=True, help="GiB that searches of vectors may keep busy, for auto."
)
@click.option(
    "--index-recall",
    default=0.98,
    show_default=True,
    type=click.FloatRange(0.0, 1.0),
    help="Share of the nearest that an approximate index must find; below it nothing is published.",
)
@click.option(
    "--engine",
    metavar="URLS",
    help="Servers of PostgreSQL with pgvector, with blanks between them, for --index engine and what it left.",
)
@click.option(
    "--arrivals",
    default=0.02,
    show_default=True,
    type=click.FloatRange(0.0, 1.0),
    help="Share of the archive, a few hundred at the least, that is added to the last full build; 0 always builds all.",
)
@click.option("--keep", default=5, show_default=True, type=click.IntRange(min=1), help="Releases to keep.")
@click.option(
    "--cores",
    type=click.IntRange(min=1),
    help="Processes that share the work; as many as there are cores if not given.",
)
@CLUSTER
@CLUSTER_THREADS
@CLUSTER_WORKERS
@click.option("--work", type=PATH, help="Folder to build in, where releases go to an object store.")
@click.option("--force", is_flag=True, help="Publish although a check failed, and record which.")
@click.option("--rebuild", is_flag=True, help="Build all, although nothing or little has changed.")
def nightly_command(
    files: tuple[Path, ...],
    url: str,
    releases: Path | str,
    model: str | None,
    precision: Any,
    device: str,
    neighbours: int,
    language: str,
    event_days: int,
    authors: Path | None,
    weights: Path | None,
    index: str,
    index_memory: float,
    index_recall: float,
    engine: str | None,
    arrivals: float,
    keep: int,
    cores: int | None,
    ray: str | None,
    ray_threads: int,
    ray_workers: int | None,
    work: Path | None,
    force: bool,
    rebuild: bool,
    **options: Any,
) -> None:
    """Ingest FILES if there are any, make a release, check it, publish it.

    After few changes these are added to the last full build, else all is built anew; the log says which, and why.
    Whatever fails, the last release goes on being served and the status is 1.

    \b
    Example:
      python -m index nightly tonight.jsonl --store sqlite:///articles.db --releases releases
    """
    from index.build import BuildConfig
    from index.checks import Limits
    from index.cluster import ClusterConfig, joined
    from index.cores import cores as all_cores
    from index.named_model import named_model
    from index.nightly import NightlyConfig, nightly
    from index.vector_index import IndexConfig
    from recsys.embedding import load_embedder
    from recsys.model_files import DEFAULT_MODEL
    from recsys.ranking import Weights
    from recsys.registry import Registry
    from recsys.store import ArticleStore

    registry = Registry.read(authors) if authors else Registry()
    # first, so that a wrong one is told at once
    vectors, weighed = IndexConfig(index, index_memory, index_recall), Weights.read(weights) if weights else Weights()
    build = BuildConfig(
        neighbours, language=language, event_days=event_days, registry=registry, weights=weighed, index=vectors
    )
    if index == Kind.ENGINE and not engine:
        raise ConfigError("--index engine needs one: give --engine postgresql://user@host/database")
    if index == Kind.ENGINE and ray is not None:
        raise ConfigError("--index engine with --ray: the nodes do not ask an engine; leave one of the two out")
    if device not in (AUTO, "cpu") and ray is not None:
        raise ConfigError(f"--device {device} with --ray: the nodes embed on their CPUs; leave one of the two out")
    limits = Limits(recall=index_recall)
    config = NightlyConfig(build, limits, keep, force, rebuild, arrivals, work, engine, cores or all_cores())
    cluster = ClusterConfig(ray, ray_threads, ray_workers) if ray is not None else None
    with joined(cluster) if cluster else nullcontext() as crew:
        store = ArticleStore.open(url, create=True)
        if files and not ingested(files, store, **options):
            raise BuildRefused("the ingest failed, so nothing was built; the last release stays")
        name = model or DEFAULT_MODEL
        embedder = (
            named_model(name, precision, cluster.threads) if cluster else load_embedder(name, precision, device=device)
        )
        manifest = nightly(store, releases, embedder, config, crew)
    click.echo(f"current release: {manifest.id}, {manifest.articles} articles")
