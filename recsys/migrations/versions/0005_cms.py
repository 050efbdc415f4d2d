"""What a CMS takes down it may bring back; who wrote an article."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; every takedown that stands is an editor's, nobody is known to have written an article."""
    op.add_column("takedowns", sa.Column("lifted_after", sa.BigInteger))
    op.add_column("articles", sa.Column("written_by", sa.String))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("articles", "written_by")
    op.drop_column("takedowns", "lifted_after")
