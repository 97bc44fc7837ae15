"""Hosts and what they offer, bookings and what they occupy, timeline, idempotency keys, inbox and outbox."""

import sqlalchemy as sa
from alembic import op

from shared import inbox, outbox
from shared.database import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# No two occupancies of a host may overlap, whatever the code above them believes. SQLite says it with triggers,
# PostgreSQL with an exclusion constraint.
_SQLITE_GUARD = """
CREATE TRIGGER occupancies_no_overlap_on_{when} BEFORE {event} ON occupancies
BEGIN
  SELECT RAISE(ABORT, 'occupancies_no_overlap') WHERE EXISTS (
    SELECT 1 FROM occupancies
    WHERE host_id = NEW.host_id AND busy_to > NEW.busy_from AND busy_from < NEW.busy_to AND id <> {but_not}
  );
END
"""
_POSTGRES_GUARD = """
ALTER TABLE occupancies ADD CONSTRAINT occupancies_no_overlap
EXCLUDE USING gist (host_id WITH =, tstzrange(busy_from, busy_to) WITH &&)
"""


def upgrade() -> None:
    _create_hosts()
    _create_session_types()
    _create_occupancies()
    _create_bookings()
    inbox.create_table()
    outbox.create_table()


def _create_hosts() -> None:
    op.create_table(
        "hosts",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False, unique=True),
        sa.Column("handle", sa.String(40), nullable=False, unique=True),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("default_video_provider", sa.String(10), nullable=False),
        sa.Column("welcome_text", sa.Text, nullable=False),
        sa.Column("color", sa.String(7), nullable=False),
        sa.Column("feed_key", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", Instant, nullable=False),
    )
    op.create_table(
        "weekly_rules",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("host_id", sa.String(64), sa.ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("weekday", sa.Integer, nullable=False),
        sa.Column("start_minute", sa.Integer, nullable=False),
        sa.Column("end_minute", sa.Integer, nullable=False),
    )
    op.create_index("ix_weekly_rules_host_id", "weekly_rules", ["host_id"])
    op.create_table(
        "overrides",
        sa.Column("host_id", sa.String(64), sa.ForeignKey("hosts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("date", sa.Date, primary_key=True),
        sa.Column("intervals", sa.JSON, nullable=False),
    )


def _create_session_types() -> None:
    op.create_table(
        "session_types",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("host_id", sa.String(64), sa.ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("slug", sa.String(60), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("duration", sa.Integer, nullable=False),
        sa.Column("location", sa.JSON, nullable=False),
        sa.Column("buffer_before", sa.Integer, nullable=False),
        sa.Column("buffer_after", sa.Integer, nullable=False),
        sa.Column("min_notice", sa.Integer, nullable=False),
        sa.Column("horizon", sa.Integer, nullable=False),
        sa.Column("slot_step", sa.Integer, nullable=True),
        sa.Column("max_per_day", sa.Integer, nullable=True),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("questions", sa.JSON, nullable=False),
        sa.Column("color", sa.String(7), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("deleted_at", Instant, nullable=True),
    )
    op.create_index(
        "session_types_by_slug",
        "session_types",
        ["host_id", "slug"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("session_types_in_order", "session_types", ["host_id", "created_at", "id"])


def _create_occupancies() -> None:
    op.create_table(
        "occupancies",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("host_id", sa.String(64), sa.ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("session_type_id", sa.String(32), sa.ForeignKey("session_types.id"), nullable=False),
        sa.Column("starts_at", Instant, nullable=False),
        sa.Column("ends_at", Instant, nullable=False),
        sa.Column("busy_from", Instant, nullable=False),
        sa.Column("busy_to", Instant, nullable=False),
        sa.Column("seats", sa.Integer, nullable=False),
        sa.Column("taken", sa.Integer, nullable=False),
        sa.CheckConstraint("busy_from < busy_to", name="occupancies_last"),
        sa.CheckConstraint("taken >= 1 AND taken <= seats", name="occupancies_seat_their_guests"),
    )
    op.create_index("occupancies_by_end", "occupancies", ["host_id", "busy_to"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        op.execute(_POSTGRES_GUARD)
    else:
        op.execute(_SQLITE_GUARD.format(when="insert", event="INSERT", but_not="NEW.id"))
        op.execute(_SQLITE_GUARD.format(when="update", event="UPDATE", but_not="OLD.id"))


def _create_bookings() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("reference", sa.String(64), nullable=False, unique=True),
        sa.Column("host_id", sa.String(64), sa.ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("session_type_id", sa.String(32), sa.ForeignKey("session_types.id"), nullable=False),
        sa.Column("occupancy_id", sa.String(32), sa.ForeignKey("occupancies.id"), nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("starts_at", Instant, nullable=False),
        sa.Column("ends_at", Instant, nullable=False),
        sa.Column("booked", sa.JSON, nullable=False),
        sa.Column("client_name", sa.String(120), nullable=False),
        sa.Column("client_email", sa.String(254), nullable=False),
        sa.Column("client_timezone", sa.String(64), nullable=False),
        sa.Column("client_words", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("questions", sa.JSON, nullable=False),
        sa.Column("location", sa.JSON, nullable=False),
        sa.Column("video_provider", sa.String(10), nullable=True),
        sa.Column("video_state", sa.String(12), nullable=False),
        sa.Column("join_url", sa.Text, nullable=True),
        sa.Column("passcode", sa.Text, nullable=True),
        sa.Column("meeting_revision", sa.Integer, nullable=False),
        sa.Column("canceled_by", sa.String(10), nullable=True),
        sa.Column("cancel_reason", sa.Text, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
    )
    op.create_index("ix_bookings_occupancy_id", "bookings", ["occupancy_id"])
    op.create_index("bookings_in_order", "bookings", ["host_id", "starts_at", "id"])
    op.create_index("bookings_by_type", "bookings", ["session_type_id", "starts_at"])
    op.create_table(
        "idempotency_keys",
        sa.Column("session_type_id", sa.String(32), sa.ForeignKey("session_types.id"), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("booking_id", sa.String(32), sa.ForeignKey("bookings.id"), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    op.create_table(
        "timeline",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("booking_id", sa.String(32), sa.ForeignKey("bookings.id"), nullable=False),
        sa.Column("news", sa.String(200), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("type", sa.String(60), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("detail", sa.JSON, nullable=True),
    )
    op.create_index("timeline_once", "timeline", ["booking_id", "news"], unique=True)


def downgrade() -> None:
    for table in (
        "outbox",
        "inbox",
        "timeline",
        "idempotency_keys",
        "bookings",
        "occupancies",
        "session_types",
        "overrides",
        "weekly_rules",
        "hosts",
    ):
        op.drop_table(table)
