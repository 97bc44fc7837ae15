"""A second reader of calendar entries, strict and by the letter of RFC 5545; it shares no code with who writes them."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

_LINE = re.compile(
    r'([A-Z-]+)((?:;[A-Z-]+=(?:"[^"\x00-\x1f\x7f]*"|[^";:,\x00-\x1f\x7f]*))*):([^\x00-\x08\x0a-\x1f\x7f]*)'
)
_PARAMETER = re.compile(r';([A-Z-]+)=(?:"([^"]*)"|([^";]*))')
_ESCAPED = re.compile(r"\\(.)")
_ONCE = {"UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "SUMMARY", "STATUS", "ORGANIZER", "LOCATION", "URL"}
_TEXTS = {"SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "TRANSP", "UID", "METHOD", "PRODID"}


@dataclass(frozen=True)
class Property:
    """One line of content. `value` is unescaped where the property holds text."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def moment(self) -> datetime:
        """Read a moment in UTC; a local time would not be one."""
        return datetime.strptime(self.value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@dataclass
class Component:
    """What stands between BEGIN and END."""

    name: str
    properties: list[Property] = field(default_factory=list)
    parts: list["Component"] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        return [found for found in self.properties if found.name == name]

    def __getitem__(self, name: str) -> str:
        (found,) = self.all(name)
        return found.value

    def moment(self, name: str) -> datetime:
        (found,) = self.all(name)
        return found.moment


def lines(text: str) -> list[str]:
    """Check the lines' ends and lengths, and put folded ones together."""
    assert text.endswith("\r\n")
    assert not re.search(r"\r(?!\n)|(?<!\r)\n", text), "a bare line end"
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n")), "a line is too long"
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def read(text: str) -> Component:
    """Read a calendar with one event in it."""
    root = Component("")
    stack = [root]
    for line in lines(text):
        found = _property(line)
        if found.name == "BEGIN":
            stack.append(Component(found.value))
            stack[-2].parts.append(stack[-1])
        elif found.name == "END":
            assert stack.pop().name == found.value, "crossed components"
        else:
            stack[-1].properties.append(found)
    assert len(stack) == 1, "a component without its end"
    assert root.properties == []
    (calendar,) = root.parts
    assert (calendar.name, calendar["VERSION"]) == ("VCALENDAR", "2.0")
    assert calendar["PRODID"]
    _check_event(calendar)
    return calendar


def event(text: str) -> Component:
    """Read the one event of a calendar."""
    (found,) = read(text).parts
    return found


def _property(line: str) -> Property:
    match = _LINE.fullmatch(line)
    assert match, f"no line of content: {line}"
    name, parameters, value = match.groups()
    if name in _TEXTS:
        assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", value), f"unescaped: {line}"
        value = _ESCAPED.sub(lambda m: "\n" if m[1] in "nN" else m[1], value)
    found = {m[1]: m[2] if m[2] is not None else m[3] for m in _PARAMETER.finditer(parameters)}
    return Property(name, found, value)


def _check_event(calendar: Component) -> None:
    (found,) = calendar.parts
    assert found.name == "VEVENT"
    for name in _ONCE:
        assert len(found.all(name)) <= 1, f"{name} twice"
    assert found["UID"]
    assert int(found["SEQUENCE"]) >= 0
    assert found.moment("DTSTART") < found.moment("DTEND")
    assert found.moment("DTSTAMP")
    assert (calendar["METHOD"], found["STATUS"]) in {("REQUEST", "CONFIRMED"), ("CANCEL", "CANCELLED")}
