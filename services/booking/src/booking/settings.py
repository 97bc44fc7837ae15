"""What the booking service is told by its environment."""

from shared.settings import Common


class Settings(Common):
    """Nothing beyond what every service is told."""
