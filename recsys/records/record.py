"""A source's record to an article: what it may hold, what is unknown, what makes it a reject.

`read(record, mapping, now)` answers an article with its warnings, or raises `Unusable` naming the field. Nothing here
writes or counts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from recsys.articles import Article, AuthorName, Image, section_path
from recsys.dates import parse_date
from recsys.errors import ConfigError
from recsys.records.body_links import body_links
from recsys.records.fields import LIMITS, Unusable, identifier, text
from recsys.records.lifecycle import SYNONYMS, lifecycle
from recsys.urls import is_web_url

CANONICAL = tuple(field.name for field in fields(Article))
MOST_TAGS = 200
MOST_AUTHORS = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """An article, and the kinds of what was wrong with its record (each at most once): unknown or cut fields.

    `links` are the canonical addresses that its body links to, in order; see `recsys.records.body_links`.
    """

    article: Article
    warnings: tuple[str, ...]
    links: tuple[str, ...] = ()


def parse_mapping(options: Iterable[str]) -> dict[str, str]:
    """Canonical name to column of the source, from texts such as "section=topic,published_at=published".

    Raises ConfigError where a canonical name is unknown or given twice.
    """
    mapping: dict[str, str] = {}
    for part in (part.strip() for option in options for part in option.split(",")):
        canonical, equals, column = (piece.strip() for piece in part.partition("="))
        if not equals or not column:
            raise ConfigError(f"--map {part!r}: write CANONICAL=COLUMN, for example section=topic")
        if canonical not in CANONICAL:
            raise ConfigError(f"--map {part!r}: no field {canonical!r}; the fields are {', '.join(CANONICAL)}")
        if canonical in mapping:
            raise ConfigError(f"--map {part!r}: {canonical!r} is already mapped to {mapping[canonical]!r}")
        mapping[canonical] = column
    return mapping


def read(record: Mapping[str, object], mapping: Mapping[str, str], now: datetime) -> Reading:
    """The article of a record of a source; `mapping` is canonical name to column. Raises Unusable."""
    values = {name: _value(record, mapping, name) for name in CANONICAL}
    warnings: Counter[str] = Counter()
    article_id = identifier(values["id"])
    title = text("title", values["title"], warnings)
    if not title:
        raise Unusable("title", values["title"], "no title")
    names = values["authors"]
    if isinstance(names, str):  # as printed, not a list
        values["byline"], names = values["byline"] or names, None
    authors = _authors(names, warnings)
    byline = text("byline", values["byline"], warnings)
    if not byline and not authors:
        warnings["byline missing"] += 1
    life = lifecycle(values, warnings)
    article = Article(
        id=article_id,
        title=title,
        url=_url("url", values["url"], warnings),
        standfirst=text("standfirst", values["standfirst"], warnings),
        body=text("body", values["body"], warnings),
        byline=byline,
        authors=authors,
        section=section_path(text("section", values["section"], warnings)),
        tags=_tags(values["tags"], warnings),
        published_at=_date("published_at", values["published_at"], now, warnings, wanted=True),
        updated_at=_date("updated_at", values["updated_at"], now, warnings, wanted=False),
        language=text("language", values["language"], warnings),
        image=_image(values["image"], warnings),
        status=life.status,
        embargoed_until=life.embargoed_until,
        expires_at=life.expires_at,
        recommendable=life.recommendable,
        show_related=life.show_related,
        evergreen=life.evergreen,
    )
    body = values["body"]
    return Reading(article, tuple(warnings), body_links(body, article.url) if isinstance(body, str) else ())


def _value(record: Mapping[str, object], mapping: Mapping[str, str], name: str) -> object:
    """What the record has under the canonical name; under its synonym where nobody mapped the name and it is empty."""
    value = record.get(mapping.get(name, name))
    return record.get(SYNONYMS[name]) if value in (None, "") and name in SYNONYMS.keys() - mapping.keys() else value


def _authors(value: object, warnings: Counter[str]) -> tuple[AuthorName, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Unusable("authors", value, "neither a list nor a text")
    if len(value) > MOST_AUTHORS:
        warnings["authors cut"] += 1
    found = [_author(author, warnings) for author in value[:MOST_AUTHORS] if author is not None]
    return tuple(author for author in found if author.name)


def _author(value: object, warnings: Counter[str]) -> AuthorName:
    if isinstance(value, Mapping):
        key = value.get("id")
        return AuthorName(text("authors", value.get("name"), warnings), None if key in (None, "") else _author_id(key))
    return AuthorName(text("authors", value, warnings))


def _author_id(value: object) -> str:
    try:
        return identifier(value)
    except Unusable as error:
        raise Unusable("authors", value, f"an author's id: {error.reason}") from error


def _tags(value: object, warnings: Counter[str]) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.replace(";", ",").replace("|", ",").split(",")
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Unusable("tags", value, "neither a list nor a text")
    if len(value) > MOST_TAGS:
        warnings["tags cut"] += 1
    found = (text("tags", tag, warnings) for tag in value[:MOST_TAGS])
    return tuple(dict.fromkeys(tag for tag in found if tag))


def _url(field: str, value: object, warnings: Counter[str]) -> str:
    if value is not None and not isinstance(value, str):
        raise Unusable(field, value, "not a text")
    url = _quoted((value or "").strip())
    if url and not is_web_url(url):
        warnings[f"{field} not http(s)"] += 1
        return ""
    return url


def _quoted(url: str) -> str:
    """With blanks and quotes percent-encoded, as they may not stand in a link."""
    if len(url) > LIMITS["url"] or not url.lower().startswith(("http://", "https://")):
        return url
    return url.replace(" ", "%20").replace('"', "%22").replace("<", "%3C").replace(">", "%3E")


def _image(value: object, warnings: Counter[str]) -> Image | None:
    if value is None or isinstance(value, str):
        address, alt = value, ""
    elif isinstance(value, Mapping):
        address, alt = value.get("url"), text("image alt", value.get("alt"), warnings)
    else:
        raise Unusable("image", value, "neither a URL nor an object with url and alt")
    url = _url("image", address, warnings)
    return Image(url, alt) if url else None


def _date(field: str, value: object, now: datetime, warnings: Counter[str], wanted: bool) -> datetime | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        if wanted:
            warnings[f"{field} missing"] += 1
        return None
    if isinstance(value, bool | list | Mapping):
        raise Unusable(field, value, "not a date")
    moment = parse_date(value, now)
    if moment is None:
        warnings[f"{field} unreadable or absurd"] += 1
    return moment
