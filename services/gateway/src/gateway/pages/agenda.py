"""The dashboard's calendar: a week or a month of bookings, day by day."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask.typing import ResponseReturnValue

from gateway.pages import agenda_layout, desk_times, months, visitors
from gateway.pages.blueprint import pages
from gateway.parts import parts

MOST = 200


@pages.get("/dashboard/calendar")
def agenda() -> ResponseReturnValue:
    """Show the bookings of a week or a month in the host's zone."""
    account = visitors.require_account()
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
    zone = ZoneInfo(me["timezone"])
    now = parts().clock().astimezone(zone)
    monthly = request.args.get("view") == "month"
    day = _reachable(months.read_date(request.args.get("date")) or now.date(), now.date())
    first, last = _span(day, monthly)
    query = {
        "from": desk_times.midnight(first, zone),
        "to": desk_times.midnight(last + timedelta(days=1), zone),
        "status": "confirmed",
        "order": "asc",
        "limit": MOST,
    }
    found: dict[str, Any] = parts().booking.ask("GET", "/me/bookings", host=account.id, query=urlencode(query))
    layout = agenda_layout.lay_out(first, last, found["items"], me["timezone"])
    return render_template(
        "dashboard/calendar.html",
        layout=layout,
        count=len(found["items"]),
        cut_off=bool(found["next_cursor"]),
        monthly=monthly,
        day=day,
        first=first,
        last=last,
        month=months.month_of(day),
        today=now.date(),
        now_at=layout.height_of(now) if first <= now.date() <= last else None,
        earlier=_turned(day, monthly, -1),
        later=_turned(day, monthly, 1),
        zone=me["timezone"],
    )


def _reachable(day: date, today: date) -> date:
    # Far enough for everything that can be booked, and never past the ends of the calendar itself.
    span = timedelta(days=3660)
    return min(max(day, today - span), today + span)


def _span(day: date, monthly: bool) -> tuple[date, date]:
    if monthly:
        # Whole weeks, as a calendar on the wall shows them.
        month = months.month_of(day)
        return month.first - timedelta(days=month.first.weekday()), month.last + timedelta(
            days=6 - month.last.weekday()
        )
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def _turned(day: date, monthly: bool, by: int) -> date:
    return months.month_of(day).moved(by).first if monthly else day + timedelta(days=7 * by)
