"""What editors decide: where an article may be shown, rules, the log of who did what, keys."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
LIFECYCLE = ("embargoed_until", "expires_at", "recommendable", "show_related", "evergreen", "changed_at")


def upgrade() -> None:
    """Add the columns, at what says nothing, and make the tables; no article changes."""
    for name in ("embargoed_until", "expires_at", "changed_at"):
        op.add_column("articles", sa.Column(name, sa.BigInteger))
    for name, default in (("recommendable", sa.true()), ("show_related", sa.true()), ("evergreen", sa.false())):
        op.add_column("articles", sa.Column(name, sa.Boolean, nullable=False, server_default=default))
    op.create_table(
        "rules",
        sa.Column("id", Number, primary_key=True),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("subject_kind", sa.String, nullable=False),
        sa.Column("subject_value", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger),
        sa.Column("widget", sa.String, nullable=False),
        sa.Column("place_kind", sa.String, nullable=False),
        sa.Column("place_value", sa.String, nullable=False),
        sa.Column("slot", sa.Integer, nullable=False),
        sa.Column("factor", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "log",
        sa.Column("id", Number, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "keys",
        sa.Column("id", Number, primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    counters = sa.table("counters", sa.column("name", sa.String), sa.column("value", sa.BigInteger))
    op.bulk_insert(counters, [{"name": "rules", "value": 0}])


def downgrade() -> None:
    """Drop what was added."""
    op.execute(sa.text("DELETE FROM counters WHERE name = 'rules'"))
    for table in ("keys", "log", "rules"):
        op.drop_table(table)
    for name in LIFECYCLE:
        op.drop_column("articles", name)
