"""Spans of time in words."""


def span(minutes: int) -> str:
    """Spell a number of minutes in days, hours and minutes."""
    hours, rest = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "day"), (hours, "hour"), (rest, "minute")]
    return " ".join(f"{count} {unit}{'s' * (count != 1)}" for count, unit in parts if count) or "no time"
