"""Keep connections, meetings, deletion receipts and webhooks.

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
    _create_connections()
    _create_meetings()
    _create_removals()
    inbox.create_table()
    outbox.create_table()


def _create_connections() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("zoom_user_id", sa.String(200), nullable=True),
        sa.Column("zoom_account_id", sa.String(200), nullable=True),
        sa.Column("account_email", sa.String(320), nullable=True),
        sa.Column("scopes", sa.Text, nullable=False, server_default=""),
        sa.Column("connected_at", Instant, nullable=True),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("parked_until", Instant, nullable=True),
        sa.Column("parked_for", sa.String(20), nullable=True),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        *due.columns(),
    )
    op.create_index("connections_by_zoom_user", "connections", ["zoom_user_id"])
    op.create_index("connections_by_due", "connections", ["next_attempt_at"])
    op.create_table(
        "authorizations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("host_id", sa.String(100), nullable=False),
        sa.Column("verifier", sa.String(200), nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("used_at", Instant, nullable=True),
    )
    op.create_index("ix_authorizations_host_id", "authorizations", ["host_id"])
    op.create_index("ix_authorizations_expires_at", "authorizations", ["expires_at"])
    op.create_table(
        "token_locks",
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("holder", sa.String(36), nullable=False),
        sa.Column("held_until", Instant, nullable=False),
    )


def _create_meetings() -> None:
    op.create_table(
        "meetings",
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("host_id", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("start_at", Instant, nullable=False),
        sa.Column("end_at", Instant, nullable=False),
        sa.Column("duration", sa.Integer, nullable=False),
        sa.Column("timezone", sa.String(100), nullable=False),
        sa.Column("topic", sa.String(200), nullable=False),
        sa.Column("agenda", sa.Text, nullable=False),
        sa.Column("zoom_id", sa.BigInteger, nullable=True),
        sa.Column("join_url", sa.Text, nullable=True),
        sa.Column("passcode", sa.Text, nullable=True),
        sa.Column("made_start", Instant, nullable=True),
        sa.Column("made_duration", sa.Integer, nullable=True),
        sa.Column("made_topic", sa.Text, nullable=True),
        sa.Column("intent_at", Instant, nullable=True),
        sa.Column("intent_start", Instant, nullable=True),
        sa.Column("intent_settled_at", Instant, nullable=True),
        sa.Column("note", sa.Text, nullable=True),
        sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
        sa.Column("said", sa.String(20), nullable=True),
        sa.Column("said_version", sa.Integer, nullable=True),
        sa.Column("said_code", sa.String(40), nullable=True),
        sa.Column("said_at", Instant, nullable=True),
        sa.Column("wakes", sa.Integer, nullable=False, server_default="0"),
        *due.columns(),
    )
    op.create_index("ix_meetings_zoom_id", "meetings", ["zoom_id"])
    op.create_index("meetings_by_due", "meetings", ["next_attempt_at"])
    op.create_index("meetings_by_lease", "meetings", ["leased_until"])
    op.create_index("meetings_by_host", "meetings", ["host_id", "end_at"])


def _create_removals() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("host_id", sa.String(100), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.Column("erased", sa.Text, nullable=False),
        sa.Column("revoked", sa.Boolean, nullable=False),
        sa.Column("compliance", sa.String(20), nullable=False),
        sa.Column("compliance_document", sa.Text, nullable=True),
        *due.columns(),
    )
    op.create_index("ix_receipts_host_id", "receipts", ["host_id"])
    op.create_index("receipts_by_due", "receipts", ["next_attempt_at"])
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("event", sa.String(100), nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("document", sa.Text, nullable=True),
        *due.columns(),
    )
    op.create_index("ix_webhooks_received_at", "webhooks", ["received_at"])
    op.create_index("webhooks_by_due", "webhooks", ["next_attempt_at"])


def downgrade() -> None:
    for table in (
        "outbox",
        "inbox",
        "webhooks",
        "receipts",
        "meetings",
        "token_locks",
        "authorizations",
        "connections",
    ):
        op.drop_table(table)
