"""What every section of the configuration has: no unknown keys, and names of one form."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=60, examples=["cold-room-1"])]
"""Lower-case letters, digits, dot, dash and underscore."""
DevicePath = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$", max_length=120, examples=["fridge-a/probe-1"])
]
"""Names joined by slashes, e.g. ``fridge-a/probe-1``."""


class Section(BaseModel):
    """Base of every section: values are frozen, unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
