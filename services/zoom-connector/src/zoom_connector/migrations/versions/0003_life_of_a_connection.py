"""Keep how each connection fares, who shares one Zoom user, and whose host has left.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from shared.database import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = ("token_place", "last_success_at", "last_failure_at", "last_failure", "leaving_at")


def upgrade() -> None:
    op.add_column("connections", sa.Column("token_place", sa.String(100), nullable=True))
    op.add_column("connections", sa.Column("last_success_at", Instant, nullable=True))
    op.add_column("connections", sa.Column("last_failure_at", Instant, nullable=True))
    op.add_column("connections", sa.Column("last_failure", sa.Text, nullable=True))
    op.add_column("connections", sa.Column("leaving_at", Instant, nullable=True))
    op.create_index("connections_by_leaving", "connections", ["leaving_at"])


def downgrade() -> None:
    op.drop_index("connections_by_leaving", "connections")
    for column in COLUMNS:
        op.drop_column("connections", column)
