"""The booking service's Alembic migrations."""
