"""Which stories an article joins that came after the night."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from recsys.columns import Int64
from recsys.extension.growing import Growing
from recsys.release import Release


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a new row stands among the stories, and what that changes.

    Attributes:
        text_group, event_group, text_preference: of the new row, as in `Release`.
        moved: (text_group, event_group, text_preference) of other rows that stand elsewhere now.
        text_rows, event_rows: the lists of the groups that have changed, by group.
    """

    text_group: int
    event_group: int
    text_preference: int
    moved: Mapping[int, tuple[int, int, int]] = field(default_factory=dict)
    text_rows: Mapping[int, list[int]] = field(default_factory=dict)
    event_rows: Mapping[int, list[int]] = field(default_factory=dict)


class Stories:
    """The groups of a release and its arrivals. Of one thread at a time."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._text, self._event, self._preference = (
            Growing(column) for column in (release.text_group, release.event_group, release.text_preference)
        )
        self._text_rows: dict[int, list[int]] = {}
        self._event_rows: dict[int, list[int]] = {}

    def place(self, row: int, replaced: Int64) -> Placing:
        """The stories of the next arrival: it takes the place of the rows that it replaces. It changes nothing."""
        text, event, preference = -1, -1, 0
        texts: dict[int, list[int]] = {}
        events: dict[int, list[int]] = {}
        for old in replaced.tolist():
            text, event, preference = int(self._text[old]), int(self._event[old]), int(self._preference[old])
            if text >= 0:
                known = self._text_rows.get(text, self._release.text_rows[text].tolist())
                texts[text] = [row if one == old else one for one in known]
            if event >= 0:
                known = self._event_rows.get(event, self._release.event_rows[event].tolist())
                events[event] = [row if one == old else one for one in known]
        return Placing(text, event, preference, {}, texts, events)

    def take(self, placing: Placing) -> None:
        """The arrival that was placed has come."""
        for column, value in (
            (self._text, placing.text_group),
            (self._event, placing.event_group),
            (self._preference, placing.text_preference),
        ):
            column.extend([value])
        self._text_rows |= placing.text_rows
        self._event_rows |= placing.event_rows
