"""What editors decide about lists: a rule, checked, as it stands in the store and in the API.

exclude   never recommended anywhere; beats everything
hide      no lists on these pages; with subject `everything` it is the kill switch of a widget
pin       this article in that slot, on the pages of `place`
boost     a factor on the score: above 1 it lifts, below 1 it buries
ignore    this section, author or tag makes nothing related and fills no list; its articles stay
evergreen these articles do not age
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite

from recsys.errors import ConfigError

SMALLEST_FACTOR, LARGEST_FACTOR = 0.1, 3.0  # of one rule, and of all that apply to one article together
LAST_SLOT = 100
_LONGEST = 500  # characters of a text


class Action(StrEnum):
    """What a rule does."""

    EXCLUDE = "exclude"
    HIDE = "hide"
    PIN = "pin"
    BOOST = "boost"
    IGNORE = "ignore"
    EVERGREEN = "evergreen"


class Kind(StrEnum):
    """What a subject names."""

    ARTICLE = "article"  # by its id
    AUTHOR = "author"  # by "id:…" or by a name, in any of its spellings
    SECTION = "section"  # by its path, with the sections under it
    TAG = "tag"
    KEYWORD = "keyword"  # words that stand side by side in a title, a standfirst or a tag
    EVERYTHING = "everything"


class Widget(StrEnum):
    """Which list of a page a rule is about."""

    SIMILAR = "similar"
    AUTHOR = "author"
    COVERAGE = "coverage"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Subject:
    """Some articles, or pages: `value` is an id, a name, a path, a tag or words; "" for everything.

    Raises:
        ConfigError: the value is missing, too long, or given where there is none to give.
    """

    kind: Kind
    value: str = ""

    def __post_init__(self) -> None:
        if self.kind is Kind.EVERYTHING:
            if self.value:
                raise ConfigError(f"a subject of kind everything has no value, found {self.value!r}: leave it out")
        elif not _says(self.value):
            raise ConfigError(f"{self.kind} is {self.value[:60]!r}: give 1 to {_LONGEST} characters, none of them NUL")

    def __str__(self) -> str:
        return self.kind.value if self.kind is Kind.EVERYTHING else f"{self.kind} {self.value!r}"


EVERYWHERE = Subject(Kind.EVERYTHING)
_SUBJECTS = {
    Action.EXCLUDE: {Kind.ARTICLE, Kind.AUTHOR, Kind.SECTION, Kind.TAG, Kind.KEYWORD},
    Action.HIDE: set(Kind),
    Action.PIN: {Kind.ARTICLE},
    Action.BOOST: {Kind.ARTICLE, Kind.AUTHOR, Kind.SECTION, Kind.TAG, Kind.KEYWORD},
    Action.IGNORE: {Kind.AUTHOR, Kind.SECTION, Kind.TAG},
    Action.EVERGREEN: {Kind.ARTICLE, Kind.AUTHOR, Kind.SECTION, Kind.TAG, Kind.KEYWORD},
}
_PLACES = {Kind.ARTICLE, Kind.SECTION, Kind.EVERYTHING}


@dataclass(frozen=True, slots=True)
class Rule:
    """One decision of an editor.

    Attributes:
        action: what it does.
        subject: to which articles, or on which pages.
        owner: who answers for it.
        reason: why.
        starts_at: aware; in force from this moment on.
        ends_at: aware; not in force any more from this moment on; None for no end.
        widget: which list; only a hide or a pin is about one, and a pin about `similar` or `author`.
        place: on which pages a pin stands: an article, a section with those under it, or everything.
        slot: 1 for the first, at most LAST_SLOT; of a pin, 0 for the others.
        factor: of a boost, in [SMALLEST_FACTOR, LARGEST_FACTOR] and not 1; 1 for the others.
        id: given by the store, 0 before.

    Raises:
        ConfigError: the parts do not make a rule; the text names the part.
    """

    action: Action
    subject: Subject
    owner: str
    reason: str
    starts_at: datetime
    ends_at: datetime | None
    widget: Widget = Widget.ALL
    place: Subject = EVERYWHERE
    slot: int = 0
    factor: float = 1.0
    id: int = 0

    def __post_init__(self) -> None:
        for name in ("owner", "reason"):
            if not _says(getattr(self, name)):
                raise ConfigError(f"{name} is {getattr(self, name)[:60]!r}: say it in 1 to {_LONGEST} characters")
        if self.subject.kind not in _SUBJECTS[self.action]:
            kinds = ", ".join(sorted(_SUBJECTS[self.action]))
            raise ConfigError(f"{self.action} has {self.subject.kind} as its subject: give one of {kinds}")
        self._check_times()
        self._check_pin()
        self._check_factor()

    def active(self, now: datetime) -> bool:
        """Whether it is in force at this moment; `starts_at` belongs to it, `ends_at` does not."""
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)

    def _check_times(self) -> None:
        for name in ("starts_at", "ends_at"):
            moment = getattr(self, name)
            if moment is not None and moment.utcoffset() is None:
                raise ConfigError(f"{name} is {moment.isoformat()}, which has no time zone: add one, such as +00:00")
        if self.ends_at is not None and self.ends_at < self.starts_at:
            raise ConfigError(f"ends_at is {self.ends_at.isoformat()}, before starts_at: give a later moment")

    def _check_pin(self) -> None:
        if self.action is not Action.PIN:
            if self.slot or self.place != EVERYWHERE:
                raise ConfigError(f"{self.action} has a slot or a place: only a pin has them")
            if self.widget is not Widget.ALL and self.action is not Action.HIDE:
                raise ConfigError(f"{self.action} names the widget {self.widget}: only a hide or a pin is about one")
            return
        if isinstance(self.slot, bool) or not 1 <= self.slot <= LAST_SLOT:
            raise ConfigError(f"slot is {self.slot!r}: give a number from 1 to {LAST_SLOT}")
        if self.place.kind not in _PLACES:
            raise ConfigError(f"place is {self.place}: give an article, a section or everything")
        if self.widget not in (Widget.SIMILAR, Widget.AUTHOR):
            raise ConfigError(f"widget is {self.widget}: a pin stands in similar or in author")
        if self.place == self.subject:
            raise ConfigError(f"{self.subject} is pinned to its own page: name another article")

    def _check_factor(self) -> None:
        if self.action is not Action.BOOST:
            if self.factor != 1.0:
                raise ConfigError(f"{self.action} has a factor: only a boost has one")
        elif (
            isinstance(self.factor, bool)
            or not isfinite(self.factor)
            or self.factor == 1.0
            or not SMALLEST_FACTOR <= self.factor <= LARGEST_FACTOR
        ):
            raise ConfigError(
                f"factor is {self.factor!r}: give a number from {SMALLEST_FACTOR} to {LARGEST_FACTOR}, above 1 to lift "
                "and below 1 to bury"
            )


def _says(text: str) -> bool:
    """Whether it says something, is not too long, and can be kept: PostgreSQL takes no NUL."""
    return bool(text.strip()) and len(text) <= _LONGEST and "\0" not in text
