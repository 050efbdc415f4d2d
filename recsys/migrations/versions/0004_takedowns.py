"""Takedowns, whatever is ingested meanwhile."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Identifier = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table and the column; nothing is taken down, no article changes."""
    op.create_table(
        "takedowns",
        sa.Column("article_id", Identifier, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
    )
    op.add_column("articles", sa.Column("held_status", sa.String))


def downgrade() -> None:
    """Give the articles their own status back, and drop what was added."""
    op.execute(sa.text("UPDATE articles SET status = held_status WHERE held_status IS NOT NULL"))
    op.drop_column("articles", "held_status")
    op.drop_table("takedowns")
