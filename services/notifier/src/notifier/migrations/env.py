"""Hands the notifier's tables to Alembic."""

from notifier.storage import METADATA
from shared.migrations import run_env

run_env(METADATA)
