"""Messages of pharmacy systems and cabinets."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from cloud_sync.api.schemas.common import Schema

Outcome = Literal["booked", "with_cases", "ordered", "noted", "not_understood", "refused"]


class HospitalMessageOut(Schema):
    """A message and what became of it last; its content may hold personal data and is not given."""

    id: int
    connection: str = Field(description="Who sent it.")
    format: str
    kind: str
    control_id: str
    received_at: datetime
    bytes: int
    outcome: Outcome | None = Field(description="None: it is being read.")
    told: str | None = Field(description="What there is to say of it, such as why it was not understood.")
