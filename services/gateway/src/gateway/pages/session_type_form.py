"""A session type as a form has it, and as the API wants it. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from gateway.pages import availability_form, desk_words
from gateway.pages.availability_form import Hours
from gateway.pages.forms import Errors

NUMBERS = ("duration", "buffer_before", "buffer_after", "min_notice", "horizon", "capacity")
OPTIONAL_NUMBERS = ("slot_step", "max_per_day")
TEXTS = ("title", "slug", "description", "place", "detail", "color", "reminder_number", "reminder_unit", "hours")
FIELD_OF_CODE = {"slug_taken": "slug"}
PLACES: Mapping[str, dict[str, str | None]] = {
    "zoom": {"kind": "video", "provider": "zoom"},
    "custom": {"kind": "video", "provider": "custom"},
    "video": {"kind": "video", "provider": None},
    "phone": {"kind": "phone", "provider": None},
    "in_person": {"kind": "in_person", "provider": None},
}
DETAILED = ("custom", "phone", "in_person")
REMINDERS = (15, 60, 1440, 2880, 10080)
"""Minutes before the start: those that most hosts choose from."""
FIRST_REMINDERS = (1440, 60)
UNITS = {"minutes": 1, "hours": 60, "days": 1440}
OWN_HOURS = "own"
LABELS = {
    "title": "Title",
    "slug": "Address",
    "description": "Description",
    "duration": "Duration",
    "place": "Where it takes place",
    "detail": "Link, number or address",
    "questions": "Questions",
    "reminders": "Reminders",
    "availability": "Hours",
    "buffer_before": "Free before",
    "buffer_after": "Free after",
    "min_notice": "Notice",
    "horizon": "How far ahead",
    "slot_step": "A start every",
    "max_per_day": "At most a day",
    "capacity": "Seats",
    "color": "Color",
}

_WHOLE = re.compile(r"[0-9]{1,9}")

Typed = dict[str, Any]


def blank(me: Mapping[str, Any]) -> Typed:
    """Begin a new one with what most hosts want."""
    return {
        "title": "",
        "slug": "",
        "description": "",
        "place": "zoom" if me.get("default_video_provider") == "zoom" else "video",
        "detail": "",
        "color": me.get("color") or "",
        "active": True,
        "duration": "30",
        "buffer_before": "0",
        "buffer_after": "0",
        "min_notice": "60",
        "horizon": "60",
        "capacity": "1",
        "slot_step": "",
        "max_per_day": "",
        "questions": [],
        "hours": "",
        **_reminders_shown(FIRST_REMINDERS),
    }


def from_kind(kind: Mapping[str, Any]) -> Typed:
    """Show a session type that exists."""
    location = kind["location"]
    numbers = {name: "" if kind.get(name) is None else str(kind[name]) for name in (*NUMBERS, *OPTIONAL_NUMBERS)}
    if numbers["slot_step"] == numbers["duration"]:
        # Said outright it would stay behind when the duration is changed.
        numbers["slot_step"] = ""
    return {
        "title": kind["title"],
        "slug": kind["slug"],
        "description": kind.get("description") or "",
        "place": location.get("provider") or location["kind"],
        "detail": location.get("detail") or "",
        "color": kind.get("color") or "",
        "active": kind["active"],
        "questions": [dict(question) for question in kind["questions"]],
        "hours": OWN_HOURS if kind.get("availability") else "",
        **_reminders_shown(kind.get("reminders", FIRST_REMINDERS)),
        **numbers,
    }


def hours_of(kind: Mapping[str, Any] | None) -> Hours:
    """Show the hours of its own, if it has any."""
    own = kind.get("availability") if kind else None
    return availability_form.from_api(own or {"weekly": [], "overrides": []})


def from_request(form: "MultiDict[str, str]") -> Typed:
    """Read what came in, as it came in."""
    typed: Typed = {name: form.get(name, "").strip() for name in (*TEXTS, *NUMBERS, *OPTIONAL_NUMBERS)}
    typed["active"] = "active" in form
    typed["reminders"] = [int(one) for one in form.getlist("reminder") if _WHOLE.fullmatch(one)]
    rows = zip(form.getlist("question-key"), form.getlist("question-label"), strict=False)
    required = set(form.getlist("question-required"))
    typed["questions"] = [
        {"key": key, "label": label.strip(), "required": str(number) in required}
        for number, (key, label) in enumerate(rows)
    ]
    return typed


def with_a_question_more(typed: Typed) -> Typed:
    """Offer one more empty row."""
    return {**typed, "questions": [*typed["questions"], {"key": "", "label": "", "required": False}]}


def reminder_choices(typed: Typed) -> list[tuple[int, str]]:
    """Give every reminder that can be ticked, the longest first, in words."""
    known = sorted({*REMINDERS, *typed["reminders"]}, reverse=True)
    return [(minutes, desk_words.minutes(minutes)) for minutes in known]


def labels(hours: Hours) -> dict[str, str]:
    """Name the fields, for whoever reads a list of what is wrong."""
    return {**LABELS, **availability_form.labels(hours)}


def body(typed: Typed, hours: Hours) -> tuple[dict[str, Any], Errors]:
    """Say it as the API expects it, with what can't be said that way."""
    errors = Errors()
    place = PLACES.get(typed["place"])
    if place is None:
        errors.add("place", "Choose where it takes place")
    numbers: dict[str, int | None] = {name: _number(typed[name], name, errors) for name in NUMBERS}
    for name in OPTIONAL_NUMBERS:
        numbers[name] = _number(typed[name], name, errors) if typed[name] else None
    detail = typed["detail"] if typed["place"] in DETAILED else ""
    return {
        "title": typed["title"],
        "slug": typed["slug"] or _word(typed["title"], "-"),
        "description": typed["description"],
        "location": {**(place or {}), "detail": detail or None},
        "questions": _questions(typed["questions"]),
        "reminders": _reminders(typed, errors),
        "availability": _own_hours(typed, hours, errors),
        "active": typed["active"],
        **({"color": typed["color"]} if typed["color"] else {}),
        **numbers,
    }, errors


def field_name(name: str, sent: Mapping[str, Any]) -> str:
    """Give the form's name for one of the API's fields."""
    if name.startswith("location"):
        return "detail"
    if name.startswith("availability.") and sent.get("availability"):
        return availability_form.field_name(name.removeprefix("availability."), sent["availability"])
    return name.partition(".")[0]


def _number(text: str, name: str, errors: Errors) -> int | None:
    if _WHOLE.fullmatch(text):
        return int(text)
    errors.add(name, "Write a whole number")
    return None


def _reminders_shown(chosen: Any) -> Typed:
    return {"reminders": list(chosen), "reminder_number": "", "reminder_unit": "hours"}


def _reminders(typed: Typed, errors: Errors) -> list[int]:
    found = set(typed["reminders"])
    if typed["reminder_number"]:
        number = _number(typed["reminder_number"], "reminders", errors)
        found.add((number or 0) * UNITS.get(typed["reminder_unit"], 1))
    return sorted(found, reverse=True)


def _own_hours(typed: Typed, hours: Hours, errors: Errors) -> dict[str, Any] | None:
    if typed["hours"] != OWN_HOURS:
        return None
    said, wrong = availability_form.body(hours)
    for name, message in wrong.fields.items():
        errors.add(name, message)
    return {"weekly": said["weekly"], "overrides": said["overrides"]}


def _questions(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    used: set[str] = set()
    questions = []
    for row in rows:
        if not row["label"]:
            continue
        key = wanted = row["key"] or _word(row["label"], "_")[:30] or "question"
        number = 2
        while key in used:
            key = f"{wanted}_{number}"
            number += 1
        used.add(key)
        questions.append({"key": key, "label": row["label"], "required": row["required"]})
    return questions


def _word(text: str, joint: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", joint, plain).strip(joint)[:40]
