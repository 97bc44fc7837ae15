"""Working hours as a form has them, and as the API wants them. Pure."""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from gateway.pages import months
from gateway.pages.forms import Errors

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MIDNIGHT = ("00:00", "24:00")
"""A field for times can't say 24:00; an end at 00:00 means the same."""

WORKDAYS = WEEKDAYS[:5]

Row = tuple[str, str]
"""A start and an end as typed, either may be empty."""


@dataclass(frozen=True)
class SpecialDate:
    """A date with hours of its own; without any it is a day off."""

    date: str
    rows: list[Row] = field(default_factory=list)

    @property
    def day(self) -> dt.date | None:
        """The date, if it can be read."""
        return months.read_date(self.date)


@dataclass(frozen=True)
class Hours:
    """What the form holds."""

    zone: str
    week: dict[str, list[Row]]
    dates: list[SpecialDate] = field(default_factory=list)
    new: SpecialDate = field(default_factory=lambda: SpecialDate("", [("", "")]))
    vacations: list[Row] = field(default_factory=list)
    """First and last day of each, as typed."""
    new_vacation: Row = ("", "")


def from_api(found: dict[str, Any]) -> Hours:
    """Show what is stored."""
    week: dict[str, list[Row]] = {day: [] for day in WEEKDAYS}
    for one in found["weekly"]:
        week[one["weekday"]].append(_shown(one))
    dates = [
        SpecialDate(one["date"], [_shown(interval) for interval in one["intervals"]]) for one in found["overrides"]
    ]
    vacations = [(one["first"], one["last"]) for one in found.get("vacations", ())]
    return Hours(found.get("timezone", ""), week, dates, vacations=vacations)


def from_request(form: "MultiDict[str, str]") -> Hours:
    """Read what came in, as it came in."""
    return Hours(
        zone=form.get("timezone", ""),
        week={day: _rows(form, day) for day in WEEKDAYS},
        dates=[SpecialDate(day, _rows(form, f"date{number}")) for number, day in enumerate(form.getlist("date"))],
        new=SpecialDate(form.get("new-date", ""), _rows(form, "new")),
        vacations=list(zip(form.getlist("vacation-first"), form.getlist("vacation-last"), strict=False)),
        new_vacation=(form.get("new-vacation-first", ""), form.get("new-vacation-last", "")),
    )


def changed(hours: Hours, action: str) -> Hours:
    """Do what a button of the form asks for: a row or a date more or less. Anything else changes nothing."""
    verb, _, what = action.partition(":")
    name, _, number = what.partition(":")
    if verb in ("add-date", "add-vacation"):
        return with_what_is_new(hours)
    if verb == "remove-vacation" and name.isdecimal():
        return replace(hours, vacations=[one for n, one in enumerate(hours.vacations) if n != int(name)])
    if verb == "copy" and name in hours.week:
        return replace(hours, week={**hours.week, **{day: list(hours.week[name]) for day in WORKDAYS}})
    if verb == "remove-date" and name.isdecimal():
        return replace(hours, dates=[one for n, one in enumerate(hours.dates) if n != int(name)])
    if name in hours.week:
        rows = _row_changed(hours.week[name], verb, number)
        return replace(hours, week={**hours.week, name: rows})
    dates = [
        replace(one, rows=_row_changed(one.rows, verb, number)) if name == f"date{n}" else one
        for n, one in enumerate(hours.dates)
    ]
    return replace(hours, dates=dates)


def with_what_is_new(hours: Hours) -> Hours:
    """Move a date or a vacation that was typed into the last row up to the others."""
    blank = Hours("", {})
    if hours.new.date:
        others = [one for one in hours.dates if one.date != hours.new.date]
        moved = replace(hours.new, rows=_filled(hours.new.rows))
        dates = sorted([*others, moved], key=lambda one: one.date)
        hours = replace(hours, dates=dates, new=blank.new)
    first, last = hours.new_vacation
    if first or last:
        vacations = sorted([*hours.vacations, (first or last, last or first)])
        hours = replace(hours, vacations=vacations, new_vacation=blank.new_vacation)
    return hours


def body(hours: Hours) -> tuple[dict[str, Any], Errors]:
    """Say it as the API expects it, with what can't be said that way."""
    errors = Errors()
    weekly = [
        {"weekday": day, **_interval(row)} for day, rows in hours.week.items() for row in _checked(rows, day, errors)
    ]
    overrides = []
    for number, one in enumerate(hours.dates):
        if one.day is None:
            errors.add(f"date{number}", "Write a date")
        intervals = [_interval(row) for row in _checked(one.rows, f"date{number}", errors)]
        overrides.append({"date": one.date, "intervals": intervals})
    vacations = [_vacation(row, f"vacation{number}", errors) for number, row in enumerate(hours.vacations) if any(row)]
    return {"timezone": hours.zone, "weekly": weekly, "overrides": overrides, "vacations": vacations}, errors


def field_name(name: str, sent: dict[str, Any]) -> str:
    """Give the part of the form that one of the API's fields stands in."""
    group, _, rest = name.partition(".")
    number = rest.partition(".")[0]
    if group == "weekly" and number.isdecimal() and int(number) < len(sent["weekly"]):
        return str(sent["weekly"][int(number)]["weekday"])
    rows = {"overrides": "date", "vacations": "vacation"}
    return f"{rows[group]}{number}" if group in rows and number.isdecimal() else group


def labels(hours: Hours) -> dict[str, str]:
    """Name the parts of the form, for whoever reads a list of what is wrong."""
    names = {"timezone": "Time zone", "new": "Special date", "overrides": "Special dates", "vacations": "Vacations"}
    return {
        **names,
        **{day: day.capitalize() for day in WEEKDAYS},
        **{f"date{number}": one.date or "Special date" for number, one in enumerate(hours.dates)},
        **{f"vacation{number}": f"Vacation {number + 1}" for number in range(len(hours.vacations))},
    }


def _rows(form: "MultiDict[str, str]", name: str) -> list[Row]:
    return list(zip(form.getlist(f"{name}-start"), form.getlist(f"{name}-end"), strict=False))


def _row_changed(rows: list[Row], verb: str, number: str) -> list[Row]:
    if verb == "add":
        return [*rows, ("", "")]
    if verb == "remove" and number.isdecimal():
        return [row for n, row in enumerate(rows) if n != int(number)]
    return rows


def _filled(rows: list[Row]) -> list[Row]:
    return [row for row in rows if any(row)]


def _checked(rows: list[Row], name: str, errors: Errors) -> list[Row]:
    for start, end in _filled(rows):
        if not start or not end:
            errors.add(name, "Write both a start and an end, or leave both empty")
    return _filled(rows)


def _vacation(row: Row, name: str, errors: Errors) -> dict[str, str]:
    first, last = (months.read_date(one) for one in row)
    if not first or not last:
        errors.add(name, "Write the first and the last day")
    elif last < first:
        errors.add(name, "The last day must not be before the first")
    return {"first": row[0], "last": row[1]}


def _interval(row: Row) -> dict[str, str]:
    start, end = row
    return {"start": start, "end": MIDNIGHT[1] if end == MIDNIGHT[0] else end}


def _shown(interval: dict[str, str]) -> Row:
    end = interval["end"]
    return interval["start"], MIDNIGHT[0] if end == MIDNIGHT[1] else end
