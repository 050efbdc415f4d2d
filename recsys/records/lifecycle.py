"""Where a record says that its article may be shown. What it says and we cannot read keeps the article back.

An article that is missing from lists costs a few clicks; one that is out before its embargo, or after its rights have
ended, cannot be taken back. So a moment that cannot be read withholds the article until the CMS sends a better one (it
is not rejected: the store would go on with what it had before), and a flag that cannot be read counts as no.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from recsys.articles import Status
from recsys.dates import EARLIEST, parse_moment
from recsys.lifecycle import Lifecycle
from recsys.moments import moment_of, seconds_down, seconds_up
from recsys.records.fields import Unusable

STATUSES = {status.value: status for status in Status} | {
    "published": Status.USABLE,
    "draft": Status.WITHHELD,
    "deleted": Status.CANCELED,
    "cancelled": Status.CANCELED,
}
SYNONYMS = {"status": "pubstatus", "embargoed_until": "embargoed", "expires_at": "expires"}  # those of ninjs
FLAGS = {"true": True, "yes": True, "1": True, "1.0": True, "false": False, "no": False, "0": False, "0.0": False}
UNREADABLE = "unreadable"
# what a CMS writes where there is no such moment
NO_MOMENT = ("", "0", "0.0", "false", "no", "none", "null", "nan", "0000-00-00", "0000-00-00 00:00:00")


def lifecycle(values: Mapping[str, object], warnings: Counter[str]) -> Lifecycle:
    """What the values of these canonical names say; counts in `warnings` what cannot be read.

    Moments are whole seconds: an embargo ends at the next one, what expires does so at the one before.

    Raises:
        Unusable: a status that is not known.
    """
    status = _status(values["status"])
    moments = {}
    for name, rounded in (("embargoed_until", seconds_up), ("expires_at", seconds_down)):
        moment = _moment(values[name])
        if moment == UNREADABLE:
            warnings[f"{name} unreadable, so withheld"] += 1
            status = Status.WITHHELD if status is Status.USABLE else status
        moments[name] = moment_of(rounded(moment)) if isinstance(moment, datetime) else None
    return Lifecycle(
        status,
        **moments,
        recommendable=_flag("recommendable", values, True, warnings),
        show_related=_flag("show_related", values, True, warnings),
        evergreen=_flag("evergreen", values, False, warnings),
    )


def _moment(value: object) -> datetime | str | None:
    """The moment, None where there is none, or UNREADABLE."""
    if _text(value) in NO_MOMENT:
        return None
    moment = parse_moment(value)
    if moment is None or 1 < moment.year < EARLIEST:  # such as 0206 for 2026
        return UNREADABLE
    return None if moment.year == 1 else moment  # 0001-01-01 is how some programs write that there is none


def _status(value: object) -> Status:
    if value is None:
        return Status.USABLE
    found = STATUSES.get(value.strip().lower() or "usable") if isinstance(value, str) else None
    if found is None:
        raise Unusable("status", value, f"not one of {', '.join(STATUSES)}")
    return found


def _flag(name: str, values: Mapping[str, object], default: bool, warnings: Counter[str]) -> bool:
    said = _text(values[name])
    if said in ("", "nan"):
        return default
    if said not in FLAGS:
        warnings[f"{name} unknown, taken as no"] += 1
    return FLAGS.get(said, False)


def _text(value: object) -> str:
    """As it would be typed; "" where nothing is said, "?" for all that can be neither a flag nor a word for nothing."""
    if isinstance(value, int | float):
        return "?" if abs(value) > 1 else str(value).lower()
    return "" if value is None else value.strip().lower() if isinstance(value, str) else "?"
