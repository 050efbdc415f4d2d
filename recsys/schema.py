"""The tables of the article store, and how an article is written as a row of them.

The tables here are what the code reads and writes; `recsys/migrations` is how a store on disk gets there.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table

from recsys.articles import Article, AuthorName, Image, Status
from recsys.errors import StoreError
from recsys.urls import canonical_url

VERSION = 2  # of the schema; the revisions of recsys/migrations are this number in four digits

# ids are compared byte by byte on every database, so that "in id order" is Python's order of strings
Identifier = String().with_variant(String(collation="C"), "postgresql")

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
    Column("status", String, nullable=False),
    Column("digest", String, nullable=False),  # of the article as it was last put; retiring leaves it alone
    Column("change", BigInteger, nullable=False, unique=True, index=True),
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


def to_row(article: Article) -> dict[str, Any]:
    """The article as values for `articles`, but for `change`. Times are cut to whole seconds."""
    return {
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
    }


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
    )


def _seconds(article: Article, field: str) -> int | None:
    moment: datetime | None = getattr(article, field)
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise StoreError(f"article {article.id!r}: {field} {moment} has no time zone; give it in UTC")
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
