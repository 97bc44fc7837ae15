"""Hands the booking service's tables to Alembic."""

from booking.storage import METADATA
from shared.migrations import run_env

run_env(METADATA)
