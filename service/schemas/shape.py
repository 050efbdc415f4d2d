"""What all shapes have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict

JsonObject = dict[str, Any]


class Shape(BaseModel):
    """Exactly the fields that it names."""

    model_config = ConfigDict(extra="forbid")
