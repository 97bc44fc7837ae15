"""The gateway's tables: accounts, sign-ins, API keys, links in mails, first steps, and what counts wrong passwords."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

from shared.database import Instant
from shared.outbox import OUTBOX

METADATA = MetaData()


def _number() -> Column[int]:
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def _account_id(*, index: bool = True) -> Column[str]:
    return Column("account_id", String(36), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=index)


ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("email", String(320), nullable=False),
    Column("email_key", String(320), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("status", String(10), nullable=False),
    Column("claim", String(36), nullable=True),
    Column("claimed_until", Instant, nullable=True),
    Column("created_at", Instant, nullable=False),
)

SIGN_INS = Table(
    "sign_ins",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("id", String(36), nullable=False),
    _account_id(),
    Column("browser", String(80), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", String(36), primary_key=True),
    _account_id(index=False),
    Column("label", String(120), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant, nullable=True),
    Index("ix_api_keys_account_id_created_at", "account_id", "created_at", "id"),
)

LINKS = Table(
    "links",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    _account_id(),
    Column("purpose", String(20), nullable=False),
    Column("email", String(320), nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("confirmed_at", Instant, nullable=True),
)

RESET_WISHES = Table(
    "reset_wishes",
    METADATA,
    _number(),
    Column("email_key", String(320), nullable=False),
    Column("at", Instant, nullable=False),
)

FIRST_STEPS = Table(
    "first_steps",
    METADATA,
    Column("account_id", String(36), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("step", String(20), primary_key=True),
    Column("at", Instant, nullable=False),
)

WRONG_PASSWORDS = Table(
    "wrong_passwords",
    METADATA,
    _number(),
    Column("email_hash", String(64), nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Index("ix_wrong_passwords_email_hash_at", "email_hash", "at"),
)

OUTBOX.to_metadata(METADATA)
