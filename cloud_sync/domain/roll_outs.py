"""A release goes out in waves: who is in which, and whether a gateway is worse off with it than before."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge_agent.domain.fleet.heartbeats import Health, ReleaseStanding

WAVES_MAX = 20
SOAK_DEFAULT = timedelta(minutes=60)
PATIENCE = timedelta(hours=24)
"""A gateway that has not installed a release so long after its order counts as worse: somebody has to look at it."""
STARTS_BEYOND_UPGRADE = 3
ERRORS_MORE_PER_H = 5.0
WAITING_MORE = 1000
RECEIPT_LATE_S = 600.0
USED_MORE_BYTES = 20_000_000

_SHARE = re.compile(r"([1-9][0-9]?|100)%")
_COHORT = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")


class NoWaves(ValueError):
    """Waves that cannot be read; says why."""


@dataclass(frozen=True, slots=True)
class Member:
    """A gateway, and the cohort that it was put in; "" for none."""

    name: str
    cohort: str = ""


def waves_of(text: str) -> tuple[str, ...]:
    """Waves as they are typed: names of cohorts, shares of the whole fleet, ``all``. Raises ``NoWaves``.

    >>> waves_of("canary, 10%, all")
    ('canary', '10%', 'all')
    """
    waves = tuple(each.strip() for each in text.split(",") if each.strip())
    if not 1 <= len(waves) <= WAVES_MAX:
        raise NoWaves(f"write one to {WAVES_MAX} waves, for example: canary, 10%, all")
    for wave in waves:
        if not _SHARE.fullmatch(wave) and not _COHORT.fullmatch(wave):
            raise NoWaves(f"{wave[:60]!r} is no wave: write the name of a cohort, a share such as 10%, or all")
    return waves


def planned(fleet: Iterable[Member], waves: Sequence[str], *, seed: str) -> dict[str, int]:
    """The wave (from 1) of each gateway that is in one. A share is of the whole fleet and counts who went before; who
    goes first is drawn by ``seed``, the same each time."""
    members = sorted(fleet, key=lambda each: hashlib.sha256(f"{seed}/{each.name}".encode()).digest())
    found: dict[str, int] = {}
    for number, wave in enumerate(waves, start=1):
        if share := _SHARE.fullmatch(wave):
            wanted = -(-len(members) * int(share[1]) // 100)
            left = [each.name for each in members if each.name not in found]
            found |= dict.fromkeys(left[: max(0, wanted - len(found))], number)
        else:
            chosen = (each.name for each in members if wave == "all" or each.cohort == wave)
            found |= {name: number for name in chosen if name not in found}
    return found


def is_worse(before: Health, after: Health) -> tuple[str, ...]:
    """In what a gateway is worse off than before, each in words; empty if in nothing."""
    return tuple(_worse(before, after))


def verdict(
    version: str, standing: ReleaseStanding, before: Health, after: Health, *, ordered_at: datetime,
    reached_at: datetime | None, heard_at: datetime, soak: timedelta, at: datetime,
) -> tuple[str, ...] | None:  # fmt: skip
    """What speaks against a release at one gateway: nothing (``()``) or faults in words; None: too early to say."""
    if standing.tried == version and standing.last in ("refused", "rolled_back"):
        return (f"the release was {standing.last.replace('_', ' ')}: {standing.reason}",)
    if reached_at is None:
        late = at - ordered_at > PATIENCE
        return (f"not installed within {PATIENCE.total_seconds() / 3600:.0f} hours",) if late else None
    if at - heard_at > max(soak, timedelta(minutes=10)):
        return (f"nothing was heard of it since {heard_at:%Y-%m-%d %H:%M} UTC",)
    if found := is_worse(before, after):
        return found
    return () if heard_at - reached_at >= soak else None


def _worse(before: Health, after: Health) -> Iterable[str]:
    starts = after.starts - before.starts
    if starts > STARTS_BEYOND_UPGRADE:
        yield f"it started {starts} times"
    was, now = _per_hour(before), _per_hour(after)
    if now > 2 * was + ERRORS_MORE_PER_H:
        yield f"{now:.0f} errors an hour instead of {was:.0f}"
    if after.waiting > 2 * before.waiting + WAITING_MORE:
        yield f"{after.waiting} records wait instead of {before.waiting}"
    if after.receipt_age_s > max(RECEIPT_LATE_S, 2 * before.receipt_age_s):
        yield f"no receipt for {after.receipt_age_s:.0f} s, though records wait"
    if after.used_bytes > 1.5 * before.used_bytes + USED_MORE_BYTES:
        yield f"its journal takes {after.used_bytes} bytes instead of {before.used_bytes}"


def _per_hour(health: Health) -> float:
    return health.errors / max(health.uptime_s / 3600, 1.0)
