"""Small pieces of OpenAPI that the gateway's own descriptions are put together from."""

from typing import Any

Piece = dict[str, Any]

KEY: list[dict[str, list[str]]] = [{"api_key": []}]


def ref(name: str) -> Piece:
    """Refer to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def json_of(name: str) -> Piece:
    """Describe a JSON body of a named schema."""
    return {"application/json": {"schema": ref(name)}}


def body(name: str) -> Piece:
    """Describe a request's JSON body, which has to be there."""
    return {"required": True, "content": json_of(name)}


def object_of(**properties: Any) -> Piece:
    """Describe a JSON object with these properties, all of which are there."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"application/json": {"schema": schema}}


def page_of(name: str) -> Piece:
    """Describe a page of a list."""
    return object_of(items={"type": "array", "items": ref(name)}, next_cursor={"type": ["string", "null"]})


def path_parameter(name: str) -> Piece:
    """Describe a segment of the path."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def query_parameter(name: str, schema: Piece, description: str) -> Piece:
    """Describe a parameter that may be left out."""
    return {"name": name, "in": "query", "schema": schema, "description": description}


EMPTY: Piece = {"application/json": {"schema": {"type": "object"}}}
PAGING = [
    query_parameter("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}, "How many at most."),
    query_parameter("cursor", {"type": "string"}, "The `next_cursor` of the page before."),
]
