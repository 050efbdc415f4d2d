"""`ingest`: files of articles into the store."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from index.options import PATH, STORE, reading

if TYPE_CHECKING:
    from recsys.store import ArticleStore


@click.command("ingest")
@click.argument("files", nargs=-1, required=True, type=PATH)
@STORE
@reading
def ingest_command(files: tuple[Path, ...], url: str, **options: Any) -> None:
    """Put the articles of FILES (.jsonl, .csv, .parquet; .gz, .zst) into the store.

    Ends with 1 where a file broke off or too many rows were rejected; all good rows are in the store all the same.

    \b
    Example:
      python -m index ingest articles.jsonl.gz --map section=topic,published_at=published
    """
    from recsys.store import ArticleStore

    if not ingested(files, ArticleStore.open(url, create=True), **options):
        sys.exit(1)


def ingested(
    files: tuple[Path, ...],
    store: "ArticleStore",
    mapping: tuple[str, ...],
    full: bool,
    rejects: Path,
    reject_limit: str,
    retire_limit: float,
) -> bool:
    """Ingest, print the table and the problems; false where there were any."""
    from index.ingest import IngestConfig, ingest
    from index.report import Limit
    from recsys.progress import progress
    from recsys.records import parse_mapping

    config = IngestConfig(parse_mapping(mapping), rejects, Limit.parse(reject_limit), full, retire_limit)
    with progress("ingest", unit="records") as advance:
        report = ingest(files, store, config, advance=advance)
    click.echo(report.table())
    if report.rejected:
        click.echo(f"rejects are in {rejects}", err=True)
    for problem in report.problems:
        click.echo(f"Error: {problem}", err=True)
    return not report.problems
