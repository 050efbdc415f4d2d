"""`rules`: what editors decide, in force on the next request. Each command writes who did it into the log."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

from index.options import OPENED
from index.typed_rule import ACTIONS, BURY, OWNER, REASON, rule_options, typed_rule
from index.when import plain, shown
from recsys.rules import Action, Kind, Rule, Widget

if TYPE_CHECKING:
    from recsys.store import ArticleStore


@click.group("rules")
def rules_group() -> None:
    """What editors decide about lists; in force on the next request, without a build."""


@rules_group.command("add")
@click.argument("action", type=click.Choice(ACTIONS), metavar="ACTION")
@rule_options
@OPENED
def add_command(action: str, url: str, **options: Any) -> None:
    """Put a rule in force. ACTION is one of

    \b
    exclude    never recommended anywhere; beats everything
    hide       no lists on these pages; with --everything it switches a widget off
    pin        this article in that slot
    boost      higher in the lists, by --factor
    bury       lower in the lists, by --factor
    ignore     this section, author or tag makes nothing related; its articles stay
    evergreen  these articles do not age

    Moments without a zone are UTC.

    \b
    Examples:
      python -m index rules add exclude --article a17 --owner "A. Editor" --reason legal --no-end
      python -m index rules add pin --article a17 --slot 1 --on-section sport --for 7d --owner "A. Editor" --reason cup
    """
    from recsys.store import ArticleStore

    now = datetime.now(UTC).replace(microsecond=0)
    rule = typed_rule(action, options, now)
    store = ArticleStore.open(url)
    added = store.desk.add(rule, options["owner"], now)
    click.echo(_line(added, now))
    _tell_unknown(store, added)


@rules_group.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that are over.")
@OPENED
def list_command(every: bool, url: str) -> None:
    """List the rules that are in force or will be."""
    from recsys.store import ArticleStore

    now = datetime.now(UTC)
    for rule in ArticleStore.open(url).desk.rules(None if every else now):
        click.echo(_line(rule, now))


@rules_group.command("end")
@click.argument("rule", type=int)
@OWNER
@REASON
@OPENED
def end_command(rule: int, owner: str, reason: str, url: str) -> None:
    """End the rule of number RULE now. It stays in the list of --all, and in the log."""
    from recsys.store import ArticleStore

    now = datetime.now(UTC)
    click.echo(_line(ArticleStore.open(url).desk.end(rule, owner, reason, now), now))


@rules_group.command("log")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="How many entries.")
@click.option("--before", type=int, help="Only entries of a smaller number, to read on.")
@OPENED
def log_command(limit: int, before: int | None, url: str) -> None:
    """Tell who did what to rules, keys and takedowns, newest first."""
    from recsys.store import ArticleStore

    for entry in ArticleStore.open(url).desk.log(limit, before):
        details = msgspec.json.encode(entry.details).decode()
        click.echo(f"{entry.id:>5}  {shown(entry.at)}  {plain(entry.who)}: {entry.what} {entry.number}  {details}")


def _line(rule: Rule, now: datetime) -> str:
    """The rule in one line, as it stands at `now`."""
    word = BURY if rule.action is Action.BOOST and rule.factor < 1 else rule.action.value
    parts = [word, str(rule.subject)]
    parts += [f"in {rule.widget}"] if rule.widget is not Widget.ALL else []
    parts += [f"slot {rule.slot} on {rule.place}"] if rule.slot else []
    parts += [f"by {rule.factor:g}"] if rule.action is Action.BOOST else []
    return f"{rule.id:>5}  {_state(rule, now)}: {' '.join(parts)}  ({plain(rule.owner)}: {plain(rule.reason)})"


def _state(rule: Rule, now: datetime) -> str:
    if rule.ends_at is not None and rule.ends_at <= max(now, rule.starts_at):
        return f"over since {shown(rule.ends_at)}" if rule.ends_at <= now else "never in force"
    begun = "in force" if rule.active(now) else f"from {shown(rule.starts_at)}"
    return f"{begun}, no end" if rule.ends_at is None else f"{begun} until {shown(rule.ends_at)}"


def _tell_unknown(store: "ArticleStore", rule: Rule) -> None:
    """A mistyped id does nothing at all, so say that the store has none."""
    for subject in (rule.subject, rule.place):
        if subject.kind is Kind.ARTICLE and store.get(subject.value) is None:
            click.echo(f"the store has no {subject}: the rule waits for it", err=True)
