"""Editors' rules and the log of who did what."""

from typing import Any

from pydantic import AwareDatetime, Field

from recsys.rules import LARGEST_FACTOR, LAST_SLOT, SMALLEST_FACTOR, Action, Kind, Widget
from service.schemas.shape import JsonObject, Shape


class Subject(Shape):
    """Some articles, or pages."""

    kind: Kind = Field(description="What the value names.")
    value: str = Field(description='An id, a name, a path, a tag or words of a title; "" for everything.')


class Rule(Shape):
    """One decision of an editor, as it is kept."""

    id: int
    action: Action
    subject: Subject = Field(description="To which articles, or on which pages.")
    owner: str = Field(description="Who answers for it.")
    reason: str
    starts_at: AwareDatetime = Field(description="In force from this moment on.")
    ends_at: AwareDatetime | None = Field(description="Not in force any more from this moment on; null for no end.")
    widget: Widget = Field(description="Which list a hide or a pin is about.")
    place: Subject = Field(description="On which pages a pin stands.")
    slot: int = Field(description=f"Of a pin, 1 for the first, at most {LAST_SLOT}; else 0.")
    factor: float = Field(description=f"Of a boost, from {SMALLEST_FACTOR} to {LARGEST_FACTOR}; else 1.")


class Rules(Shape):
    """Rules, by their ids."""

    rules: list[Rule]


class Entry(Shape):
    """One line of the log."""

    id: int
    at: AwareDatetime
    who: str = Field(description="The owner of the key that was used, or who called the command.")
    what: str = Field(description="Such as: rule added.")
    number: int = Field(description="Of the rule, of the key or of the article's change.")
    details: dict[str, Any]


class Entries(Shape):
    """Lines of the log, newest first."""

    entries: list[Entry]


RULE: JsonObject = {
    "id": 17,
    "action": "exclude",
    "subject": {"kind": "article", "value": "mc-court-02"},
    "owner": "A. Editor",
    "reason": "the trial begins",
    "starts_at": "2026-03-01T06:00:00Z",
    "ends_at": "2026-04-01T00:00:00Z",
    "widget": "all",
    "place": {"kind": "everything", "value": ""},
    "slot": 0,
    "factor": 1.0,
}
RULES: JsonObject = {"rules": [RULE]}
ENTRIES: JsonObject = {
    "entries": [
        {
            "id": 41,
            "at": "2026-03-02T09:30:00Z",
            "who": "A. Editor",
            "what": "rule ended",
            "number": 17,
            "details": {"reason": "settled out of court"},
        }
    ]
}
