"""Articles, the counter of changes, embeddings."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Identifier = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables of version 1."""
    op.create_table(
        "articles",
        sa.Column("id", Identifier, primary_key=True),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("canonical_url", sa.String, nullable=False),
        sa.Column("standfirst", sa.String, nullable=False),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("byline", sa.String, nullable=False),
        sa.Column("authors", sa.JSON, nullable=False),
        sa.Column("section", sa.String, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("published_at", sa.BigInteger),
        sa.Column("updated_at", sa.BigInteger),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("image", sa.JSON),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("change", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_articles_canonical_url", "articles", ["canonical_url"])
    op.create_index("ix_articles_change", "articles", ["change"], unique=True)
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    # the store's own number tells it from another store whose changes were as many
    op.bulk_insert(counters, [{"name": "change", "value": 0}, {"name": "store", "value": secrets.randbits(62)}])
    op.create_table(
        "embeddings",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("dim", sa.Integer, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_embeddings_fingerprint", "embeddings", ["fingerprint"])


def downgrade() -> None:
    """Drop everything."""
    for table in ("embeddings", "counters", "articles"):
        op.drop_table(table)
