"""The tables of this service. The outbox and the inbox are shared's own, beside them in the same database."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text, false

from shared import due
from shared.database import Instant
from shared.inbox import INBOX
from shared.outbox import OUTBOX

METADATA = MetaData()
OUTBOX.to_metadata(METADATA)
INBOX.to_metadata(METADATA)

CONNECTIONS = Table(
    "connections",
    METADATA,
    # The id is the host's. The due columns are for the refresh of a connection that nobody uses.
    Column("id", String(100), primary_key=True),
    Column("status", String(20), nullable=False),
    Column("zoom_user_id", String(200), nullable=True),
    Column("zoom_account_id", String(200), nullable=True),
    Column("account_email", String(320), nullable=True),
    Column("scopes", Text, nullable=False, server_default=""),
    Column("connected_at", Instant, nullable=True),
    Column("reason", Text, nullable=True),
    # Until when this host's calls wait, and what for.
    Column("parked_until", Instant, nullable=True),
    Column("parked_for", String(20), nullable=True),
    # In a row, over all of the host's meetings.
    Column("failures", Integer, nullable=False, server_default="0"),
    # Where the tokens lie if not under the host's id: hosts who connected the same Zoom user share one place.
    Column("token_place", String(100), nullable=True),
    # What Zoom did last, for the host to see.
    Column("last_success_at", Instant, nullable=True),
    Column("last_failure_at", Instant, nullable=True),
    Column("last_failure", Text, nullable=True),
    # Since when the host's account with us is no more: everything is to be erased.
    Column("leaving_at", Instant, nullable=True),
    *due.columns(),
    Index("connections_by_zoom_user", "zoom_user_id"),
    Index("connections_by_leaving", "leaving_at"),
    Index("connections_by_due", "next_attempt_at"),
)

AUTHORIZATIONS = Table(
    "authorizations",
    METADATA,
    # The id is the SHA-256 of the state: who reads the table can't finish somebody's connection.
    Column("id", String(64), primary_key=True),
    Column("host_id", String(100), nullable=False, index=True),
    Column("verifier", String(200), nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("used_at", Instant, nullable=True),
)

TOKEN_LOCKS = Table(
    "token_locks",
    METADATA,
    # One row per host whose tokens somebody is changing just now.
    Column("id", String(100), primary_key=True),
    Column("holder", String(36), nullable=False),
    Column("held_until", Instant, nullable=False),
)

MEETINGS = Table(
    "meetings",
    METADATA,
    # The id is the occupancy's for a group session, whose seats share one meeting, else the booking's. What should be:
    Column("id", String(100), primary_key=True),
    Column("host_id", String(100), nullable=False),
    Column("live", Boolean, nullable=False),
    Column("start_at", Instant, nullable=False),
    Column("end_at", Instant, nullable=False),
    Column("duration", Integer, nullable=False),
    Column("timezone", String(100), nullable=False),
    Column("topic", String(200), nullable=False),
    Column("agenda", Text, nullable=False),
    # What Zoom has, as far as we know. Zoom's ids have 11 digits.
    Column("zoom_id", BigInteger, nullable=True, index=True),
    Column("join_url", Text, nullable=True),
    Column("passcode", Text, nullable=True),
    Column("made_start", Instant, nullable=True),
    Column("made_duration", Integer, nullable=True),
    Column("made_topic", Text, nullable=True),
    Column("made_at", Instant, nullable=True),
    # Ids of meetings that stay in Zoom because we may not delete them, with spaces between.
    Column("left_behind", Text, nullable=False, server_default=""),
    # A create that was begun and whose end is not known.
    Column("intent_at", Instant, nullable=True),
    Column("intent_start", Instant, nullable=True),
    Column("intent_settled_at", Instant, nullable=True),
    # What the host did to it in Zoom: moved, deleted, or deleted and accepted here.
    Column("deviation", String(10), nullable=True),
    Column("moved_start", Instant, nullable=True),
    Column("moved_duration", Integer, nullable=True),
    # Something says that Zoom may have it otherwise, so it is to be asked; `restoring`: what it says is to be undone.
    Column("doubted", Boolean, nullable=False, server_default=false()),
    Column("restoring", Boolean, nullable=False, server_default=false()),
    # A sentence for the host that goes out with the link.
    Column("note", Text, nullable=True),
    # Rises whenever somebody wants the row looked at, so that a worker that has it in hand notices.
    Column("wakes", Integer, nullable=False, server_default="0"),
    *due.columns(),
    Index("meetings_by_due", "next_attempt_at"),
    Index("meetings_by_lease", "leased_until"),
    Index("meetings_by_host", "host_id", "end_at"),
)

SEATS = Table(
    "seats",
    METADATA,
    # The id is the booking's. Which meeting it takes part in, as of which version of the booking:
    Column("id", String(100), primary_key=True),
    Column("meeting_id", String(100), nullable=False, index=True),
    Column("host_id", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("live", Boolean, nullable=False),
    Column("end_at", Instant, nullable=False),
    # What was announced last, and the Zoom meeting that people were told of.
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("said", String(20), nullable=True),
    Column("said_version", Integer, nullable=True),
    Column("said_code", String(40), nullable=True),
    Column("said_at", Instant, nullable=True),
    Column("told_zoom_id", BigInteger, nullable=True),
    Index("seats_by_host", "host_id", "end_at"),
)

HOSTS = Table(
    "hosts",
    METADATA,
    # What outlives a connection. The due columns are for the look whether Zoom still has a host's meetings.
    Column("id", String(100), primary_key=True),
    # When the calls of the last second were made of the host's account, in seconds since 1970 with spaces between.
    Column("recent_calls", Text, nullable=False, server_default=""),
    # When it was last told that links wait, by cause.
    Column("disconnected_told_at", Instant, nullable=True),
    Column("quota_told_at", Instant, nullable=True),
    *due.columns(),
    Index("hosts_by_due", "next_attempt_at"),
)

RECEIPTS = Table(
    "receipts",
    METADATA,
    # The due columns are for the confirmation to Zoom; its document goes when that is over.
    Column("id", String(100), primary_key=True),
    Column("host_id", String(100), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("cause", String(20), nullable=False),
    Column("erased", Text, nullable=False),
    Column("revoked", Boolean, nullable=False),
    Column("compliance", String(20), nullable=False),
    Column("compliance_document", Text, nullable=True),
    *due.columns(),
    Index("receipts_by_due", "next_attempt_at"),
)

WEBHOOKS = Table(
    "webhooks",
    METADATA,
    # The id is the SHA-256 of the body: Zoom gives events no id, and sends them again after 5, 25 and 85 minutes.
    Column("id", String(64), primary_key=True),
    Column("event", String(100), nullable=False),
    Column("received_at", Instant, nullable=False, index=True),
    Column("document", Text, nullable=True),
    *due.columns(),
    Index("webhooks_by_due", "next_attempt_at"),
)

_DUE = (INBOX, CONNECTIONS, MEETINGS, HOSTS, RECEIPTS, WEBHOOKS)
WAITS = (
    *(table.c.next_attempt_at for table in _DUE),
    CONNECTIONS.c.parked_until,
    MEETINGS.c.intent_at,
    MEETINGS.c.intent_settled_at,
)
"""The moments until which, or since which, something waits."""
LEASES = (*(table.c.leased_until for table in _DUE), TOKEN_LOCKS.c.held_until)
"""The moments until which somebody has hold of a row."""
