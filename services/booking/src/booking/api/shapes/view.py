"""What all shapes have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Address = Annotated[str, Field(json_schema_extra={"format": "uri"})]


class View(BaseModel):
    """Made from the plain data of the rules, or part by part."""

    model_config = ConfigDict(from_attributes=True)
