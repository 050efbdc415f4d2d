"""A few fields of an article changed: a JSON merge patch (RFC 7396), read as a record's fields are read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from recsys.articles import Article
from recsys.records.fields import Unusable, identifier
from recsys.records.lifecycle import SYNONYMS
from recsys.records.record import CANONICAL, read

_CANONICAL_OF = {synonym: name for name, synonym in SYNONYMS.items()}


@dataclass(frozen=True, slots=True)
class Patched:
    """The article with its changes, and the kinds of what was wrong with them.

    `links` are those of the new body; None where the body is as it was.
    """

    article: Article
    warnings: tuple[str, ...]
    links: tuple[str, ...] | None


def patch(article: Article, changes: Mapping[str, object], now: datetime) -> Patched:
    """The article with the changed fields, null for what a record without the field has. All others stay as they are.

    Names are those of a record. `now` (aware) bounds the dates.

    Raises:
        Unusable: a name is no field, or a value cannot be used.
    """
    named = _named(changes)
    if "id" in named and identifier(named["id"]) != article.id:
        raise Unusable("id", named["id"], f"the article is {article.id!r}: an id cannot be changed")
    own: dict[str, Any] = {
        # stored text is not read again: what looks like markup in it is meant so
        "id": article.id,
        "title": "as it was",
        "url": article.url,
        "status": article.status.value,
        "image": None if article.image is None else {"url": article.image.url, "alt": article.image.alt},
    }
    values = {name: merged(own.get(name), value) for name, value in named.items() if name != "id"}
    reading = read(own | values, {}, now)
    touched = values.keys() | {"status"}  # an embargo that cannot be read withholds the article
    if isinstance(values.get("authors"), str):
        touched |= {"byline"}
    taken = {name: getattr(reading.article, name) for name in touched}
    warnings = tuple(warning for warning in reading.warnings if warning.split()[0] in touched)
    return Patched(replace(article, **taken), warnings, reading.links if "body" in values else None)


def merged(target: object, changes: object) -> object:
    """RFC 7396's MergePatch.

    >>> merged({"url": "u", "alt": "a"}, {"alt": None, "by": "me"})
    {'url': 'u', 'by': 'me'}
    """
    if not isinstance(changes, Mapping):
        return changes
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _named(changes: Mapping[str, object]) -> dict[str, object]:
    """By canonical name."""
    named: dict[str, object] = {}
    for name, value in changes.items():
        canonical = _CANONICAL_OF.get(name, name)
        if canonical not in CANONICAL:
            raise Unusable(name, value, f"no such field; the fields are {', '.join(CANONICAL)}")
        if canonical in named:
            raise Unusable(name, value, f"{canonical} is given twice")
        named[canonical] = value
    return named
