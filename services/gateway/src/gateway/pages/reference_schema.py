"""Flattens a JSON schema to rows of a table. Pure."""

from dataclasses import dataclass
from typing import Any

DEEPEST = 4


@dataclass(frozen=True)
class Field:
    """One row: `client.name`, its type, whether it must be there, and what it says about itself."""

    name: str
    type: str
    required: bool
    text: str


def fields(document: dict[str, Any], schema: dict[str, Any], prefix: str = "", depth: int = 0) -> list[Field]:
    """List the fields of an object or of a list's items, the nested ones with their path."""
    schema = _resolved(document, schema)
    if schema.get("type") == "array":
        return fields(document, schema.get("items", {}), f"{prefix}[].", depth)
    rows = [row for part in schema.get("allOf", ()) for row in fields(document, part, prefix, depth)]
    for name, one in schema.get("properties", {}).items():
        inner = _resolved(document, one)
        needed = name in schema.get("required", ())
        rows.append(Field(prefix + name, type_of(document, one), needed, _text(inner)))
        if depth < DEEPEST:
            rows += fields(document, _object_in(document, one), f"{prefix}{name}{_joint(inner)}", depth + 1)
    return rows


def type_of(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """Say a schema's type in a few words."""
    schema = _resolved(document, schema)
    either = schema.get("anyOf") or schema.get("oneOf")
    if either:
        return " or ".join(dict.fromkeys(type_of(document, one) for one in either))
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if "const" in schema:
        return f'"{schema["const"]}"'
    kind = schema.get("type", "object")
    if kind == "array":
        return f"list of {type_of(document, schema.get('items', {}))}"
    return " or ".join(kind) if isinstance(kind, list) else str(schema.get("format") or kind)


def _object_in(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    schema = _resolved(document, schema)
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        resolved = _resolved(document, one)
        if "properties" in resolved or resolved.get("type") == "array":
            return resolved
    return _resolved(document, schema.get("items", {})) if schema.get("type") == "array" else schema


def _joint(schema: dict[str, Any]) -> str:
    return "[]." if schema.get("type") == "array" else "."


def _text(schema: dict[str, Any]) -> str:
    limits = {
        "minLength": "at least {} characters",
        "maxLength": "at most {} characters",
        "minimum": "from {}",
        "maximum": "to {}",
        "pattern": "like {}",
        "default": "default {}",
    }
    said = [words.format(schema[name]) for name, words in limits.items() if schema.get(name) not in (None, "")]
    return "; ".join([schema["description"], *said] if schema.get("description") else said)


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    target = schema.get("$ref", "")
    if not target.startswith("#/components/schemas/"):
        return schema
    found: dict[str, Any] = document["components"]["schemas"].get(target.rsplit("/", 1)[1], {})
    return found
