"""`authors`: what an editor has to decide about authors."""

from pathlib import Path

import click

from index.options import AUTHORS, STORE


@click.command("authors")
@STORE
@AUTHORS
@click.option("--top", default=20, show_default=True, type=click.IntRange(min=1), help="How many of each to list.")
def authors_command(url: str, authors: Path | None, top: int) -> None:
    """List which spellings of authors are joined, doubtful pairs, and the busiest bylines that name no person.

    What it gets wrong is put right in the file of --authors.
    """
    from index.authors import survey
    from recsys.registry import Registry
    from recsys.store import ArticleStore

    registry = Registry.read(authors) if authors else Registry()
    with ArticleStore.open(url).snapshot() as snapshot:
        click.echo(survey(snapshot.articles(), registry).text(top))
