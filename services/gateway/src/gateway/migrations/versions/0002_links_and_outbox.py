"""Links in mails, what a host may know of a sign-in, and the events that ask for mails."""

import sqlalchemy as sa
from alembic import op

from shared import outbox
from shared.database import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sign_ins", sa.Column("id", sa.String(36), nullable=True))
    op.add_column("sign_ins", sa.Column("browser", sa.String(80), nullable=True))
    op.add_column("sign_ins", sa.Column("last_seen_at", Instant, nullable=True))
    # Who is signed in stays signed in. What the hash begins with names the row and opens nothing.
    op.execute(
        "UPDATE sign_ins SET id = substr(token_hash, 1, 36), browser = 'Unknown browser', last_seen_at = created_at"
    )
    with op.batch_alter_table("sign_ins") as sign_ins:
        sign_ins.alter_column("id", existing_type=sa.String(36), nullable=False)
        sign_ins.alter_column("browser", existing_type=sa.String(80), nullable=False)
        sign_ins.alter_column("last_seen_at", existing_type=Instant, nullable=False)
    op.create_table(
        "links",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("account_id", sa.String(36), sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("email", sa.String(320), nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("confirmed_at", Instant, nullable=True),
    )
    op.create_index("ix_links_account_id", "links", ["account_id"])
    op.create_index("ix_links_expires_at", "links", ["expires_at"])
    op.create_table(
        "reset_wishes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("email_key", sa.String(320), nullable=False),
        sa.Column("at", Instant, nullable=False),
    )
    outbox.create_table()


def downgrade() -> None:
    op.drop_table("outbox")
    op.drop_table("reset_wishes")
    op.drop_table("links")
    with op.batch_alter_table("sign_ins") as sign_ins:
        sign_ins.drop_column("last_seen_at")
        sign_ins.drop_column("browser")
        sign_ins.drop_column("id")
