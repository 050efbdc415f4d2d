"""`releases`, `rollback` and `verify`: what there is, and which of it is served."""

from pathlib import Path

import click

from index.options import RELEASES


@click.command("releases")
@RELEASES
def releases_command(releases: Path | str) -> None:
    """List the releases, newest first; * marks the one that is served."""
    from index.shelf import shelf_of

    for found in shelf_of(releases).listed():
        what = found.problem or f"{found.articles:>9,} articles  change {found.change:<9,} {found.model}"
        click.echo(f"{'*' if found.current else ' '} {found.id}  {what}")


@click.command("rollback")
@click.argument("release", required=False)
@RELEASES
def rollback_command(release: str | None, releases: Path | str) -> None:
    """Serve RELEASE again, or the newest whole one before the current."""
    from index.shelf import shelf_of

    shelf = shelf_of(releases)
    with shelf.only_one():
        click.echo(f"current release: {shelf.rollback(release)}")


@click.command("verify")
@click.argument("release", required=False)
@RELEASES
def verify_command(release: str | None, releases: Path | str) -> None:
    """Compare every file of RELEASE (the current one else) with its checksum."""
    from index.shelf import shelf_of

    whole = shelf_of(releases).verify(release)
    click.echo(f"{whole.id} is whole: {whole.articles} articles, {len(whole.files)} files")
