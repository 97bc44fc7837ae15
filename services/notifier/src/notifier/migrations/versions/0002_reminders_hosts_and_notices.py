"""Keep reminders, hosts and the mails about no booking; let a version have several mails about its link.

Revision ID: 0002
Revises: 0001
"""

import json

import sqlalchemy as sa
from alembic import op

from shared import due
from shared.database import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ADDED = (
    ("occupancy_id", sa.String(64)),
    ("meeting_since", sa.Integer),
    ("meeting_cause", sa.String(30)),
    ("moved_start", Instant),
    ("moved_end", Instant),
)
ONCE = ["booking_id", "version", "kind", "recipient"]


def upgrade() -> None:
    for name, kind in ADDED:
        op.add_column("bookings", sa.Column(name, kind, nullable=True))
    op.create_index("bookings_by_host", "bookings", ["host_id"])
    op.create_index("bookings_by_occupancy", "bookings", ["occupancy_id"])
    op.add_column("changes", sa.Column("moved_by", sa.String(10), nullable=True))
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.add_column(sa.Column("turn", sa.Integer, nullable=False, server_default="0"))
        deliveries.drop_constraint("deliveries_once", type_="unique")
        deliveries.create_unique_constraint("deliveries_once", [*ONCE, "turn"])
    op.execute("UPDATE deliveries SET kind = 'host_link_failed' WHERE kind = 'host_meeting_failed'")
    _create_hosts()
    _meet_hosts()
    _create_reminders()
    _create_notices()


def _create_hosts() -> None:
    op.create_table(
        "hosts",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text, nullable=True),
        sa.Column("email", sa.Text, nullable=True),
        sa.Column("handle", sa.Text, nullable=True),
        sa.Column("timezone", sa.String(64), nullable=True),
        sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
        sa.Column("zoom", sa.String(20), nullable=True),
        sa.Column("removed_at", Instant, nullable=True),
    )


def _meet_hosts() -> None:
    """Take over from the bookings who their hosts are: nobody announces again what has not changed."""
    tx = op.get_bind()
    one = sa.text(
        "SELECT facts FROM changes JOIN bookings ON bookings.id = changes.booking_id"
        " WHERE bookings.host_id = :host_id ORDER BY changes.version DESC LIMIT 1"
    )
    known = sa.text(
        "INSERT INTO hosts (id, name, email, handle, timezone) VALUES (:id, :name, :email, :handle, :timezone)"
    )
    for host_id in tx.execute(sa.text("SELECT DISTINCT host_id FROM bookings")).scalars().all():
        facts = tx.execute(one, {"host_id": host_id}).scalar_one_or_none()
        if facts is not None:
            host = json.loads(facts)["host"]
            tx.execute(known, {key: host[key] for key in ("id", "name", "email", "handle", "timezone")})


def _create_reminders() -> None:
    op.create_table(
        "reminders",
        sa.Column(
            "booking_id", sa.String(64), sa.ForeignKey("bookings.id", name="reminders_booking"), primary_key=True
        ),
        sa.Column("minutes", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("due_at", Instant, nullable=False),
    )
    op.create_index("reminders_by_due", "reminders", ["due_at"])


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("host_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("address", sa.Text, nullable=True),
        sa.Column("name", sa.Text, nullable=True),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=True),
        *due.columns(),
    )
    op.create_index("notices_by_due", "notices", ["next_attempt_at"])
    op.create_index("notices_by_host", "notices", ["host_id"])


def downgrade() -> None:
    for table in ("notices", "reminders", "hosts"):
        op.drop_table(table)
    # The older code can neither write nor tell apart what came since. What was sent of it stays sent.
    op.execute(
        "DELETE FROM deliveries WHERE kind IN ('client_reminder', 'host_reminder', 'client_link_changed',"
        " 'host_link_changed', 'client_link_removed', 'host_moved_in_zoom', 'host_deleted_in_zoom')"
    )
    op.execute(
        "DELETE FROM deliveries WHERE EXISTS (SELECT 1 FROM deliveries AS older WHERE older.turn < deliveries.turn"
        " AND older.booking_id = deliveries.booking_id AND older.version = deliveries.version"
        " AND older.kind = deliveries.kind AND older.recipient = deliveries.recipient)"
    )
    op.execute("UPDATE deliveries SET kind = 'host_meeting_failed' WHERE kind = 'host_link_failed'")
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.drop_constraint("deliveries_once", type_="unique")
        deliveries.create_unique_constraint("deliveries_once", ONCE)
        deliveries.drop_column("turn")
    op.drop_column("changes", "moved_by")
    op.drop_index("bookings_by_occupancy", "bookings")
    op.drop_index("bookings_by_host", "bookings")
    for name, _kind in ADDED:
        op.drop_column("bookings", name)
