"""A day of the newsroom, laid over a release: what has come, what was taken down, and what editors have said."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from eval.bench.base import Base
from recsys.articles import Status
from recsys.extension import Extension
from recsys.lifecycle import Lifecycle
from recsys.overlay import Overlay
from recsys.release import Release
from recsys.rules import Action, Kind, Rule, Subject, Widget

_SINCE = datetime(2000, 1, 1, tzinfo=UTC)
_EACH = 100  # one of so many is taken down


def a_day(base: Base, release: Release, arrivals: int) -> tuple[Release, Overlay]:
    """The release with so many arrivals, and what is said of it: one in a hundred taken down, and rules of five kinds.

    The rules are about articles and one small section: what touches everything is slower, and no usual day.
    """
    extension = Extension(release)
    for chunk in base.archive.later(arrivals):
        for article, vector in zip(chunk.articles, chunk.vectors, strict=True):
            extension.add(article, vector)
    gone = {release.ids[row]: Lifecycle(status=Status.CANCELED) for row in range(0, len(release), _EACH)}
    return extension.release(), Overlay(changed=gone, rules=tuple(_rules(release)))


def _rules(release: Release) -> Iterator[Rule]:
    """On the newest articles, whose pages are asked for most, and on a section with few."""
    out, lifted, lasting, pinned, silent = (release.ids[row] for row in release.recent[:5].tolist())
    yield _rule(1, Action.EXCLUDE, Subject(Kind.ARTICLE, out))
    yield _rule(2, Action.EXCLUDE, Subject(Kind.SECTION, release.section_path(int(release.section_rarity.argmax()))))
    yield _rule(3, Action.BOOST, Subject(Kind.ARTICLE, lifted), factor=1.5)
    yield _rule(4, Action.EVERGREEN, Subject(Kind.ARTICLE, lasting))
    place = Subject(Kind.ARTICLE, lifted)
    yield _rule(5, Action.PIN, Subject(Kind.ARTICLE, pinned), slot=1, place=place, widget=Widget.SIMILAR)
    yield _rule(6, Action.HIDE, Subject(Kind.ARTICLE, silent), widget=Widget.ALL)


def _rule(number: int, action: Action, subject: Subject, **more: Any) -> Rule:
    return Rule(action, subject, "bench", "a usual day", _SINCE, None, id=number, **more)
