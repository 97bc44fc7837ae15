"""Merges OpenAPI documents. Pure: documents in, one document out."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.api import groups
from gateway.api.routes import HOST, Route

Document = dict[str, Any]

_ABOUT = (
    "Bookings whose video link never goes missing. A host's calls carry an API key as `Authorization: Bearer pk_...`. "
    "Errors are problem documents (RFC 9457) with a stable `code`; too many calls are 429 with `Retry-After` in "
    "seconds. Lists have `limit` and `cursor`, and answer `items` and `next_cursor`. Times are RFC 3339 with an "
    "offset, zones are IANA names. Every answer carries `X-Request-Id`."
)
_REF = "#/components/schemas/"
PARAMETER = re.compile(r"[<{][^>}]+[>}]")
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "description": "A URN of the kind of problem."},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people."},
        "code": {"type": "string", "description": "A stable word for machines."},
        "request_id": {"type": ["string", "null"]},
        "errors": {
            "type": "array",
            "description": "For 422: which fields, and why.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_REFUSED = {
    "description": "An error: a problem document (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": f"{_REF}Problem"}}},
}


def skeleton(*, server: str) -> Document:
    """Begin a document without paths."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Punctual",
            "version": "1",
            "description": _ABOUT,
        },
        "servers": [{"url": server}],
        "tags": [{"name": name} for name in groups.ORDER],
        "paths": {},
        "components": {
            "schemas": {"Problem": _PROBLEM},
            "securitySchemes": {
                "api_key": {"type": "http", "scheme": "bearer", "description": "An API key: `pk_...`."}
            },
        },
    }


def add_own(made: Document, operations: Mapping[tuple[str, str], Document], schemas: Mapping[str, Document]) -> None:
    """Add operations that are described here and not by an inner service; they say themselves who may call."""
    made["components"]["schemas"].update(schemas)
    for (method, public), operation in operations.items():
        _put(made, method, public, operation)


def add_routes(
    made: Document,
    routes: Iterable[Route],
    inner: Mapping[str, Document],
    *,
    answers: Mapping[tuple[str, str], Document],
) -> None:
    """Add the inner services' descriptions of the routes of the table.

    `answers` describe good answers that are ours, or that a service does not describe itself.
    """
    renames = {service: _adopt_schemas(made, service, document) for service, document in inner.items()}
    for route in routes:
        operation = _find(inner[route.service], route)
        if operation is None:
            continue
        operation = _renamed(operation, renames[route.service])
        operation["security"] = [{"api_key": []}] if route.who == HOST else []
        written = operation.pop("x-path")
        if route.composed or not _good(operation):
            operation["responses"] = answers.get((route.method, written), operation.get("responses", {}))
        _put(made, route.method, written, operation)


def pruned(made: Document) -> Document:
    """Leave out the schemas that nothing in the document refers to."""
    have = made["components"]["schemas"]
    used: set[str] = set()
    waiting = _names_in(made["paths"])
    while waiting:
        name = waiting.pop()
        if name in have and name not in used:
            used.add(name)
            waiting |= _names_in(have[name])
    schemas = {name: schema for name, schema in have.items() if name in used}
    return {**made, "components": {**made["components"], "schemas": schemas}}


def _names_in(node: Any) -> set[str]:
    if isinstance(node, list):
        return {name for item in node for name in _names_in(item)}
    if not isinstance(node, dict):
        return set()
    target = node.get("$ref")
    own = {target.removeprefix(_REF)} if isinstance(target, str) and target.startswith(_REF) else set()
    return own | {name for value in node.values() for name in _names_in(value)}


def _good(operation: Document) -> Document:
    responses = operation.get("responses", {})
    return {status: answer for status, answer in responses.items() if str(status).startswith(("2", "3"))}


def _find(document: Document, route: Route) -> Document | None:
    wanted = PARAMETER.sub("{}", route.path)
    for written, methods in document.get("paths", {}).items():
        if PARAMETER.sub("{}", written) == wanted and route.method.lower() in methods:
            return {**methods[route.method.lower()], "x-path": written}
    return None


def _adopt_schemas(made: Document, service: str, document: Document) -> dict[str, str]:
    """Copy a service's schemas; give the new names of those whose name another one already has."""
    have = made["components"]["schemas"]
    theirs: Document = document.get("components", {}).get("schemas", {})
    prefix = "".join(part.capitalize() for part in service.split("-"))
    renames = {name: f"{prefix}{name}" for name, schema in theirs.items() if name in have and have[name] != schema}
    for name, schema in theirs.items():
        have[renames.get(name, name)] = _renamed(schema, renames)
    return renames


def _renamed(node: Any, renames: Mapping[str, str]) -> Any:
    if isinstance(node, list):
        return [_renamed(item, renames) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _renamed(value, renames) for key, value in node.items()}
    target = found.get("$ref")
    if isinstance(target, str) and target.startswith(_REF):
        name = target.removeprefix(_REF)
        found["$ref"] = _REF + renames.get(name, name)
    return found


def _put(made: Document, method: str, public: str, operation: Document) -> None:
    responses = {**_good(operation), "default": _REFUSED}
    finished = {**operation, "tags": [groups.chapter(method, public)], "responses": responses}
    made["paths"].setdefault(public, {})[method.lower()] = finished
