"""A rule as an editor sends it: read, checked and made into the core's own."""

import re
from datetime import datetime
from typing import Annotated

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from recsys.errors import ConfigError
from recsys.rules import Action, Kind, Rule, Subject, Widget
from service.body import body_of
from service.moments import Moment
from service.problems import BadValue, Problem, bad_parameters
from service.schemas.shape import JsonObject

LARGEST = 65_536  # bytes of a body
_LONGEST = 500
_Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]  # no database keeps that character well


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewSubject(_Body):
    """Some articles, or pages."""

    kind: Kind = Field(description="What the value names.")
    value: _Text = Field(default="", description="An id, a name, a path, a tag or words; none for everything.")

    def subject(self, where: str) -> Subject:
        """As the core takes it. Raises Problem, with `where` it stands."""
        try:
            return Subject(self.kind, self.value)
        except ConfigError as error:
            raise bad_parameters([BadValue(f"{where}.value", self.value[:_LONGEST], str(error))]) from None


class NewRule(_Body):
    """One decision of an editor."""

    action: Action = Field(description="What the rule does.")
    subject: NewSubject = Field(description="To which articles, or on which pages.")
    reason: _Text = Field(description="Why; it is kept for ever.", examples=["the trial begins"])
    ends_at: Moment | None = Field(
        description="Not in force any more from this moment on. It must be there; null says that there is no end."
    )
    starts_at: Moment | None = Field(
        default=None, description="In force from this moment on; now where it is not given."
    )
    owner: _Text | None = Field(
        default=None, description="Who answers for it; the owner of the key where it is not given."
    )
    widget: Widget = Field(default=Widget.ALL, description="Which list a hide or a pin is about.")
    place: NewSubject = Field(
        default=NewSubject(kind=Kind.EVERYTHING),
        description="On which pages a pin stands: an article, a section or everything.",
    )
    slot: int = Field(default=0, description="Of a pin, 1 for the first.")
    factor: float = Field(default=1.0, description="Of a boost: above 1 it lifts, below 1 it buries.")

    def rule(self, owner: str, now: datetime) -> Rule:
        """As the core takes it, with the owner and the start that it may leave out. Raises Problem."""
        subject, place = self.subject.subject("body.subject"), self.place.subject("body.place")
        try:
            return Rule(
                self.action,
                subject,
                owner if self.owner is None else self.owner,
                self.reason,
                self.starts_at or now,
                self.ends_at,
                self.widget,
                place,
                self.slot,
                self.factor,
            )
        except ConfigError as error:
            raise self.refused(error) from None

    def refused(self, error: ConfigError) -> Problem:
        """422 with the field that the error's text names first."""
        named = next((word for word in re.findall(r"\w+", str(error)) if word in type(self).model_fields), None)
        if named is None:
            return bad_parameters([BadValue("body", "", str(error))])
        return bad_parameters([BadValue(f"body.{named}", str(getattr(self, named))[:_LONGEST], str(error))])


async def new_rule(request: Request) -> NewRule:
    """The rule in the body of the request.

    Raises:
        Problem: 413, the body is too large.
        RequestValidationError: it is no rule.
    """
    raw = await body_of(request, LARGEST)
    try:
        return NewRule.model_validate_json(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from None


def body_of_rules() -> JsonObject:
    """What OpenAPI says of the body; the enumerations that it refers to are those of the answer."""
    schema = NewRule.model_json_schema(ref_template="#/components/schemas/{model}")
    subject = schema.pop("$defs")["NewSubject"]
    for name in ("subject", "place"):
        said = schema["properties"][name]
        schema["properties"][name] = subject | {key: value for key, value in said.items() if key != "$ref"}
    example = {
        "action": "exclude",
        "subject": {"kind": "article", "value": "mc-court-02"},
        "reason": "the trial begins",
        "ends_at": "2026-04-01T00:00:00Z",
    }
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}}
