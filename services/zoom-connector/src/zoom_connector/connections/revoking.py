"""Asks Zoom to end a consent, as often as there is time, and says whether it surely is ended."""

import time
from dataclasses import dataclass, field

from shared import logs
from shared.clock import Clock
from zoom_connector.tokens import Tokens
from zoom_connector.zoom.errors import GrantInvalidError, LimitedError, NotSentError, UnsureError, ZoomError
from zoom_connector.zoom.oauth import OAuth
from zoom_connector.zoom.transport import Budget

log = logs.get(__name__)

WAITS = (0.2, 0.6)
"""Seconds before each further try. There is none once the tokens are erased: nothing is left to ask with."""
NEARLY_OVER_SECONDS = 10


@dataclass
class Revoking:
    """One attempt to end the consent behind these tokens, while they are still there."""

    oauth: OAuth
    clock: Clock
    tokens: Tokens = field(repr=False)
    budget: Budget
    _renewal_lost: bool = False

    def end(self, host_id: str) -> bool:
        """Ask, and ask again when the answer is lost; say whether the consent is ended."""
        for wait in (*WAITS, None):
            try:
                return self._ended()
            except (NotSentError, UnsureError, LimitedError) as error:
                log.warning("zoom_revoke_failed", host_id=host_id, error=type(error).__name__)
            except ZoomError as error:
                log.warning("zoom_revoke_refused", host_id=host_id, error=type(error).__name__)
                return False
            if wait is None or self.budget.spent():
                break
            time.sleep(wait)
        return False

    def _ended(self) -> bool:
        """Try once. A token that Zoom does not know is no proof: it may only be over."""
        if (self.tokens.expires_at - self.clock()).total_seconds() > NEARLY_OVER_SECONDS:
            try:
                self.oauth.revoke(self.tokens.access_token, budget=self.budget)
            except GrantInvalidError:
                pass
            else:
                return True
        return self._ended_with_a_last_token()

    def _ended_with_a_last_token(self) -> bool:
        try:
            grant = self.oauth.refresh(self.tokens.refresh_token, budget=self.budget)
        except GrantInvalidError:
            # Ended already, unless a renewal of ours succeeded and its answer never came.
            return not self._renewal_lost
        except UnsureError:
            self._renewal_lost = True
            raise
        self._renewal_lost = False
        self.tokens = Tokens(grant.access_token, grant.refresh_token, grant.expires_at, refreshed_at=self.clock())
        self.oauth.revoke(grant.access_token, budget=self.budget)
        return True
