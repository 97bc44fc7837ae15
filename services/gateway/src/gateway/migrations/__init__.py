"""The gateway's Alembic migrations."""
