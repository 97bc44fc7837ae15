"""Keep bookings' versions and meetings, and the mails that are owed about them.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

from shared import due, inbox, outbox
from shared.database import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("host_id", sa.String(64), nullable=False),
        sa.Column("meeting_version", sa.Integer, nullable=True),
        sa.Column("meeting_revision", sa.Integer, nullable=True),
        sa.Column("meeting_state", sa.String(20), nullable=True),
        sa.Column("join_url", sa.Text, nullable=True),
        sa.Column("passcode", sa.Text, nullable=True),
        sa.Column("meeting_reason", sa.Text, nullable=True),
    )
    op.create_table(
        "changes",
        sa.Column("booking_id", sa.String(64), sa.ForeignKey("bookings.id", name="changes_booking"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("previous_start", Instant, nullable=True),
        sa.Column("previous_end", Instant, nullable=True),
    )
    _create_deliveries()
    inbox.create_table()
    outbox.create_table()


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("booking_id", sa.String(64), sa.ForeignKey("bookings.id", name="deliveries_booking"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("recipient", sa.String(10), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("wait_until", Instant, nullable=False),
        sa.Column("sent_at", Instant, nullable=True),
        sa.Column("told", sa.String(20), nullable=True),
        sa.Column("told_link", sa.Text, nullable=True),
        *due.columns(),
        sa.UniqueConstraint("booking_id", "version", "kind", "recipient", name="deliveries_once"),
    )
    op.create_index("deliveries_by_due", "deliveries", ["next_attempt_at"])


def downgrade() -> None:
    for table in ("outbox", "inbox", "deliveries", "changes", "bookings"):
        op.drop_table(table)
