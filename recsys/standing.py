"""What is in force at one moment: who may be shown, which pages show nothing, what editors lift, pin or set aside.

It is worked out for all rows of a release at once, when a rule, an embargo or an expiry begins or ends, so that a
request only looks it up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from recsys.articles import tag_key
from recsys.columns import Bools, Int64
from recsys.lifecycles import Lifecycles
from recsys.pins import Pins
from recsys.release import EVERGREEN, FOREVER, RECOMMENDABLE, SHOWS_RELATED, Release
from recsys.rules import LARGEST_FACTOR, SMALLEST_FACTOR, Action, Kind, Rule, Widget
from recsys.signals import Float32s, Floats, Matching
from recsys.subjects import author_numbers, rows_of

WIDGETS = (Widget.SIMILAR, Widget.AUTHOR, Widget.COVERAGE)


@dataclass(frozen=True, slots=True)
class Rescored:
    """Where a score may be another than the night gave.

    Attributes:
        pages: (n,) bool, articles towards which any other may have another score.
        rows: (n,) bool, articles that may have another score towards any other.
        later: whether one of these came after the night.
    """

    pages: Bools
    rows: Bools
    later: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force for the n rows of a release.

    Attributes:
        since, until: seconds since 1970 UTC; it holds from the first on and before the second.
        gone: (n,) bool, withdrawn, embargoed or expired.
        hidden: (n,) bool, gone, or not to be shown on other pages.
        silent: for each widget (n,) bool, pages that show no list.
        factor: (n,) float64, what boosts make of a score, in [SMALLEST_FACTOR, LARGEST_FACTOR]; None without any.
        matching: what may make articles related.
        ignored_sections: nodes that fill no list.
        ignored_authors: numbers that have no list.
        pins: which articles stand in which slots.
        rescored: what of this changes scores; None where all are those of the night.
    """

    since: float
    until: float
    gone: Bools
    hidden: Bools
    silent: Mapping[Widget, Bools]
    factor: Floats | None
    matching: Matching
    ignored_sections: frozenset[int]
    ignored_authors: frozenset[int]
    pins: Pins
    rescored: Rescored | None

    @classmethod
    def of(cls, lives: Lifecycles, now: float) -> "Standing":
        """What is in force at `now`, in seconds since 1970 UTC."""
        release, overlay, flags = lives.release, lives.overlay, lives.flags
        gone = lives.withdrawn | (lives.first > now) | (lives.last <= now)
        gone[release.replaced] = True
        rules = [rule for rule in overlay.rules if _from(rule) <= now < _until(rule)]
        hidden = gone | (flags & RECOMMENDABLE == 0)
        hidden[_rows(release, rules, Action.EXCLUDE)] = True
        sections, authors = _ignored(release, rules)
        factor = _factors(release, rules)
        matching = _matching(release, rules, flags & EVERGREEN != 0, sections, authors)
        return cls(
            since=now,
            until=_next(now, lives.first, lives.last, overlay.rules),
            gone=gone,
            hidden=hidden,
            silent=_silent(release, rules, flags & SHOWS_RELATED == 0),
            factor=factor,
            matching=matching,
            ignored_sections=sections,
            ignored_authors=authors,
            pins=Pins.of(release, rules),
            rescored=_rescored(release, rules, factor, matching.evergreen),
        )


def _from(rule: Rule) -> float:
    return rule.starts_at.timestamp()


def _until(rule: Rule) -> float:
    return np.inf if rule.ends_at is None else rule.ends_at.timestamp()


def _next(now: float, first: Int64, last: Int64, rules: Iterable[Rule]) -> float:
    """When the next article or rule begins or ends; infinite where nothing is to come."""
    moments = [moment for rule in rules for moment in (_from(rule), _until(rule)) if moment > now]
    moments += [float(column.min(where=column > now, initial=FOREVER)) for column in (first, last)]
    return min(moment if moment < FOREVER else np.inf for moment in moments)


def _rows(release: Release, rules: Iterable[Rule], action: Action) -> Int64:
    found = [rows_of(release, rule.subject) for rule in rules if rule.action is action]
    return np.concatenate([np.empty(0, np.int64), *found])


def _silent(release: Release, rules: Iterable[Rule], marked: Bools) -> dict[Widget, Bools]:
    silent = dict.fromkeys(WIDGETS, marked)
    for rule in rules:
        if rule.action is Action.HIDE:
            rows = rows_of(release, rule.subject)
            for widget in WIDGETS if rule.widget is Widget.ALL else (rule.widget,):
                silent[widget] = silent[widget].copy()
                silent[widget][rows] = True
    return silent


def _factors(release: Release, rules: Iterable[Rule]) -> Floats | None:
    """The product of all boosts of an article, bounded like one."""
    boosts = [rule for rule in rules if rule.action is Action.BOOST]
    if not boosts:
        return None
    factor = np.ones(len(release))
    for rule in boosts:
        factor[rows_of(release, rule.subject)] *= rule.factor
    return np.clip(factor, SMALLEST_FACTOR, LARGEST_FACTOR)


def _ignored(release: Release, rules: Iterable[Rule]) -> tuple[frozenset[int], frozenset[int]]:
    subjects = [rule.subject for rule in rules if rule.action is Action.IGNORE]
    nodes = {release.section_node(s.value) for s in subjects if s.kind is Kind.SECTION} - {-1}
    authors = {int(n) for s in subjects if s.kind is Kind.AUTHOR for n in author_numbers(release, s.value)}
    return frozenset(nodes), frozenset(authors)


def _matching(
    release: Release, rules: list[Rule], evergreen: Bools, sections: frozenset[int], authors: frozenset[int]
) -> Matching:
    """What makes articles related, without what is ignored: a rarity of 0 is what a section of all articles has."""
    lasting = evergreen.copy()
    lasting[_rows(release, rules, Action.EVERGREEN)] = True
    tags = {
        release.rows_by_tag.place(tag_key(rule.subject.value))
        for rule in rules
        if rule.action is Action.IGNORE and rule.subject.kind is Kind.TAG
    } - {-1}
    plain = Matching.of(release)
    return replace(
        plain,
        section_rarity=_without(plain.section_rarity, sections),
        tag_rarity=_without(plain.tag_rarity, frozenset(tags)),
        author_weight=_without(plain.author_weight, authors),
        evergreen=lasting,
    )


def _rescored(release: Release, rules: list[Rule], factor: Floats | None, evergreen: Bools) -> Rescored | None:
    pages, rows = np.zeros(len(release), np.bool_), evergreen != (release.flags & EVERGREEN != 0)
    if factor is not None:
        rows |= factor != 1.0
    for rule in rules:
        if rule.action is Action.IGNORE:  # it says nothing any more of two articles that share it
            pages[rows_of(release, rule.subject)] = True
            if rule.subject.kind is Kind.TAG:  # and makes the others that an article has count for more
                rows[rows_of(release, rule.subject)] = True
    later = bool(rows[len(release.base) :].any())
    return Rescored(pages, rows, later) if pages.any() or rows.any() else None


def _without(values: Float32s, places: frozenset[int]) -> Float32s:
    if not places:
        return values
    kept = values.copy()
    kept[list(places)] = 0.0
    return kept
