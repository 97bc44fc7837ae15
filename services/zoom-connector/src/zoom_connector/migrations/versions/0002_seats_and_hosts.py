"""Let several bookings share one meeting, and keep what the host does to it in Zoom.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from shared import due
from shared.database import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SAID = ("version", "revision", "said", "said_version", "said_code", "said_at")
"""What moves from the meeting to the seat."""
WANTED = ("host_id", "start_at", "end_at", "duration", "timezone", "topic", "agenda")
MADE = ("zoom_id", "join_url", "passcode", "made_start", "made_duration", "made_topic")


def upgrade() -> None:
    _create_seats()
    _create_hosts()
    op.execute(
        "INSERT INTO seats (id, meeting_id, host_id, version, live, end_at, revision, said, said_version, said_code,"
        " said_at, told_zoom_id)"
        " SELECT id, id, host_id, version, live, end_at, revision, said, said_version, said_code, said_at,"
        " CASE WHEN said = 'ready' THEN zoom_id END FROM meetings"
    )
    op.execute("INSERT INTO hosts (id, next_attempt_at) SELECT DISTINCT host_id, CURRENT_TIMESTAMP FROM meetings")
    with op.batch_alter_table("meetings") as table:
        for name in SAID:
            table.drop_column(name)
        table.add_column(sa.Column("made_at", Instant, nullable=True))
        table.add_column(sa.Column("left_behind", sa.Text, nullable=False, server_default=""))
        table.add_column(sa.Column("deviation", sa.String(10), nullable=True))
        table.add_column(sa.Column("moved_start", Instant, nullable=True))
        table.add_column(sa.Column("moved_duration", sa.Integer, nullable=True))
        table.add_column(sa.Column("doubted", sa.Boolean, nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("restoring", sa.Boolean, nullable=False, server_default=sa.false()))


def _create_seats() -> None:
    op.create_table(
        "seats",
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("meeting_id", sa.String(100), nullable=False),
        sa.Column("host_id", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("end_at", Instant, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
        sa.Column("said", sa.String(20), nullable=True),
        sa.Column("said_version", sa.Integer, nullable=True),
        sa.Column("said_code", sa.String(40), nullable=True),
        sa.Column("said_at", Instant, nullable=True),
        sa.Column("told_zoom_id", sa.BigInteger, nullable=True),
    )
    op.create_index("ix_seats_meeting_id", "seats", ["meeting_id"])
    op.create_index("seats_by_host", "seats", ["host_id", "end_at"])


def _create_hosts() -> None:
    op.create_table(
        "hosts",
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("free_at", Instant, nullable=True),
        sa.Column("disconnected_told_at", Instant, nullable=True),
        sa.Column("quota_told_at", Instant, nullable=True),
        *due.columns(),
    )
    op.create_index("hosts_by_due", "hosts", ["next_attempt_at"])


def downgrade() -> None:
    with op.batch_alter_table("meetings") as table:
        for name in ("made_at", "left_behind", "deviation", "moved_start", "moved_duration", "doubted", "restoring"):
            table.drop_column(name)
        table.add_column(sa.Column("version", sa.Integer, nullable=False, server_default="0"))
        table.add_column(sa.Column("revision", sa.Integer, nullable=False, server_default="0"))
        table.add_column(sa.Column("said", sa.String(20), nullable=True))
        table.add_column(sa.Column("said_version", sa.Integer, nullable=True))
        table.add_column(sa.Column("said_code", sa.String(40), nullable=True))
        table.add_column(sa.Column("said_at", Instant, nullable=True))
    _give_each_seat_a_row()
    op.execute("DELETE FROM meetings WHERE id NOT IN (SELECT id FROM seats)")
    with op.batch_alter_table("meetings") as table:
        table.alter_column("version", server_default=None)
    op.drop_table("hosts")
    op.drop_table("seats")


def _give_each_seat_a_row() -> None:
    """Of a shared meeting the first live seat keeps what Zoom has; the others' are made anew, as each had its own."""
    for name in SAID:
        op.execute(
            f"UPDATE meetings SET {name} = (SELECT {name} FROM seats WHERE seats.id = meetings.id)"  # noqa: S608 - names from above
            " WHERE id IN (SELECT id FROM seats)"
        )
    lowest = "SELECT min(s.id) FROM seats s WHERE s.meeting_id = m.id"
    first = f"coalesce(({lowest} AND s.live), ({lowest}))"
    made = ", ".join(f"CASE WHEN seats.id = {first} THEN m.{name} END" for name in MADE)
    wanted, said = (", ".join(f"{table}.{name}" for name in names) for table, names in (("m", WANTED), ("seats", SAID)))
    op.execute(
        f"INSERT INTO meetings (id, live, {', '.join(WANTED)}, {', '.join(MADE)}, {', '.join(SAID)},"  # noqa: S608 - names from above
        " wakes, attempts, next_attempt_at)"
        f" SELECT seats.id, seats.live, {wanted}, {made}, {said}, 0, 0, m.start_at"
        " FROM seats JOIN meetings m ON m.id = seats.meeting_id WHERE seats.meeting_id <> seats.id"
    )
