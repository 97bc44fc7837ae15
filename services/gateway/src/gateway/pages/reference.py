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
    groups: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method in ORDER:
            if method in methods:
                operation = methods[method]
                groups[operation["tags"][0]].append(_shown(document, path, method, operation))
    return render_template("reference.html", groups=groups, server=document["servers"][0]["url"])


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
        "body_words": _other_than_json(operation.get("requestBody", {})),
        "status": status,
        "answer": _fields_of(document, answer),
        "answer_words": answer.get("description", ""),
        "answer_kinds": _other_than_json(answer),
    }


def _fields_of(document: dict[str, Any], holder: dict[str, Any]) -> list[Field]:
    for media in holder.get("content", {}).values():
        if "schema" in media:
            return fields(document, media["schema"])
    return []


def _other_than_json(holder: dict[str, Any]) -> str:
    return " or ".join(media for media in holder.get("content", {}) if media != "application/json")
