"""`python -m index`: articles in, a release out."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recsys.errors import BuildRefused, RecsysError

if TYPE_CHECKING:
    from recsys.store import ArticleStore

PATH = click.Path(path_type=Path)
Command = Callable[..., None]

STORE = click.option(
    "--store",
    "url",
    default="sqlite:///articles.db",
    show_default=True,
    help="The article store; made where there is none.",
)
AUTHORS = click.option(
    "--authors", type=PATH, help="What the newsroom says of its authors, in YAML: ids, names, aliases, who is hidden."
)
RELEASES = click.option(
    "--releases", default="releases", show_default=True, type=PATH, help="The folder that holds the releases."
)


def reading(command: Command) -> Command:
    """The options of every command that reads files of articles."""
    for option in reversed(
        (
            click.option(
                "--map", "mapping", multiple=True, metavar="FIELD=COLUMN,…", help="Columns that have other names."
            ),
            click.option("--full", is_flag=True, help="The files are all there is: retire articles that they lack."),
            click.option(
                "--rejects", default="rejects.jsonl", show_default=True, type=PATH, help="Where rejected rows go."
            ),
            click.option(
                "--reject-limit", default="5%", show_default=True, help="Fail above this number or share of rejects."
            ),
            click.option(
                "--retire-limit", default=0.2, show_default=True, help="Largest share of articles to retire, 0 to 1."
            ),
        )
    ):
        command = option(command)
    return command


class Program(click.Group):
    """A group whose commands end with one line and status 1 where an error has a name."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(context)
        except (RecsysError, OSError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Program)
@click.option("--quiet", is_flag=True, help="Log warnings and errors only.")
def main(quiet: bool) -> None:
    """Articles in, a release out."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING if quiet else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    for chatty in ("alembic", "faiss", "sentence_transformers"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


@main.command()
@click.argument("files", nargs=-1, required=True, type=PATH)
@STORE
@reading
def ingest(files: tuple[Path, ...], url: str, **options: Any) -> None:
    """Put the articles of FILES (.jsonl, .csv, .parquet; .gz, .zst) into the store.

    Ends with 1 where a file broke off or too many rows were rejected; all good rows are in the store all the same.

    \b
    Example:
      python -m index ingest articles.jsonl.gz --map section=topic,published_at=published
    """
    from recsys.store import ArticleStore

    if not _ingest(files, ArticleStore.open(url, create=True), **options):
        sys.exit(1)


@main.command()
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
    help="bfloat16 is about twice as fast and needs the extra [fast].",
)
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
@click.option("--keep", default=5, show_default=True, type=click.IntRange(min=1), help="Releases to keep on disk.")
@click.option("--force", is_flag=True, help="Publish although a check failed, and record which.")
@click.option("--rebuild", is_flag=True, help="Build although nothing has changed.")
def nightly(
    files: tuple[Path, ...],
    url: str,
    releases: Path,
    model: str | None,
    precision: Any,
    neighbours: int,
    language: str,
    event_days: int,
    authors: Path | None,
    keep: int,
    force: bool,
    rebuild: bool,
    **options: Any,
) -> None:
    """Ingest FILES if there are any, build a release, check it, publish it.

    Whatever fails, the last release goes on being served and the status is 1.

    \b
    Example:
      python -m index nightly tonight.jsonl --store sqlite:///articles.db --releases releases
    """
    from index.build import BuildConfig
    from index.nightly import NightlyConfig
    from index.nightly import nightly as run
    from recsys.embedding import load_embedder
    from recsys.model_files import DEFAULT_MODEL
    from recsys.registry import Registry
    from recsys.store import ArticleStore

    registry = Registry.read(authors) if authors else Registry()
    # first, so that a wrong one is told at once
    build = BuildConfig(neighbours, language=language, event_days=event_days, registry=registry)
    config = NightlyConfig(build, keep=keep, force=force, rebuild=rebuild)
    store = ArticleStore.open(url, create=True)
    if files and not _ingest(files, store, **options):
        raise BuildRefused("the ingest failed, so nothing was built; the last release stays")
    manifest = run(store, releases, load_embedder(model or DEFAULT_MODEL, precision), config)
    click.echo(f"current release: {manifest.id}, {manifest.articles} articles")


@main.command()
@STORE
@AUTHORS
@click.option("--top", default=20, show_default=True, type=click.IntRange(min=1), help="How many of each to list.")
def authors(url: str, authors: Path | None, top: int) -> None:
    """List which spellings of authors are joined, doubtful pairs, and the busiest bylines that name no person.

    What it gets wrong is put right in the file of --authors.
    """
    from index.authors import survey
    from recsys.registry import Registry
    from recsys.store import ArticleStore

    registry = Registry.read(authors) if authors else Registry()
    with ArticleStore.open(url).snapshot() as snapshot:
        click.echo(survey(snapshot.articles(), registry).text(top))


@main.command("releases")
@RELEASES
def list_releases(releases: Path) -> None:
    """List the releases, newest first; * marks the one that is served."""
    from index.publish import listed

    for found in listed(releases):
        what = found.problem or f"{found.articles:>9,} articles  change {found.change:<9,} {found.model}"
        click.echo(f"{'*' if found.current else ' '} {found.id}  {what}")


@main.command()
@click.argument("release", required=False)
@RELEASES
def rollback(release: str | None, releases: Path) -> None:
    """Serve RELEASE again, or the newest whole one before the current."""
    from index.publish import only_one
    from index.publish import rollback as back

    with only_one(releases):
        click.echo(f"current release: {back(releases, release)}")


@main.command()
@click.argument("release", required=False)
@RELEASES
def verify(release: str | None, releases: Path) -> None:
    """Compare every file of RELEASE (the current one else) with its checksum."""
    from index.publish import verify as check

    whole = check(releases, release)
    click.echo(f"{whole.id} is whole: {len(whole)} articles, {len(whole.manifest.files)} files")


def _ingest(
    files: tuple[Path, ...],
    store: "ArticleStore",
    mapping: tuple[str, ...],
    full: bool,
    rejects: Path,
    reject_limit: str,
    retire_limit: float,
) -> bool:
    """Ingest, print the table and the problems; false where there were any."""
    from index.ingest import IngestConfig
    from index.ingest import ingest as ingest_files
    from index.records import parse_mapping
    from index.report import Limit
    from recsys.progress import progress

    config = IngestConfig(parse_mapping(mapping), rejects, Limit.parse(reject_limit), full, retire_limit)
    with progress("ingest", unit="records") as advance:
        report = ingest_files(files, store, config, advance=advance)
    click.echo(report.table())
    if report.rejected:
        click.echo(f"rejects are in {rejects}", err=True)
    for problem in report.problems:
        click.echo(f"Error: {problem}", err=True)
    return not report.problems


if __name__ == "__main__":
    main(prog_name="python -m index")
