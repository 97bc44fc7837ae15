"""The dashboard's calendar: a week or a month of bookings, day by day."""

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask.typing import ResponseReturnValue

from gateway.pages import months, times, visitors
from gateway.pages.blueprint import pages
from gateway.parts import parts

MOST = 200


@pages.get("/dashboard/calendar")
def agenda() -> ResponseReturnValue:
    """Show the bookings of a week or a month in the host's zone."""
    account = visitors.require_account()
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
    zone = ZoneInfo(me["timezone"])
    today = parts().clock().astimezone(zone).date()
    monthly = request.args.get("view") == "month"
    day = months.read_date(request.args.get("date")) or today
    first, last = _span(_reachable(day, today), monthly)
    query = {"from": _midnight(first, zone), "to": _midnight(last + timedelta(days=1), zone), "limit": MOST}
    found: dict[str, Any] = parts().booking.ask(
        "GET", "/me/bookings", host=account.id, query=urlencode({**query, "status": "confirmed"})
    )
    days = _days(first, last, found["items"], me["timezone"])
    return render_template(
        "dashboard/calendar.html",
        days=[(day, items) for day, items in days.items() if items or not monthly],
        count=len(found["items"]),
        cut_off=bool(found["next_cursor"]),
        monthly=monthly,
        first=first,
        last=last,
        today=today,
        earlier=first - timedelta(days=1),
        later=last + timedelta(days=1),
        zone=me["timezone"],
    )


def _reachable(day: date, today: date) -> date:
    # Far enough for everything that can be booked, and never past the ends of the calendar itself.
    span = timedelta(days=3660)
    return min(max(day, today - span), today + span)


def _span(day: date, monthly: bool) -> tuple[date, date]:
    if monthly:
        month = months.month_of(day)
        return month.first, month.last
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def _midnight(day: date, zone: ZoneInfo) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=zone).isoformat()


def _days(first: date, last: date, found: list[dict[str, Any]], zone: str) -> dict[date, list[dict[str, Any]]]:
    days: dict[date, list[dict[str, Any]]] = {}
    day = first
    while day <= last:
        days[day] = []
        day += timedelta(days=1)
    for one in sorted(found, key=lambda booking: times.moment(booking["start"])):
        days.setdefault(times.moment(one["start"], zone).date(), []).append(one)
    return days
