"""`keys`: who may change things over HTTP."""

from getpass import getuser

import click

from index.options import OPENED
from index.when import shown
from recsys.keys import Key, Scope

SCOPES = [scope.value for scope in Scope]
BY = click.option("--by", help="Who does it, for the log; the name of your login else.")


@click.group("keys")
def keys_group() -> None:
    """Keys to what the service does not do for everybody."""


@keys_group.command("make")
@click.option("--owner", required=True, help="Who will use it.")
@click.option(
    "--scope",
    "scopes",
    required=True,
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="May be repeated.",
)
@BY
@OPENED
def make_command(owner: str, scopes: tuple[str, ...], by: str | None, url: str) -> None:
    """Make a key and print its secret, which is not kept: nobody can tell it again.

    \b
    Example:
      python -m index keys make --owner "A. Editor" --scope rules
    """
    from recsys.store import ArticleStore

    key, secret = ArticleStore.open(url).keys.make(owner, [Scope(scope) for scope in scopes], by or _login())
    click.echo(f"{_line(key)}; keep this secret, it is shown only now:", err=True)
    click.echo(secret)


@keys_group.command("list")
@OPENED
def list_command(url: str) -> None:
    """List the keys, revoked ones too."""
    from recsys.store import ArticleStore

    for key in ArticleStore.open(url).keys.all():
        click.echo(_line(key))


@keys_group.command("revoke")
@click.argument("key", type=int)
@BY
@OPENED
def revoke_command(key: int, by: str | None, url: str) -> None:
    """Make the key of number KEY open nothing from the next request on."""
    from recsys.store import ArticleStore

    click.echo(_line(ArticleStore.open(url).keys.revoke(key, by or _login())))


def _line(key: Key) -> str:
    state = f"revoked {shown(key.revoked_at)}" if key.revoked_at else f"made {shown(key.made_at)}"
    return f"{key.id:>5}  {state}: {', '.join(sorted(key.scopes))}  ({key.owner})"


def _login() -> str:
    try:
        return getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return "command line"
