"""The first steps of a new host, which tick themselves once they were taken: here, and not asked of every service."""

from sqlalchemy.exc import IntegrityError

from gateway.storage import first_steps
from shared.clock import Clock
from shared.database import Database

HOURS = "hours"
SESSION_TYPE = "session_type"


class FirstSteps:
    """Remembers what a host has looked at and saved."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def of(self, account_id: str) -> frozenset[str]:
        """Name the steps that an account has taken."""
        with self._database.read() as tx:
            return first_steps.of_account(tx, account_id)

    def taken(self, account_id: str, step: str) -> None:
        """Tick a step."""
        if step in self.of(account_id):
            return
        try:
            with self._database.write(wake=False) as tx:
                first_steps.add(tx, account_id, step, now=self._clock())
        except IntegrityError:
            # A second tab ticked it at the same moment.
            return
