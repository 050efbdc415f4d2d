"""The tables of the article store, and how an article is written as a row of them.

The tables here are what the code reads and writes; `recsys/migrations` is how a store on disk gets there.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

from recsys.articles import Article, AuthorName, Image, Status
from recsys.errors import StoreError
from recsys.lifecycle import Lifecycle
from recsys.moments import moment_of, seconds_down, seconds_up
from recsys.urls import canonical_url

VERSION = 5  # of the schema; the revisions of recsys/migrations are this number in four digits

# ids are compared byte by byte on every database, so that "in id order" is Python's order of strings
Identifier = String().with_variant(String(collation="C"), "postgresql")
# given by the database; SQLite counts on only in a column that is called INTEGER
Number = BigInteger().with_variant(Integer, "sqlite")
LARGEST = 2**63 - 1  # number that a database can be asked for

metadata = MetaData()

articles = Table(
    "articles",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("title", String, nullable=False),
    Column("url", String, nullable=False),
    Column("canonical_url", String, nullable=False, index=True),
    Column("standfirst", String, nullable=False),
    Column("body", String, nullable=False),
    Column("byline", String, nullable=False),
    Column("authors", JSON, nullable=False),  # [{"id": text or null, "name": text}]
    Column("section", String, nullable=False),
    Column("tags", JSON, nullable=False),  # [text]
    Column("published_at", BigInteger),  # seconds since 1970 in UTC
    Column("updated_at", BigInteger),
    Column("language", String, nullable=False),
    Column("image", JSON(none_as_null=True)),  # {"url": text, "alt": text}
    Column("status", String, nullable=False),  # under a takedown `canceled`
    Column("held_status", String),  # under a takedown the article's own, else null
    Column("digest", String, nullable=False),  # of the article as it was last put; retiring leaves it alone
    Column("change", BigInteger, nullable=False, unique=True, index=True),
    Column("embargoed_until", BigInteger),
    Column("expires_at", BigInteger),
    Column("changed_at", BigInteger),  # when the store took `change`; null in rows from before version 3
    Column("recommendable", Boolean, nullable=False),
    Column("show_related", Boolean, nullable=False),
    Column("evergreen", Boolean, nullable=False),
    Column("written_by", String),  # who put `digest`; null where nobody said, as before version 5
)

# articles that are out of everything until somebody lifts it; the store need not have them
takedowns = Table(
    "takedowns",
    metadata,
    Column("article_id", Identifier, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("lifted_after", BigInteger),  # a later version from the CMS ends it; null: somebody has to lift it
)

counters = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# what the body of an article links to; apart from it, so that a changed link is no changed article
links = Table(
    "links",
    metadata,
    Column("article_id", Identifier, ForeignKey(articles.c.id, ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True),  # 0, 1, 2 … in the order of the text
    Column("url", String, nullable=False),  # canonical
)

embeddings = Table(
    "embeddings",
    metadata,
    Column("digest", String, primary_key=True),  # of (model fingerprint, recipe version, text)
    Column("fingerprint", String, nullable=False, index=True),
    Column("dim", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # dim float32, little-endian
)

# what editors decided, for ever: a rule that is over stays; `sqlite_autoincrement` gives no id twice
rules = Table(
    "rules",
    metadata,
    Column("id", Number, primary_key=True),
    Column("action", String, nullable=False),
    Column("subject_kind", String, nullable=False),
    Column("subject_value", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    Column("widget", String, nullable=False),
    Column("place_kind", String, nullable=False),
    Column("place_value", String, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("factor", Float, nullable=False),
    sqlite_autoincrement=True,
)

# who did what; rows are only ever added
log = Table(
    "log",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("number", BigInteger, nullable=False),  # of the rule, the key or the change; `what` says which
    Column("details", JSON, nullable=False),  # an object
    sqlite_autoincrement=True,
)

keys = Table(
    "keys",
    metadata,
    Column("id", Number, primary_key=True),
    Column("owner", String, nullable=False),
    Column("scopes", JSON, nullable=False),  # [text]
    Column("hash", String, nullable=False),  # SHA-256 of the secret, 64 hex digits
    Column("made_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    sqlite_autoincrement=True,
)


def to_row(article: Article) -> dict[str, Any]:
    """The article as values for `articles`, without what `put_rows` adds. Raises StoreError.

    Times are cut to whole seconds; the end of an embargo is rounded up, so that no article is out too early.
    """
    row: dict[str, Any] = {
        "id": article.id,
        "title": article.title,
        "url": article.url,
        "canonical_url": canonical_url(article.url),
        "standfirst": article.standfirst,
        "body": article.body,
        "byline": article.byline,
        "authors": [{"id": author.id, "name": author.name} for author in article.authors],
        "section": article.section,
        "tags": list(article.tags),
        "published_at": _seconds(article, "published_at"),
        "updated_at": _seconds(article, "updated_at"),
        "language": article.language,
        "image": None if article.image is None else {"url": article.image.url, "alt": article.image.alt},
        "status": article.status.value,
        "digest": article.digest(),
        "embargoed_until": _seconds(article, "embargoed_until", seconds_up),
        "expires_at": _seconds(article, "expires_at"),
        "recommendable": article.recommendable,
        "show_related": article.show_related,
        "evergreen": article.evergreen,
    }
    for name, value in row.items():
        if isinstance(value, str) and "\0" in value:
            raise StoreError(f"article {article.id!r}: {name} has a NUL character, which PostgreSQL cannot keep")
    return row


def to_article(row: Mapping[str, Any]) -> Article:
    """The article of a row of `articles`; other columns are ignored."""
    return Article(
        id=row["id"],
        title=row["title"],
        url=row["url"],
        standfirst=row["standfirst"],
        body=row["body"],
        byline=row["byline"],
        authors=tuple(AuthorName(**author) for author in row["authors"]),
        section=row["section"],
        tags=tuple(row["tags"]),
        published_at=_moment(row["published_at"]),
        updated_at=_moment(row["updated_at"]),
        language=row["language"],
        image=None if row["image"] is None else Image(**row["image"]),
        status=Status(row["status"]),
        embargoed_until=_moment(row["embargoed_until"]),
        expires_at=_moment(row["expires_at"]),
        recommendable=row["recommendable"],
        show_related=row["show_related"],
        evergreen=row["evergreen"],
    )


def to_lifecycle(row: Mapping[str, Any]) -> Lifecycle:
    """The lifecycle of a row that has the columns `LIFECYCLE`; other columns are ignored."""
    return Lifecycle(
        status=Status(row["status"]),
        embargoed_until=_moment(row["embargoed_until"]),
        expires_at=_moment(row["expires_at"]),
        recommendable=row["recommendable"],
        show_related=row["show_related"],
        evergreen=row["evergreen"],
        changed_at=_moment(row["changed_at"]),
    )


LIFECYCLE = tuple(articles.c[field.name] for field in fields(Lifecycle))


def _seconds(article: Article, field: str, rounded: Callable[[datetime], int] = seconds_down) -> int | None:
    moment: datetime | None = getattr(article, field)
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise StoreError(f"article {article.id!r}: {field} {moment} has no time zone; give it in UTC")
    return rounded(moment)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else moment_of(seconds)
