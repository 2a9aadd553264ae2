"""What every section of params.yaml holds to."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """Frozen, and refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _flags_where_meant(cls, value: object, info: ValidationInfo) -> object:
        """YAML's yes, on and true would pass for the number 1, and 1 for true."""
        meant = cls.model_fields[str(info.field_name)].annotation is bool
        if isinstance(value, bool) and not meant:
            raise ValueError("write a number, a text or a list, not true or false")
        if meant and not isinstance(value, bool):
            raise ValueError("write true or false")
        return value
