"""The dashboard's first page: today, what comes next, and what needs the host's hand."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.pages import desk_times, desk_words, times, visitors
from gateway.pages.blueprint import pages
from gateway.parts import parts
from gateway.upstream import RefusedUpstreamError, UpstreamUnavailableError

SHOWN = 12

Days = list[tuple[date, list[dict[str, Any]]]]


@pages.get("/dashboard")
def overview() -> ResponseReturnValue:
    """Show today's and the next sessions, the public address and the state of Zoom."""
    account = visitors.require_account()
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
    now = parts().clock().astimezone(ZoneInfo(me["timezone"]))
    midnight = desk_times.midnight(now.date(), ZoneInfo(me["timezone"]))
    query = urlencode({"from": midnight, "status": "confirmed", "order": "asc", "limit": SHOWN})
    found: dict[str, Any] = parts().booking.ask("GET", "/me/bookings", host=account.id, query=query)
    days = by_day(found["items"], me["timezone"])
    connection = connection_or_none(account.id)
    return render_template(
        "dashboard/overview.html",
        me=me,
        now=now,
        tomorrow=now.date() + timedelta(days=1),
        today=[one for day, items in days if day == now.date() for one in items],
        coming=[(day, items) for day, items in days if day != now.date()],
        next_id=_next(found["items"], now.isoformat()),
        more=bool(found["next_cursor"]),
        waiting=[one for one in found["items"] if desk_words.needs_a_hand(one)],
        connection=connection,
        steps=parts().first_steps.of(account.id),
        address=f"{parts().settings.public_url}/{me['handle']}",
    )


def connection_or_none(host_id: str) -> dict[str, Any] | None:
    """Ask how Zoom is connected; a connector that doesn't answer must not take the whole page with it."""
    try:
        found: dict[str, Any] = parts().zoom_connector.ask("GET", "/me/connections/zoom", host=host_id)
    except (UpstreamUnavailableError, RefusedUpstreamError):
        return None
    return found


def by_day(found: list[dict[str, Any]], zone: str) -> Days:
    """Sort bookings into the days of a zone, the earliest first."""
    days: dict[date, list[dict[str, Any]]] = {}
    for one in sorted(found, key=lambda booking: times.moment(booking["start"])):
        days.setdefault(times.moment(one["start"], zone).date(), []).append(one)
    return list(days.items())


def _next(found: list[dict[str, Any]], now: str) -> str | None:
    moment = times.moment(now)
    ahead = [one for one in found if times.moment(one["end"]) > moment]
    return min(ahead, key=lambda one: times.moment(one["start"]))["id"] if ahead else None
