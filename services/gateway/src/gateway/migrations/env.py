"""Hands the gateway's tables to Alembic."""

from gateway.storage import METADATA
from shared.migrations import run_env

run_env(METADATA)
