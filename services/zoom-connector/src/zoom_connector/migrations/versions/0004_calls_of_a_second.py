"""Count each host's calls of the last second, in place of one moment at which the next may go.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from shared.database import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("hosts", "free_at")
    op.add_column("hosts", sa.Column("recent_calls", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("hosts", "recent_calls")
    op.add_column("hosts", sa.Column("free_at", Instant, nullable=True))
