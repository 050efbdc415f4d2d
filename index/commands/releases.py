"""`releases`, `rollback` and `verify`: what lies on disk, and which of it is served."""

from pathlib import Path

import click

from index.options import RELEASES


@click.command("releases")
@RELEASES
def releases_command(releases: Path) -> None:
    """List the releases, newest first; * marks the one that is served."""
    from index.publish import listed

    for found in listed(releases):
        what = found.problem or f"{found.articles:>9,} articles  change {found.change:<9,} {found.model}"
        click.echo(f"{'*' if found.current else ' '} {found.id}  {what}")


@click.command("rollback")
@click.argument("release", required=False)
@RELEASES
def rollback_command(release: str | None, releases: Path) -> None:
    """Serve RELEASE again, or the newest whole one before the current."""
    from index.publish import only_one, rollback

    with only_one(releases):
        click.echo(f"current release: {rollback(releases, release)}")


@click.command("verify")
@click.argument("release", required=False)
@RELEASES
def verify_command(release: str | None, releases: Path) -> None:
    """Compare every file of RELEASE (the current one else) with its checksum."""
    from index.publish import verify

    whole = verify(releases, release)
    click.echo(f"{whole.id} is whole: {len(whole)} articles, {len(whole.manifest.files)} files")
