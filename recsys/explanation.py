"""Why one article stands where it does in the list of another, or what keeps it out: in words and figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from recsys.answers import Fallback, Source
from recsys.lifecycles import lifecycle
from recsys.overlay import Overlay
from recsys.page import Ladder, Page, Picks
from recsys.ranking import PARTS, score, text_relevance
from recsys.release import Release
from recsys.rules import Action, Rule, Widget
from recsys.subjects import rows_of

MINUTE = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of the score (a name of `PARTS`): what it adds or takes away, and why in words."""

    part: str
    points: float
    words: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Of `other_id` in the lists of `article_id`.

    Attributes:
        similar, author: its place there, 1 for the first, None where it is not among those that were asked for.
        source: why it is in the similar list, None where it is not.
        score: of `other_id` towards `article_id`, in [0, 1].
        reasons: the parts of the score, in the order of `PARTS`; their points add up to it.
        obstacles: what keeps it out of the similar list, each enough by itself; none where it is there.
    """

    article_id: str
    other_id: str
    release: str
    similar: int | None
    author: int | None
    source: Source | None
    score: float
    reasons: tuple[Reason, ...]
    obstacles: tuple[str, ...]

    def text(self) -> str:
        """For a terminal."""
        lines = [f"{self.other_id} for {self.article_id}, release {self.release}"]
        if self.similar is not None:
            lines.append(f"similar stories: place {self.similar} ({self.source})")
        else:
            lines += [f"similar stories: not shown: {obstacle}" for obstacle in self.obstacles]
        if self.author is not None:
            lines.append(f"more from the author: place {self.author}")
        lines += [f"  {reason.points:+.4f}  {reason.part:<9} {reason.words}" for reason in self.reasons]
        return "\n".join([*lines, f"  {self.score:.4f}   score"])


def explain(page: Page, other: int, overlay: Overlay, now: datetime, k: int) -> Explanation:
    """Why the row `other` stands where it does in the lists of k of the page, or which filter removed it."""
    release, row = page.release, np.array([other], np.int64)
    similar = page.similar(k, Fallback.RECENT)
    by_author = page.by_author(k, Ladder())
    place = _place(similar, other)
    by_part = page.parts(row)
    words = dict(_words(page, other, overlay, now))
    return Explanation(
        release.ids[page.row],
        release.ids[other],
        release.id,
        place,
        _place(by_author, other),
        None if place is None else similar.sources[place - 1],
        float(score(by_part)[0]),
        tuple(Reason(part, float(by_part[part][0]), words[part]) for part in PARTS),
        () if place is not None else tuple(_obstacles(page, other, overlay, now, similar)),
    )


def _place(picks: Picks, row: int) -> int | None:
    return picks.rows.index(row) + 1 if row in picks.rows else None


def _obstacles(page: Page, other: int, overlay: Overlay, now: datetime, shown: Picks) -> Iterator[str]:
    """Everything that keeps the row out; what the ranking has to say only where nothing else does."""
    found = [
        *_kept_back(page.release, other, overlay, now),
        *_silenced(page, overlay, now),
        *page.eligibility().obstacles(other),
    ]
    yield from found or _outranked(page, other, shown)


def _kept_back(release: Release, row: int, overlay: Overlay, now: datetime) -> Iterator[str]:
    """Why nobody may show the row now."""
    life = lifecycle(release, overlay, row)
    if life.status != "usable":
        since = f" {life.changed_at:{MINUTE}} UTC" if life.changed_at else " since the release was built"
        yield f"withdrawn{since}: its status is {life.status}"
    if life.embargoed_until and life.embargoed_until > now:
        yield f"embargoed until {life.embargoed_until:%Y-%m-%d %H:%M:%S} UTC"
    if life.expires_at and life.expires_at <= now:
        yield f"expired {life.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    if not life.recommendable:
        yield "the newsroom marked it as not to be recommended"
    for rule in _in_force(release, overlay, now, Action.EXCLUDE, row):
        yield f"excluded {_rule(rule)}"


def _silenced(page: Page, overlay: Overlay, now: datetime) -> Iterator[str]:
    """Why the page shows no similar stories at all."""
    if not lifecycle(page.release, overlay, page.row).show_related:
        yield "the newsroom marked the page to show no lists"
    for rule in _in_force(page.release, overlay, now, Action.HIDE, page.row):
        if rule.widget in (Widget.ALL, Widget.SIMILAR):
            yield f"the page shows no such list {_rule(rule)}"


def _in_force(release: Release, overlay: Overlay, now: datetime, action: Action, row: int) -> Iterator[Rule]:
    for rule in overlay.rules:
        if rule.action is action and rule.active(now) and row in rows_of(release, rule.subject):
            yield rule


def _rule(rule: Rule) -> str:
    until = f" until {rule.ends_at:{MINUTE}} UTC" if rule.ends_at else ""
    return (
        f"by rule {rule.id} on {rule.subject} from {rule.starts_at:{MINUTE}} UTC{until} ({rule.owner}: {rule.reason})"
    )


def _outranked(page: Page, other: int, shown: Picks) -> Iterator[str]:
    """Why the ranking left out a row that may be shown."""
    release = page.release
    versions = {int(release.text_group[row]): row for row in shown.rows if release.text_group[row] >= 0}
    text, event = int(release.text_group[other]), int(release.event_group[other])
    same_event = [row for row in shown.rows if event >= 0 and release.event_group[row] == event]
    if not page.variety.copies and text in versions:
        yield f"another version of its text is shown: {release.ids[versions[text]]}"
    elif page.variety.per_event is not None and len(same_event) >= page.variety.per_event:
        yield f"{len(same_event)} articles on its event are shown already, such as {release.ids[same_event[0]]}"
    elif other not in release.neighbours(page.row).rows:
        yield "it is none of the articles that the night found near by meaning, by words or through others"
    elif (found := float(text_relevance(page.parts(np.array([other], np.int64)))[0])) < page.floor:
        yield f"its text has no more to do with the article than chance has: {found:.4f}, the floor is {page.floor:.4f}"
    elif other in (ranked := page.ranked(page.eligibility()).tolist()):
        yield f"others come first: it has place {ranked.index(other) + 1} of those that are near enough"
    else:
        yield f"another version of its text is preferred: {_preferred(page, text)}"


def _preferred(page: Page, text: int) -> str:
    versions = page.release.text_rows[text]
    return page.release.ids[int(versions[page.eligibility().mask(versions)][0])]


def _words(page: Page, other: int, overlay: Overlay, now: datetime) -> Iterator[tuple[str, str]]:
    """(part, what made it) of every part of the score."""
    release, row = page.release, np.array([other], np.int64)
    near = release.neighbours(page.row).lookup(row)
    found = page.signals(row)
    compared = bool(np.isfinite(near.cosine[0]))
    for part, value in (("lexical", found.lexical), ("names", found.names), ("kin", found.kin)):
        yield part, f"{_TEXT[part]}: {value[0]:.2f} of 1" if compared else "the night did not compare the two texts"
    base = release.manifest.semantic_base
    yield "semantic", f"cosine {near.cosine[0]:.2f}, of two at random {base:.2f}" if compared else "not compared either"
    yield "section", _shared("section", [release.section_path(n) for n in _common_sections(page, other)][-1:])
    mine, theirs = set(release.card(page.row).authors), release.card(other).authors
    yield "author", _shared("author", [name for name in theirs if name in mine] if found.author[0] else [])
    tags = np.intersect1d(release.tags[page.row], release.tags[other])
    yield "tags", _shared("tag", [release.rows_by_tag.texts[int(tag)] for tag in tags])
    yield "time", _time(float(found.age_days[0]), bool(found.evergreen[0]), bool(found.later[0]))
    yield "site", "on another site" if found.elsewhere[0] else "on the same site, as far as is known"
    boosts = [_boost(rule) for rule in _in_force(release, overlay, now, Action.BOOST, other)]
    yield "editors", "; ".join(boosts) or "no rule lifts or buries it"


_TEXT = {
    "lexical": "words in common",
    "names": "names in common",
    "kin": "what the nearest of each have to do with the other",
}


def _common_sections(page: Page, other: int) -> list[int]:
    ours, theirs = (int(page.release.section[row]) for row in (page.row, other))
    if ours < 0 or theirs < 0:
        return []
    paths = page.release.section_ancestors[[ours, theirs]].tolist()
    return [one for one, two in zip(*paths, strict=True) if one == two and one >= 0]


def _shared(what: str, names: list[str]) -> str:
    return f"{what} in common: {', '.join(names)}" if names else f"no {what} in common"


def _time(days: float, evergreen: bool, later: bool) -> str:
    if evergreen:
        return "evergreen: it does not age"
    if np.isnan(days):
        return "a date is unknown"
    return f"{days:.1f} days {'later' if later else 'earlier'}"


def _boost(rule: Rule) -> str:
    return f"factor {rule.factor:g} {_rule(rule)}"
