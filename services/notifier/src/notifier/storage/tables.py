"""The notifier's tables."""

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

from shared import due
from shared.database import Instant
from shared.inbox import INBOX
from shared.outbox import OUTBOX

METADATA = MetaData()

HOSTS = Table(
    "hosts",
    METADATA,
    Column("id", String(64), primary_key=True),
    # All null as long as nobody has said who this is, and again once the account is removed.
    Column("name", Text, nullable=True),
    Column("email", Text, nullable=True),
    Column("handle", Text, nullable=True),
    Column("timezone", String(64), nullable=True),
    # 0: known from a booking only, which may be older than what the host is called now.
    Column("revision", Integer, nullable=False, server_default="0"),
    # The last that was heard of the connection, so that each trouble is told once.
    Column("zoom", String(20), nullable=True),
    Column("removed_at", Instant, nullable=True),
)

BOOKINGS = Table(
    "bookings",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("host_id", String(64), nullable=False),
    # What the seats of one group session have in common.
    Column("occupancy_id", String(64), nullable=True),
    # The newest that the connector said about the booking's meeting; null before it spoke.
    Column("meeting_version", Integer, nullable=True),
    Column("meeting_revision", Integer, nullable=True),
    Column("meeting_since", Integer, nullable=True),
    Column("meeting_state", String(20), nullable=True),
    Column("meeting_cause", String(30), nullable=True),
    Column("join_url", Text, nullable=True),
    Column("passcode", Text, nullable=True),
    Column("meeting_reason", Text, nullable=True),
    Column("moved_start", Instant, nullable=True),
    Column("moved_end", Instant, nullable=True),
    Index("bookings_by_host", "host_id"),
    Index("bookings_by_occupancy", "occupancy_id"),
)

CHANGES = Table(
    "changes",
    METADATA,
    Column("booking_id", String(64), ForeignKey("bookings.id", name="changes_booking"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("what", String(20), nullable=False),
    Column("facts", Text, nullable=False),
    Column("previous_start", Instant, nullable=True),
    Column("previous_end", Instant, nullable=True),
    Column("moved_by", String(10), nullable=True),
)

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("booking_id", String(64), ForeignKey("bookings.id", name="deliveries_booking"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("recipient", String(10), nullable=False),
    # Which of several of its kind and version: the news' revision, a reminder's minutes.
    Column("turn", Integer, nullable=False, server_default="0"),
    Column("address", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("wait_until", Instant, nullable=False),
    Column("sent_at", Instant, nullable=True),
    Column("told", String(20), nullable=True),
    Column("told_link", Text, nullable=True),
    *due.columns(),
    UniqueConstraint("booking_id", "version", "kind", "recipient", "turn", name="deliveries_once"),
    Index("deliveries_by_due", "next_attempt_at"),
)

REMINDERS = Table(
    "reminders",
    METADATA,
    Column("booking_id", String(64), ForeignKey("bookings.id", name="reminders_booking"), primary_key=True),
    Column("minutes", Integer, primary_key=True),
    # When these rows become mails. Those of an older version are replaced with the version.
    Column("due_at", Instant, nullable=False),
    Index("reminders_by_due", "due_at"),
)

NOTICES = Table(
    "notices",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("host_id", String(64), nullable=False),
    Column("kind", String(40), nullable=False),
    # Only for mails about an account: they may go to an address that is not the host's yet.
    Column("address", Text, nullable=True),
    Column("name", Text, nullable=True),
    Column("data", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=True),
    *due.columns(),
    Index("notices_by_due", "next_attempt_at"),
    Index("notices_by_host", "host_id"),
)

INBOX.to_metadata(METADATA)
OUTBOX.to_metadata(METADATA)

_DUE = (INBOX, DELIVERIES, NOTICES)
WAITS = (*(table.c.next_attempt_at for table in _DUE), DELIVERIES.c.created_at, DELIVERIES.c.wait_until)
"""The moments until which, or since which, something waits. A reminder's is the wall clock's own, and stays."""
LEASES = tuple(table.c.leased_until for table in _DUE)
"""The moments until which somebody has hold of a row."""
