"""What the sections of a device profile have in common."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

ValueType = Literal["int16", "uint16", "int32", "uint32", "float32"]
ProofType = Literal["int16", "uint16", "int32", "uint32", "float32", "hex16", "bcd32", "text"]
WordOrder = Literal["low_first", "high_first"]
"""Which 16-bit word of a 32-bit value has the lower address."""
Address = Annotated[int, Field(ge=0, le=0xFFFF)]
Raw = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
WORDS = {"int16": 1, "uint16": 1, "hex16": 1, "int32": 2, "uint32": 2, "float32": 2, "bcd32": 2}
"""How many registers a value of a type takes."""


class ProfileSection(BaseModel):
    """Base of every section: values are frozen, unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
