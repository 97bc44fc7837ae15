"""The gateway's pure parts: colors, months, forms, merging of documents."""

import json
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from booking.bookings import RESERVED_HANDLES
from gateway.accounts.reserved import RESERVED
from gateway.api import groups, merge
from gateway.api.routes import ANYONE, HOST, ROUTES, Route
from gateway.pages import availability_form, calendars, color, months, session_type_form, times
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors, from_upstream
from gateway.pages.reference_schema import fields
from gateway.pages.visitors import HOME, local
from gateway.security import form_targets
from gateway.upstream import Answer, RefusedUpstreamError


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_every_color_is_readable_on_both_papers(wanted: str) -> None:
    made = color.accent(wanted)
    assert color.contrast(made.light, color.LIGHT_PAPER) >= 4.5
    assert color.contrast(made.light, made.on_light) >= 4.5
    assert color.contrast(made.dark, color.DARK_PAPER) >= 4.5
    assert color.contrast(made.dark, made.on_dark) >= 4.5


@pytest.mark.parametrize("bad", [None, "", "red", "#fff", "#12345g", "}</style><script>", "#0b6e4f;x:y"])
def test_what_is_no_color_gives_ours(bad: str | None) -> None:
    assert color.accent(bad) == color.accent(color.DEFAULT)


def test_a_color_that_is_readable_already_stays() -> None:
    assert color.accent("#0b3d2e").light == "#0b3d2e"


def test_a_month_is_laid_out_from_monday_with_its_free_days() -> None:
    month = months.Month(date(2026, 12, 1))
    slots = [{"start": "2026-12-03T09:00:00+01:00", "seats_left": 1}]
    weeks = month.weeks(months.by_day(slots), chosen=date(2026, 12, 3), today=date(2026, 12, 2))
    assert weeks[0][0].date == date(2026, 11, 30)
    assert not weeks[0][0].inside
    third = weeks[0][3]
    assert (third.free, third.chosen, third.today) == (1, True, False)
    assert sum(day.inside for week in weeks for day in week) == 31


def test_months_end_a_year_ahead_and_begin_now() -> None:
    today = date(2026, 11, 20)
    assert months.within(months.Month(date(2020, 1, 1)), today).key == "2026-11"
    assert months.within(months.Month(date(2999, 1, 1)), today).key == "2027-12"


@pytest.mark.parametrize("bad", [None, "", "2026", "2026-13", "x", "2026-1", "0000-01", "2026-12-01T"])
def test_what_is_no_month_is_none(bad: str | None) -> None:
    assert months.read_month(bad) is None


def test_in_the_hour_that_comes_twice_each_time_has_its_offset() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    starts = [datetime(2026, 10, 25, 2, 0, tzinfo=berlin, fold=fold) for fold in (0, 1)]
    [found] = months.by_day({"start": start.isoformat()} for start in starts).values()
    assert [time.label for time in found] == ["02:00 (UTC+2)", "02:00 (UTC+1)"]


def test_offsets_read_like_people_say_them() -> None:
    at = datetime(2026, 1, 1, 12, tzinfo=ZoneInfo("UTC"))
    named = {zone: times.zone_name(zone, at) for zone in ("UTC", "Asia/Kolkata", "America/St_Johns", "Europe/Paris")}
    assert named == {
        "UTC": "UTC",
        "Asia/Kolkata": "Asia/Kolkata, UTC+5:30",
        "America/St_Johns": "America/St Johns, UTC\N{MINUS SIGN}3:30",
        "Europe/Paris": "Europe/Paris, UTC+1",
    }


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "x",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "\\/evil",
        "/a\nb",
        "javascript:x",
        "/\t/e",
    ],
)
def test_only_our_own_pages_follow_a_sign_in(path: str | None) -> None:
    assert local(path) == HOME


def test_a_page_of_ours_keeps_its_query() -> None:
    assert local("/dashboard/bookings?q=a%20b&status=") == "/dashboard/bookings?q=a%20b&status="


def test_forms_may_end_at_zoom_and_all_its_hosts_but_nowhere_else() -> None:
    assert form_targets("https://zoom.us", secure=True) == ["https://zoom.us", "https://*.zoom.us"]
    assert form_targets("http://127.0.0.1:8090/x", secure=False) == ["http://127.0.0.1:8090"]


def test_without_a_word_about_zooms_address_forms_may_end_where_it_may_be() -> None:
    assert form_targets(None, secure=True) == ["https:"]
    assert form_targets(None, secure=False) == ["https:", "http:"]


def test_a_calendar_address_carries_the_time_in_utc() -> None:
    booking = {
        "reference": "r",
        "start": "2026-12-03T09:00:00+01:00",
        "end": "2026-12-03T09:30:00+01:00",
        "session_type": {"title": "Talk & listen"},
        "host": {"name": "Hanna"},
    }
    [(_, file), (_, google), (_, outlook)] = calendars.links(booking, "https://book.example")
    assert file == "/api/v1/bookings/r/calendar.ics"
    assert "dates=20261203T080000Z%2F20261203T083000Z" in google
    assert "text=Talk+%26+listen+with+Hanna" in google
    assert "startdt=2026-12-03T08%3A00%3A00Z" in outlook


def problem(**members: Any) -> RefusedUpstreamError:
    return RefusedUpstreamError(Answer(422, {}, json.dumps(members).encode()))


def test_errors_of_a_service_stand_beside_our_fields_in_plain_words() -> None:
    refused = problem(
        code="validation_failed",
        detail="x",
        errors=[{"field": "client.name", "message": "String should have at least 1 character"}],
    )
    errors = from_upstream(refused, rename=lambda name: name.removeprefix("client."))
    assert errors.fields == {"name": "Fill this in"}
    assert errors.general == []


def test_a_refusal_without_fields_is_said_in_general_or_where_its_code_belongs() -> None:
    refused = problem(code="slug_taken", detail="Taken.")
    assert from_upstream(refused).general == ["Taken."]
    assert from_upstream(refused, field_of_code={"slug_taken": "slug"}).fields == {"slug": "Taken."}


HOURS = {
    "timezone": "Europe/Berlin",
    "weekly": [
        {"weekday": "monday", "start": "09:00", "end": "12:00"},
        {"weekday": "monday", "start": "13:00", "end": "24:00"},
    ],
    "overrides": [{"date": "2026-12-24", "intervals": []}],
    "vacations": [{"first": "2027-01-04", "last": "2027-01-08"}],
}


def test_working_hours_come_back_from_the_form_as_they_were() -> None:
    body, errors = availability_form.body(availability_form.from_api(HOURS))
    assert (body, bool(errors)) == (HOURS, False)


def test_rows_come_and_go_without_a_script() -> None:
    hours = availability_form.from_api(HOURS)
    more = availability_form.changed(hours, "add:tuesday")
    assert more.week["tuesday"] == [("", "")]
    assert availability_form.changed(more, "remove:monday:0").week["monday"] == [("13:00", "00:00")]
    assert availability_form.changed(more, "add:date0").dates[0].rows == [("", "")]
    assert availability_form.changed(more, "remove-date:0").dates == []
    for nonsense in ("", "x", "remove:monday:x", "remove:monday:99", "remove-date:9", "add:date7", "add:"):
        assert availability_form.changed(hours, nonsense) == hours


def test_half_an_interval_is_named_where_it_stands() -> None:
    form = MultiDict([("tuesday-start", "09:00"), ("tuesday-end", "")])
    _, errors = availability_form.body(availability_form.from_request(form))
    assert list(errors.fields) == ["tuesday"]


def test_a_new_date_is_saved_even_if_nobody_pressed_add() -> None:
    form = MultiDict([("new-date", "2026-12-31"), ("new-start", ""), ("new-end", "")])
    hours = availability_form.with_what_is_new(availability_form.from_request(form))
    assert availability_form.body(hours)[0]["overrides"] == [{"date": "2026-12-31", "intervals": []}]


def test_a_vacation_of_one_day_needs_only_that_day_and_a_backward_one_is_named() -> None:
    form = MultiDict([("new-vacation-first", "2027-02-01"), ("new-vacation-last", "")])
    hours = availability_form.with_what_is_new(availability_form.from_request(form))
    assert availability_form.body(hours)[0]["vacations"] == [{"first": "2027-02-01", "last": "2027-02-01"}]
    backward = MultiDict([("vacation-first", "2027-02-05"), ("vacation-last", "2027-02-01")])
    assert list(availability_form.body(availability_form.from_request(backward))[1].fields) == ["vacation0"]


def test_a_service_error_about_hours_is_placed_at_its_day() -> None:
    assert availability_form.field_name("weekly.1.end", HOURS) == "monday"
    assert availability_form.field_name("overrides.0.intervals.0.start", HOURS) == "date0"
    assert availability_form.field_name("weekly.7.end", HOURS) == "weekly"
    assert availability_form.field_name("timezone", HOURS) == "timezone"


KIND = {
    "id": "t1",
    "slug": "deep-dive",
    "title": "Deep dive",
    "description": "",
    "duration": 90,
    "location": {"kind": "video", "provider": "custom", "detail": "https://meet.example/x"},
    "buffer_before": 5,
    "buffer_after": 10,
    "min_notice": 60,
    "horizon": 30,
    "slot_step": None,
    "max_per_day": 2,
    "capacity": 1,
    "questions": [{"key": "topic", "label": "Topic?", "required": True}],
    "color": "#0b6e4f",
    "active": True,
    "reminders": [1440, 45],
    "availability": None,
}
OWN_HOURS = {"weekly": HOURS["weekly"], "overrides": HOURS["overrides"]}
NO_HOURS = session_type_form.hours_of(None)


@pytest.mark.parametrize("own", [None, OWN_HOURS])
def test_a_session_type_comes_back_from_the_form_as_it_was(own: dict[str, Any] | None) -> None:
    kind = {**KIND, "availability": own}
    body, errors = session_type_form.body(session_type_form.from_kind(kind), session_type_form.hours_of(kind))
    assert not errors
    assert body == {name: value for name, value in kind.items() if name != "id"}


def test_a_reminder_of_ones_own_stands_among_the_others() -> None:
    typed = {**session_type_form.from_kind(KIND), "reminder_number": "3", "reminder_unit": "days"}
    assert session_type_form.body(typed, NO_HOURS)[0]["reminders"] == [4320, 1440, 45]


@pytest.mark.parametrize("text", ["", "x", "-5", "1.5", "٣", "9" * 20, "1e3"])
def test_what_is_no_number_is_said_beside_its_field(text: str) -> None:
    typed = {**session_type_form.from_kind(KIND), "duration": text}
    assert list(session_type_form.body(typed, NO_HOURS)[1].fields) == ["duration"]


def test_an_empty_address_is_made_from_the_title_and_equal_questions_get_keys_of_their_own() -> None:
    typed = session_type_form.blank({"default_video_provider": "zoom"})
    labels = ("Wie geht's?", "", "Wie geht_s?")
    rows = [{"key": "", "label": label, "required": False} for label in labels]
    body, _ = session_type_form.body({**typed, "title": "  Über Mut & mehr ", "questions": rows}, NO_HOURS)
    assert body["slug"] == "uber-mut-mehr"
    assert [question["key"] for question in body["questions"]] == ["wie_geht_s", "wie_geht_s_2"]
    assert body["location"] == {"kind": "video", "provider": "zoom", "detail": None}


def test_the_table_has_each_route_once_and_only_the_feed_of_a_host_is_open() -> None:
    lines = [(route.method, route.path) for route in ROUTES]
    assert len(lines) == len(set(lines))
    opened = [route.path for route in ROUTES if route.path.startswith("/me") and route.who == ANYONE]
    assert opened == ["/me/calendar.ics"]
    assert all(route.path.startswith("/me") for route in ROUTES if route.who == HOST)


def test_no_handle_can_hide_a_page_of_ours_at_the_door_or_inside() -> None:
    app = Flask("pages alone")
    app.register_blueprint(pages)
    ours = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules() if not rule.rule.startswith("/<")} - {""}
    assert {"signin", "reset-password", "dashboard", "bookings"} <= ours
    assert ours <= RESERVED
    assert RESERVED <= RESERVED_HANDLES, "booking, which a change of the handle goes to, refuses them, too"


def test_schemas_of_one_name_and_different_content_are_told_apart() -> None:
    def document(kind: str) -> dict[str, Any]:
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
        operation = {"responses": {"200": {"description": "", "content": content}, "422": {"description": ""}}}
        return {"paths": {f"/{kind}": {"get": operation}}, "components": {"schemas": {"Thing": {"title": kind}}}}

    made = merge.skeleton(server="https://book.example/api/v1")
    routes = [Route("GET", "/a", "one", HOST), Route("GET", "/b", "two", ANYONE), Route("GET", "/gone", "two", HOST)]
    merge.add_routes(made, routes, {"one": document("a"), "two": document("b")}, answers={})
    assert merge.pruned(made) == made
    assert made["paths"].keys() == {"/a", "/b"}
    assert made["paths"]["/a"]["get"]["security"] == [{"api_key": []}]
    assert made["paths"]["/a"]["get"]["responses"].keys() == {"200", "default"}
    ref = made["paths"]["/b"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    assert made["components"]["schemas"][ref.rsplit("/", 1)[1]] == {"title": "b"}


def test_an_answer_that_a_service_does_not_describe_is_described_here_and_the_unused_left_out() -> None:
    inner = {"paths": {"/a": {"get": {"summary": "A.", "tags": ["x"]}}}, "components": {"schemas": {"Unused": {}}}}
    made = merge.skeleton(server="https://book.example/api/v1")
    answers = {("GET", "/a"): {"200": {"description": "Here."}}}
    merge.add_routes(made, [Route("GET", "/a", "one", HOST)], {"one": inner}, answers=answers)
    assert made["paths"]["/a"]["get"]["responses"]["200"] == {"description": "Here."}
    assert made["paths"]["/a"]["get"]["tags"] == ["Booking, with no account"], "not the service's own"
    assert merge.pruned(made)["components"]["schemas"].keys() == {"Problem"}


@pytest.mark.parametrize(
    ("call", "chapter"),
    [
        ("POST /hosts", "Sign-up and keys"),
        ("GET /hosts/{handle}", groups.BOOKING),
        ("DELETE /me", "The account"),
        ("PATCH /me", "The host"),
        ("PUT /me/logo", "The host"),
        ("GET /me/bookings.csv", "The host's bookings"),
        ("GET /me/session-types/{id}/why", "Session types"),
        ("POST /me/connections/zoom/check", "Zoom"),
        ("POST /password-resets/use", "The account"),
        ("POST /bookings/{reference}/cancel", groups.BOOKING),
    ],
)
def test_each_call_stands_in_its_chapter(call: str, chapter: str) -> None:
    assert groups.chapter(*call.split(" ", 1)) == chapter
    assert {name for name, _ in groups.CHAPTERS} == set(groups.ORDER)


def test_a_schema_becomes_rows_with_the_path_of_each_field() -> None:
    document = {"components": {"schemas": {"Client": {"type": "object", "properties": {"name": {"type": "string"}}}}}}
    schema = {
        "type": "object",
        "required": ["client"],
        "properties": {
            "client": {"$ref": "#/components/schemas/Client"},
            "slots": {"type": "array", "items": {"properties": {"start": {"type": "string", "format": "date-time"}}}},
            "state": {"enum": ["a", "b"]},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
    }
    rows = {row.name: row.type for row in fields(document, schema)}
    assert rows == {
        "client": "object",
        "client.name": "string",
        "slots": "list of object",
        "slots[].start": "date-time",
        "state": '"a" | "b"',
        "note": "string or null",
    }


def test_errors_are_true_only_when_there_are_some() -> None:
    assert not Errors()
    assert Errors(general=["x"])
