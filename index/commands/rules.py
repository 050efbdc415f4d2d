"""`rules`: what editors decide, in force on the next request. Each command writes who did it into the log."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING, Any

import click
import msgspec

from index.options import OPENED
from index.when import moment, shown, span
from recsys.rules import LARGEST_FACTOR, LAST_SLOT, SMALLEST_FACTOR, Action, Kind, Rule, Subject, Widget

if TYPE_CHECKING:
    from recsys.store import ArticleStore

BURY = "bury"  # another word for a boost below 1
ACTIONS = [*(action.value for action in Action), BURY]
WIDGETS = [widget.value for widget in Widget]
_SUBJECTS = (
    click.option("--article", help="About the article of this id."),
    click.option("--author", help="About the articles of this author, by name or `id:…`."),
    click.option("--section", help="About this section, such as world/europe, and those under it."),
    click.option("--tag", help="About articles of this tag."),
    click.option("--keyword", help="About articles with these words side by side in title, standfirst or tags."),
    click.option("--everything", is_flag=True, help="About every page; for hide."),
)
_ENDS = (
    click.option("--from", "starts", metavar="MOMENT", help="When it begins; now else."),
    click.option(
        "--until", metavar="MOMENT", help="When it ends: 2026-12-24 (that day is in it) or 2026-12-24T18:00Z."
    ),
    click.option("--for", "length", metavar="SPAN", help="How long it holds, such as 7d, 12h or 30m."),
    click.option("--no-end", is_flag=True, help="Until somebody ends it."),
)
_PIN = (
    click.option(
        "--slot", type=click.IntRange(1, LAST_SLOT), help="Of a pin: which place in the list, 1 for the first."
    ),
    click.option("--on-article", help="Of a pin: on the page of this article."),
    click.option("--on-section", help="Of a pin: on the pages of this section and those under it."),
    click.option("--everywhere", is_flag=True, help="Of a pin: on every page."),
)
OWNER = click.option("--owner", required=True, help="Who answers for it.")
REASON = click.option("--reason", required=True, help="Why; readers of the log will ask.")


def _all(options: tuple[Callable[[Any], Any], ...]) -> Callable[[Any], Any]:
    return lambda command: reduce(lambda done, option: option(done), reversed(options), command)


@click.group("rules")
def rules_group() -> None:
    """What editors decide about lists; in force on the next request, without a build."""


@rules_group.command("add")
@click.argument("action", type=click.Choice(ACTIONS), metavar="ACTION")
@_all(_SUBJECTS)
@OWNER
@REASON
@_all(_ENDS)
@_all(_PIN)
@click.option(
    "--widget",
    type=click.Choice(WIDGETS),
    help="Of a hide or a pin: which list; all, or similar.",
)
@click.option(
    "--factor",
    type=float,
    help=f"Of a boost, above 1 and at most {LARGEST_FACTOR:g}; of a bury, below 1 and at least {SMALLEST_FACTOR:g}.",
)
@OPENED
def add_command(action: str, url: str, factor: float | None, widget: str | None, **options: Any) -> None:
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
    starts_at, ends_at = _times(now, options["starts"], options["until"], options["length"], options["no_end"])
    is_pin = action == Action.PIN
    rule = Rule(
        Action.BOOST if action == BURY else Action(action),
        _subject(options),
        options["owner"],
        options["reason"],
        starts_at,
        ends_at,
        widget=Widget(widget or (Widget.SIMILAR if is_pin else Widget.ALL)),
        place=_place(is_pin, options),
        slot=options["slot"] or 0,
        factor=_factor(action, factor),
    )
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
    """Tell who did what to rules and keys, newest first."""
    from recsys.store import ArticleStore

    for entry in ArticleStore.open(url).desk.log(limit, before):
        details = msgspec.json.encode(entry.details).decode()
        click.echo(f"{entry.id:>5}  {shown(entry.at)}  {_plain(entry.who)}: {entry.what} {entry.number}  {details}")


def _subject(options: dict[str, Any]) -> Subject:
    given = [Subject(kind, options[kind]) for kind in Kind if kind is not Kind.EVERYTHING and options[kind] is not None]
    given += [Subject(Kind.EVERYTHING)] if options["everything"] else []
    if len(given) != 1:
        raise click.UsageError(f"say what it is about: give one of {', '.join(f'--{kind}' for kind in Kind)}")
    return given[0]


def _times(
    now: datetime, starts: str | None, until: str | None, length: str | None, no_end: bool
) -> tuple[datetime, datetime | None]:
    if sum((until is not None, length is not None, no_end)) != 1:
        raise click.UsageError("say when it ends: give one of --until MOMENT, --for 7d, --no-end")
    starts_at = now if starts is None else moment(starts)
    if length is not None:
        return starts_at, starts_at + span(length)
    return starts_at, None if until is None else moment(until, end=True)


def _place(is_pin: bool, options: dict[str, Any]) -> Subject:
    named = {Kind.ARTICLE: options["on_article"], Kind.SECTION: options["on_section"]}
    given = [Subject(kind, value) for kind, value in named.items() if value is not None]
    given += [Subject(Kind.EVERYTHING)] if options["everywhere"] else []
    if len(given) != is_pin:
        raise click.UsageError(
            "say where it is pinned: give one of --on-article, --on-section, --everywhere"
            if is_pin
            else "--on-article, --on-section and --everywhere are for pins only"
        )
    return given[0] if given else Subject(Kind.EVERYTHING)


def _factor(action: str, factor: float | None) -> float:
    if action not in (Action.BOOST, BURY):
        return 1.0 if factor is None else factor
    if factor is None or not (factor > 1 if action == Action.BOOST else factor < 1):
        raise click.UsageError("give --factor: boost has one above 1, bury has one below 1")
    return factor


def _line(rule: Rule, now: datetime) -> str:
    """The rule in one line, as it stands at `now`."""
    word = BURY if rule.action is Action.BOOST and rule.factor < 1 else rule.action.value
    parts = [word, str(rule.subject)]
    parts += [f"in {rule.widget}"] if rule.widget is not Widget.ALL else []
    parts += [f"slot {rule.slot} on {rule.place}"] if rule.slot else []
    parts += [f"by {rule.factor:g}"] if rule.action is Action.BOOST else []
    return f"{rule.id:>5}  {_state(rule, now)}: {' '.join(parts)}  ({_plain(rule.owner)}: {_plain(rule.reason)})"


def _state(rule: Rule, now: datetime) -> str:
    if rule.ends_at is not None and rule.ends_at <= max(now, rule.starts_at):
        return f"over since {shown(rule.ends_at)}" if rule.ends_at <= now else "never in force"
    begun = "in force" if rule.active(now) else f"from {shown(rule.starts_at)}"
    return f"{begun}, no end" if rule.ends_at is None else f"{begun} until {shown(rule.ends_at)}"


def _plain(text: str) -> str:
    """In one line, and without what would speak to the terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _tell_unknown(store: "ArticleStore", rule: Rule) -> None:
    """A mistyped id does nothing at all, so say that the store has none."""
    for subject in (rule.subject, rule.place):
        if subject.kind is Kind.ARTICLE and store.get(subject.value) is None:
            click.echo(f"the store has no {subject}: the rule waits for it", err=True)
