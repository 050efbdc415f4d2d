"""Moments as a request writes them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_DAYS_BACK = re.compile(r"([0-9]{1,5})d", re.ASCII)
_MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}
_DATE: dict[str, Any] = {"type": "string", "format": "date"}


def moment(value: object) -> object:
    """An ISO 8601 date or time as aware UTC. Pydantic alone would take 2026 for 34 minutes past midnight in 1970."""
    if not isinstance(value, str):
        return value
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError(
            "moment", "must be an ISO 8601 date or time such as 2026-03-01T06:00:00Z (a + is sent as %2B)"
        ) from None


def since(value: object) -> object:
    """The same, or so many days before now: 30d."""
    if not isinstance(value, str) or not (days := _DAYS_BACK.fullmatch(value)):
        return moment(value)
    try:
        return datetime.now(UTC) - timedelta(days=int(days[1]))
    except OverflowError:
        raise PydanticCustomError("moment", "must be a number of days such as 30d that ends after the year 1") from None


Moment = Annotated[datetime, BeforeValidator(moment), WithJsonSchema({"anyOf": [_MOMENT, _DATE]})]
Since = Annotated[
    datetime,
    BeforeValidator(since),
    WithJsonSchema({"anyOf": [_MOMENT, _DATE, {"type": "string", "pattern": "^[0-9]{1,5}d$"}]}),
]
