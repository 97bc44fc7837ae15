"""Hands the connector's tables to Alembic."""

from shared.migrations import run_env
from zoom_connector.storage.tables import METADATA

run_env(METADATA)
