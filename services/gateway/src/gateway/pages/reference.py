"""The API's reference as a page, drawn from the same document that programs read."""

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.api import documents
from gateway.pages.blueprint import pages
from gateway.pages.reference_schema import Field, fields

ORDER = ("get", "post", "put", "patch", "delete")


@pages.get("/api/docs")
def api_reference() -> ResponseReturnValue:
    """Show every call of the API."""
    document = documents.document()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method in ORDER:
            if method in methods:
                groups.setdefault(_group(path), []).append(_shown(document, path, method, methods[method]))
    return render_template("reference.html", groups=groups, server=document["servers"][0]["url"])


def _group(path: str) -> str:
    if "connections" in path:
        return "Zoom"
    if "api-keys" in path or path == "/hosts":
        return "Sign-up and keys"
    if "session-types" in path and path.startswith("/me"):
        return "Session types"
    if path.startswith(("/me/bookings", "/me/calendar")):
        return "The host's bookings"
    return "The host" if path.startswith("/me") else "Booking, with no account"


def _shown(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    status, answer = next(iter(operation["responses"].items()))
    return {
        "method": method.upper(),
        "path": path,
        "anchor": f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        "summary": operation.get("summary") or operation.get("operationId", ""),
        "description": operation.get("description", ""),
        "with_key": bool(operation.get("security")),
        "parameters": operation.get("parameters", []),
        "body": _fields_of(document, operation.get("requestBody", {})),
        "status": status,
        "answer": _fields_of(document, answer),
        "answer_words": answer.get("description", ""),
    }


def _fields_of(document: dict[str, Any], holder: dict[str, Any]) -> list[Field]:
    for media in holder.get("content", {}).values():
        if "schema" in media:
            return fields(document, media["schema"])
    return []
