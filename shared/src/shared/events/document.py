"""Writes `docs/events.md` from the catalogue: `python -m shared.events.document > docs/events.md`."""

import inspect
import sys
from typing import Any

from shared.bus import topology
from shared.events import CATALOGUE, Event

HEAD = """# Events

Generated from `shared.events` with `make docs`; a test fails when it is stale.

All that the services tell each other. Each event travels in a [CloudEvents](https://cloudevents.io) 1.0 JSON envelope
(`id`, `source`, `type`, `subject`, `time`, `dataschema`, `traceparent`, `data`) through the topic exchange
`{exchange}`; its type is the routing key. Schemas only grow, readers ignore fields that they do not know, and whoever
listens may get an event twice or late: `version` and `revision` say which one is newest.

## Queues

| queue | takes |
|---|---|
{queues}
"""

SECTION = """
## `{type}`

{sentence} Told to {listeners}.

| field | type |
|---|---|
{fields}
"""


def markdown() -> str:
    """Give the whole page."""
    queues = "\n".join(
        f"| `{queue}` | {', '.join(f'`{p}`' for p in patterns)} |" for queue, patterns in topology.QUEUES.items()
    )
    return HEAD.format(exchange=topology.EXCHANGE, queues=queues) + "".join(map(_section, CATALOGUE.values()))


def _section(event: type[Event]) -> str:
    schema = event.model_json_schema()
    listeners = ", ".join(f"`{queue.removesuffix('.events')}`" for queue in topology.listeners(event.type))
    return SECTION.format(
        type=event.type,
        sentence=" ".join((inspect.getdoc(event) or "").split()),
        listeners=listeners,
        fields="\n".join(_fields(schema, schema)),
    )


def _fields(schema: dict[str, Any], root: dict[str, Any], prefix: str = "") -> list[str]:
    rows = []
    for name, field in schema.get("properties", {}).items():
        inner = root["$defs"][field["$ref"].rsplit("/", 1)[1]] if "$ref" in field else None
        if inner is not None:
            rows += _fields(inner, root, f"{prefix}{name}.")
        else:
            rows.append(f"| `{prefix}{name}` | {_type(field)} |")
    return rows


def _type(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(choice) for choice in field["anyOf"])
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if "$ref" in field:
        return str(field["$ref"].rsplit("/", 1)[1])
    kind = str(field.get("format") or field.get("type"))
    return {"date-time": "moment, UTC", "array": "list", "object": "map of texts"}.get(kind, kind)


if __name__ == "__main__":
    sys.stdout.write(markdown())
