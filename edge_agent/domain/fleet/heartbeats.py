"""What a gateway tells of itself every minute: what it runs, and how it is. Both sides ignore what they do not know."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

PATH = "/v1/heartbeats"
BODY_BYTES_MAX = 1 << 20
EVERY_S = 60.0

Word = Annotated[str, Field(max_length=40, pattern=r"^[a-z_]*$")]
Said = Annotated[str, Field(max_length=2000)]
Count = Annotated[int, Field(ge=0, lt=2**62)]


class ConfigStanding(BaseModel):
    """Which configuration runs.

    ``version`` is the ledger's, None if it never handed one out; ``sha256`` is of what is in the file now. ``state``:
    ``unmanaged``, ``running``, ``probation``, ``drifted``, ``unreadable``. ``last``: what became of the version that
    was ``tried`` last and does not run: ``refused`` or ``rolled_back``, and why. ``toml`` is the managed part,
    without secrets, where it is not the ledger's; ``parts`` are then the digests of the files that came with it
    (``managed_config.parts_of``). ``takes``: what else than a managed part and profiles it can be handed.
    """

    model_config = ConfigDict(frozen=True)

    version: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    state: Word
    tried: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    last: Word = ""
    reason: Said = ""
    toml: Annotated[str, Field(max_length=300_000)] | None = None
    parts: (
        Annotated[
            dict[Annotated[str, Field(max_length=120)], Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]],
            Field(max_length=300),
        ]
        | None
    ) = None
    takes: Annotated[tuple[Word, ...], Field(max_length=20)] = ()


class ReleaseStanding(BaseModel):
    """Which release runs: ``version`` of the program; ``state``: ``running``, ``probation``, ``fetching``. ``tried``,
    ``last`` and ``reason`` as of a configuration."""

    model_config = ConfigDict(frozen=True)

    version: Annotated[str, Field(max_length=60)]
    state: Word = "running"
    tried: Annotated[str, Field(max_length=60)] = ""
    last: Word = ""
    reason: Said = ""


class Health(BaseModel):
    """Figures by which a gateway before and after a change is compared.

    ``starts`` counts for ever; ``errors`` since the start; ``receipt_age_s`` is how long ago the last receipt came
    while something waits to be sent, 0 if nothing does.
    """

    model_config = ConfigDict(frozen=True)

    starts: Count = 0
    uptime_s: Annotated[float, Field(ge=0, lt=1e12)] = 0.0
    errors: Count = 0
    waiting: Count = 0
    used_bytes: Count = 0
    receipt_age_s: Annotated[float, Field(ge=0, lt=1e12)] = 0.0


class Heartbeat(BaseModel):
    """One heartbeat. ``protocols``: the versions of the wire format that the gateway can write."""

    model_config = ConfigDict(frozen=True)

    gateway: Annotated[str, Field(min_length=1, max_length=100)]
    protocols: Annotated[tuple[Annotated[int, Field(ge=1, le=1000)], ...], Field(max_length=20)] = (1,)
    config: ConfigStanding
    release: ReleaseStanding
    health: Health = Health()


def signed_path(body_sha256: str) -> str:
    """As which path a gateway signs a heartbeat: its body belongs to it."""
    return f"{PATH}#{body_sha256}"
