"""`takedowns`: articles that are out of everything, whatever is ingested."""

import click

from index.options import OPENED
from index.typed_rule import OWNER, REASON
from index.when import plain, shown
from recsys.takedowns import Takedown


@click.group("takedowns")
def takedowns_group() -> None:
    """Articles that are out of everything, whatever is ingested, until they are lifted."""


@takedowns_group.command("add")
@click.argument("article")
@OWNER
@REASON
@OPENED
def add_command(article: str, owner: str, reason: str, url: str) -> None:
    """Take the article of the id ARTICLE down, whether or not the store has it; on the next request no list has it.

    \b
    Example:
      python -m index takedowns add a17 --owner "A. Editor" --reason "court order"
    """
    from recsys.store import ArticleStore

    store = ArticleStore.open(url)
    made = store.takedowns.take_down(article, owner, reason)
    click.echo(_line(made))
    if store.get(made.article_id) is None:  # a mistyped id does nothing at all
        click.echo(f"the store has no article {made.article_id}: the takedown waits for it", err=True)


@takedowns_group.command("lift")
@click.argument("article")
@OWNER
@REASON
@OPENED
def lift_command(article: str, owner: str, reason: str, url: str) -> None:
    """Put the article of the id ARTICLE back: it stands as its newest version says."""
    from recsys.store import ArticleStore

    click.echo(f"lifted: {_line(ArticleStore.open(url).takedowns.lift(article, owner, reason))}")


@takedowns_group.command("list")
@OPENED
def list_command(url: str) -> None:
    """List the articles that are taken down, by id."""
    from recsys.store import ArticleStore

    for takedown in ArticleStore.open(url).takedowns.standing():
        click.echo(_line(takedown))


def _line(takedown: Takedown) -> str:
    until = "" if takedown.lifted_after is None else "; until a later version is published there"
    said = f"{plain(takedown.who)}: {plain(takedown.reason)}{until}"
    return f"{plain(takedown.article_id)}  down since {shown(takedown.at)}  ({said})"
