"""Vacations, logos, a session type's own hours and reminders, what became of a meeting in Zoom, more lists."""

import sqlalchemy as sa
from alembic import op

from shared.database import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_COLUMNS = {
    "hosts": ("change_cutoff", "logo", "revision"),
    "session_types": ("reminders", "availability"),
    "bookings": ("group_id", "moved_start", "moved_end", "moved_revision", "removed_because"),
}


def upgrade() -> None:
    op.add_column("hosts", sa.Column("change_cutoff", sa.Integer, nullable=False, server_default="0"))
    op.add_column("hosts", sa.Column("logo", sa.String(40), nullable=True))
    op.add_column("hosts", sa.Column("revision", sa.Integer, nullable=False, server_default="0"))
    op.add_column("session_types", sa.Column("reminders", sa.JSON, nullable=False, server_default="[1440, 60]"))
    op.add_column("session_types", sa.Column("availability", sa.JSON, nullable=True))
    op.add_column("bookings", sa.Column("group_id", sa.String(32), nullable=True))
    op.add_column("bookings", sa.Column("moved_start", Instant, nullable=True))
    op.add_column("bookings", sa.Column("moved_end", Instant, nullable=True))
    op.add_column("bookings", sa.Column("moved_revision", sa.Integer, nullable=False, server_default="0"))
    op.add_column("bookings", sa.Column("removed_because", sa.String(20), nullable=True))
    _create_vacations_and_logos()
    _create_indexes()
    op.execute(
        "UPDATE bookings SET removed_because = CASE status WHEN 'canceled' THEN 'canceled' ELSE 'deleted_in_zoom' END"
        " WHERE video_state = 'removed'"
    )


def _create_vacations_and_logos() -> None:
    op.create_table(
        "vacations",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("host_id", sa.String(64), sa.ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
    )
    op.create_index("ix_vacations_host_id", "vacations", ["host_id"])
    op.create_table(
        "logos",
        sa.Column("host_id", sa.String(64), sa.ForeignKey("hosts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("media_type", sa.String(20), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )


def _create_indexes() -> None:
    not_told = sa.text("revision = 0")
    op.create_index("hosts_to_announce", "hosts", ["id"], sqlite_where=not_told, postgresql_where=not_told)
    op.create_index("ix_idempotency_keys_booking_id", "idempotency_keys", ["booking_id"])
    op.drop_index("bookings_by_type", "bookings")
    op.create_index("bookings_by_type", "bookings", ["session_type_id", "starts_at", "id"])
    op.create_index("bookings_by_video", "bookings", ["host_id", "video_state", "starts_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_idempotency_keys_booking_id", "idempotency_keys")
    op.drop_index("bookings_by_video", "bookings")
    op.drop_index("bookings_by_type", "bookings")
    op.create_index("bookings_by_type", "bookings", ["session_type_id", "starts_at"])
    op.drop_index("hosts_to_announce", "hosts")
    op.drop_table("logos")
    op.drop_table("vacations")
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.drop_column(table, column)
