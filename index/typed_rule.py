"""A rule as an editor types it: the options that name its parts, and the rule that they make."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import click

from index.when import moment, span
from recsys.rules import LARGEST_FACTOR, LAST_SLOT, SMALLEST_FACTOR, Action, Kind, Rule, Subject, Widget

BURY = "bury"  # another word for a boost below 1
ACTIONS = [*(action.value for action in Action), BURY]
WIDGETS = [widget.value for widget in Widget]
OWNER = click.option("--owner", required=True, help="Who answers for it.")
REASON = click.option("--reason", required=True, help="Why; readers of the log will ask.")
_OPTIONS = (
    click.option("--article", help="About the article of this id."),
    click.option("--author", help="About the articles of this author, by name or `id:…`."),
    click.option("--section", help="About this section, such as world/europe, and those under it."),
    click.option("--tag", help="About articles of this tag."),
    click.option("--keyword", help="About articles with these words side by side in title, standfirst or tags."),
    click.option("--everything", is_flag=True, help="About every page; for hide."),
    OWNER,
    REASON,
    click.option("--from", "starts", metavar="MOMENT", help="When it begins; now else."),
    click.option(
        "--until", metavar="MOMENT", help="When it ends: 2026-12-24 (that day is in it) or 2026-12-24T18:00Z."
    ),
    click.option("--for", "length", metavar="SPAN", help="How long it holds, such as 7d, 12h or 30m."),
    click.option("--no-end", is_flag=True, help="Until somebody ends it."),
    click.option(
        "--slot", type=click.IntRange(1, LAST_SLOT), help="Of a pin: which place in the list, 1 for the first."
    ),
    click.option("--on-article", help="Of a pin: on the page of this article."),
    click.option("--on-section", help="Of a pin: on the pages of this section and those under it."),
    click.option("--everywhere", is_flag=True, help="Of a pin: on every page."),
    click.option("--widget", type=click.Choice(WIDGETS), help="Of a hide or a pin: which list; all, or similar."),
    click.option(
        "--factor",
        type=float,
        help=f"Of a boost, above 1, at most {LARGEST_FACTOR:g}; of a bury, below 1, at least {SMALLEST_FACTOR:g}.",
    ),
)


def rule_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command every option of a rule; they make one with `typed_rule`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def typed_rule(action: str, options: Mapping[str, Any], now: datetime) -> Rule:
    """The rule of one of ACTIONS and the values of `rule_options`.

    Raises:
        UsageError: an option is missing, or one too many is given.
        ConfigError: the parts make no rule, or a moment cannot be read.
    """
    is_pin = action == Action.PIN
    starts_at, ends_at = _times(now, options["starts"], options["until"], options["length"], options["no_end"])
    return Rule(
        Action.BOOST if action == BURY else Action(action),
        _subject(options),
        options["owner"],
        options["reason"],
        starts_at,
        ends_at,
        widget=Widget(options["widget"] or (Widget.SIMILAR if is_pin else Widget.ALL)),
        place=_place(is_pin, options),
        slot=options["slot"] or 0,
        factor=_factor(action, options["factor"]),
    )


def _subject(options: Mapping[str, Any]) -> Subject:
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


def _place(is_pin: bool, options: Mapping[str, Any]) -> Subject:
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
