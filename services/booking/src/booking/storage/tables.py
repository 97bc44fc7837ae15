"""The tables of the booking service; the guard against overlaps is in the migrations, for each database its own."""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
    true,
)
from sqlalchemy.types import Boolean

from shared.database import Instant
from shared.inbox import INBOX
from shared.outbox import OUTBOX

METADATA = MetaData()

HOSTS = Table(
    "hosts",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("email", String(254), nullable=False),
    Column("email_key", String(254), nullable=False, unique=True),
    Column("handle", String(40), nullable=False, unique=True),
    Column("timezone", String(64), nullable=False),
    Column("default_video_provider", String(10), nullable=False),
    Column("welcome_text", Text, nullable=False),
    Column("color", String(7), nullable=False),
    Column("feed_key", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("change_cutoff", Integer, nullable=False, server_default="0"),
    Column("logo", String(40), nullable=True),
    Column("revision", Integer, nullable=False, server_default="0"),
    Index("hosts_to_announce", "id", sqlite_where=text("revision = 0"), postgresql_where=text("revision = 0")),
)
"""A `revision` of 0 says that the other services have not been told of the host yet."""

LOGOS = Table(
    "logos",
    METADATA,
    Column("host_id", ForeignKey("hosts.id", ondelete="CASCADE"), primary_key=True),
    Column("media_type", String(20), nullable=False),
    Column("content", LargeBinary, nullable=False),
)

WEEKLY_RULES = Table(
    "weekly_rules",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("host_id", ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("weekday", Integer, nullable=False),
    Column("start_minute", Integer, nullable=False),
    Column("end_minute", Integer, nullable=False),
)

OVERRIDES = Table(
    "overrides",
    METADATA,
    Column("host_id", ForeignKey("hosts.id", ondelete="CASCADE"), primary_key=True),
    Column("date", Date, primary_key=True),
    Column("intervals", JSON, nullable=False),
)

VACATIONS = Table(
    "vacations",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("host_id", ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
)

SESSION_TYPES = Table(
    "session_types",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("host_id", ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False),
    Column("slug", String(60), nullable=False),
    Column("title", String(120), nullable=False),
    Column("description", Text, nullable=False),
    Column("duration", Integer, nullable=False),
    Column("location", JSON, nullable=False),
    Column("buffer_before", Integer, nullable=False),
    Column("buffer_after", Integer, nullable=False),
    Column("min_notice", Integer, nullable=False),
    Column("horizon", Integer, nullable=False),
    Column("slot_step", Integer, nullable=True),
    Column("max_per_day", Integer, nullable=True),
    Column("capacity", Integer, nullable=False),
    Column("questions", JSON, nullable=False),
    Column("color", String(7), nullable=False),
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("created_at", Instant, nullable=False),
    Column("deleted_at", Instant, nullable=True),
    Column("reminders", JSON, nullable=False, server_default="[1440, 60]"),
    Column("availability", JSON(none_as_null=True), nullable=True),
)
Index(
    "session_types_by_slug",
    SESSION_TYPES.c.host_id,
    SESSION_TYPES.c.slug,
    unique=True,
    sqlite_where=SESSION_TYPES.c.deleted_at.is_(None),
    postgresql_where=SESSION_TYPES.c.deleted_at.is_(None),
)
Index("session_types_in_order", SESSION_TYPES.c.host_id, SESSION_TYPES.c.created_at, SESSION_TYPES.c.id)

OCCUPANCIES = Table(
    "occupancies",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("host_id", ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False),
    Column("session_type_id", ForeignKey("session_types.id"), nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("busy_from", Instant, nullable=False),
    Column("busy_to", Instant, nullable=False),
    Column("seats", Integer, nullable=False),
    Column("taken", Integer, nullable=False),
    CheckConstraint("busy_from < busy_to", name="occupancies_last"),
    CheckConstraint("taken >= 1 AND taken <= seats", name="occupancies_seat_their_guests"),
    Index("occupancies_by_end", "host_id", "busy_to"),
)

BOOKINGS = Table(
    "bookings",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("reference", String(64), nullable=False, unique=True),
    Column("host_id", ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False),
    Column("session_type_id", ForeignKey("session_types.id"), nullable=False),
    Column("occupancy_id", ForeignKey("occupancies.id"), nullable=True, index=True),
    Column("version", Integer, nullable=False),
    Column("status", String(10), nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("booked", JSON, nullable=False),
    Column("client_name", String(120), nullable=False),
    Column("client_email", String(254), nullable=False),
    Column("client_timezone", String(64), nullable=False),
    Column("client_words", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("answers", JSON, nullable=False),
    Column("questions", JSON, nullable=False),
    Column("location", JSON, nullable=False),
    Column("video_provider", String(10), nullable=True),
    Column("video_state", String(12), nullable=False),
    Column("join_url", Text, nullable=True),
    Column("passcode", Text, nullable=True),
    Column("meeting_revision", Integer, nullable=False),
    Column("canceled_by", String(10), nullable=True),
    Column("cancel_reason", Text, nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("group_id", String(32), nullable=True),
    Column("moved_start", Instant, nullable=True),
    Column("moved_end", Instant, nullable=True),
    Column("moved_revision", Integer, nullable=False, server_default="0"),
    Column("removed_because", String(20), nullable=True),
    Index("bookings_in_order", "host_id", "starts_at", "id"),
    Index("bookings_by_type", "session_type_id", "starts_at", "id"),
    Index("bookings_by_video", "host_id", "video_state", "starts_at", "id"),
)

IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    METADATA,
    Column("session_type_id", ForeignKey("session_types.id"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("booking_id", ForeignKey("bookings.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False, index=True),
)
"""A session type belongs to one host, so its id is the whole scope of a key."""

TIMELINE = Table(
    "timeline",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("booking_id", ForeignKey("bookings.id"), nullable=False),
    Column("news", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("type", String(60), nullable=False),
    Column("text", Text, nullable=False),
    Column("detail", JSON(none_as_null=True), nullable=True),
    Index("timeline_once", "booking_id", "news", unique=True),
)
"""`news` names what a line tells of, so that the same news makes one line however often it comes."""

OUTBOX.to_metadata(METADATA)
INBOX.to_metadata(METADATA)

WAITS = (INBOX.c.next_attempt_at,)
"""The moments until which something waits."""
LEASES = (INBOX.c.leased_until,)
"""The moments until which somebody has hold of a row."""
