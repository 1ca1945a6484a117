"""What the sections of a device profile have in common."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

ValueType = Literal[
    "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "bcd16", "bcd32", "bcd64"
]
ProofType = Literal[
    "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "hex16", "bcd32", "text"
]
StatusType = Literal["bit", "uint16", "uint32"]
WordOrder = Literal["low_first", "high_first"]
"""Which 16-bit word of a longer value has the lowest address; also which byte of a word comes first."""
SourceUnit = Literal["celsius", "fahrenheit", "kelvin"]
"""What unit the device itself gives a temperature in. Readings are always °C."""
Element = Literal["ds18b20", "sht2x", "sht3x", "sht4x"]
"""A sensor element whose own "no value" readings are known (:mod:`edge_agent.drivers.modbus.dead_values`)."""
Address = Annotated[int, Field(ge=0, le=0xFFFF)]
Raw = Annotated[int, Field(ge=0, le=0xFFFFFFFFFFFFFFFF)]
WORDS = {
    "bit": 1, "int16": 1, "uint16": 1, "hex16": 1, "bcd16": 1,
    "int32": 2, "uint32": 2, "float32": 2, "bcd32": 2,
    "int64": 4, "uint64": 4, "float64": 4, "bcd64": 4,
}  # fmt: skip
"""How many registers (or bits) a value of a type takes."""


class ProfileSection(BaseModel):
    """Base of every section: values are frozen, unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
