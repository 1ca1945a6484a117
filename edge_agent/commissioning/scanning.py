"""Search buses for units, and networks for Modbus TCP endpoints: bounded, and only where it was asked to."""

import asyncio
import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from edge_agent.commissioning.advice import WHO_USES_IT
from edge_agent.commissioning.assessment import Judgement
from edge_agent.commissioning.identification import Budget, identify, is_there
from edge_agent.commissioning.transcript import Exchange, ExchangeOutcome, TranscriptLine
from edge_agent.drivers.build import ModbusBus
from edge_agent.drivers.modbus.ports import CANNOT_BE_SET, IN_USE
from edge_agent.drivers.modbus.profile import Profile
from edge_agent.errors import BenchError

HOSTS_MAX = 256
CONNECTS_AT_ONCE = 32
CONNECT_S = 1.0
UNLIKELY_UNIT = 231
"""A unit id that hardly anyone sets: an endpoint that answers to it answers to any."""
ALIKE_MAX = 3
"""After so many units in a row that answer alike, the unlikely one is asked."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A unit that answers, and what it probably is, best first."""

    bus: ModbusBus
    endpoint: str
    unit: int
    candidates: tuple[Judgement, ...]
    note: str = ""


@dataclass(slots=True)
class DeviceSearch:
    """What a search has found so far, so that one that is broken off is not for nothing.

    ``closed`` are endpoints that cannot be opened at all, whatever their settings.
    """

    found: list[FoundDevice]
    notes: list[str]
    asked: int = 0
    closed: set[str] = field(default_factory=set)


def units_of(text: str) -> tuple[int, ...]:
    """``1-10,240`` as numbers, each once. Raises ``BenchError``."""
    units: list[int] = []
    for part in text.replace(" ", "").split(","):
        match = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part)
        first = int(match[1]) if match else -1
        last = int(match[2] or first) if match else -1
        if not 0 <= first <= last <= 255:
            raise BenchError((f"--units {text!r}: write numbers from 1 to 247, e.g. 1-10,240",))
        units += range(first, last + 1)
    return tuple(dict.fromkeys(units))


def likely_units(profiles: Iterable[Profile]) -> tuple[int, ...]:
    """1 to 10, and what the known models have as delivered."""
    return tuple(sorted({*range(1, 11), *(profile.link.unit for profile in profiles)}))


def hosts_of(subnet: str) -> tuple[str, ...]:
    """The addresses of a small network. Raises ``BenchError``."""
    try:
        network = ipaddress.ip_network(subnet, strict=False)
    except ValueError as error:
        raise BenchError((f"--subnet {subnet!r} is no network ({error}); write e.g. 192.168.1.0/24",)) from error
    if network.num_addresses > HOSTS_MAX:
        raise BenchError((f"--subnet {subnet} has {network.num_addresses} addresses; {HOSTS_MAX} are the most (/24)",))
    return tuple(str(host) for host in network.hosts())


async def open_hosts(hosts: Sequence[str], port: int, progress: Progress) -> tuple[str, ...]:
    """Those of ``hosts`` that take a connection on ``port``."""
    gate = asyncio.Semaphore(CONNECTS_AT_ONCE)
    tried = 0

    async def connect(host: str) -> bool:
        nonlocal tried
        async with gate:
            is_open = await _takes_connections(host, port)
        tried += 1
        progress(f"{tried} of {len(hosts)} addresses asked")
        return is_open

    answers = await asyncio.gather(*(connect(host) for host in hosts))
    return tuple(host for host, is_open in zip(hosts, answers, strict=True) if is_open)


async def search_units(
    line: TranscriptLine,
    units: Sequence[int],
    profiles: Sequence[Profile],
    budget: Budget,
    search: DeviceSearch,
    progress: Progress,
) -> None:
    """Ask ``units`` one after the other and say in ``search`` which answer and what they probably are."""
    alike: list[tuple[object, ...]] = []
    for number, unit in enumerate(units, start=1):
        if budget.is_spent:
            search.notes.append(
                f"{line.endpoint}: time is up at unit {unit}; go on with --units {unit}-... or --budget-s"
            )
            return
        progress(f"{line.endpoint}: unit {unit} ({number} of {len(units)}), {len(search.found)} found")
        answer = await is_there(line, unit)
        if answer.outcome is ExchangeOutcome.NO_CONNECTION:
            _no_connection(line, answer, search)
            return
        search.asked += 1
        if not answer.is_alive:
            continue
        alike.append(_gist(answer))
        answers_to_any = await _answers_to_any(line, alike)
        candidates = await identify(line, unit, profiles, {}, budget)
        note = "answers to any unit id" if answers_to_any else "" if candidates else "answers, but is no model we know"
        if answers_to_any:
            _forget_likes(search, line.endpoint, candidates)
        search.found.append(
            FoundDevice(line.bus, line.endpoint, unit if not answers_to_any else units[0], candidates, note)
        )
        if answers_to_any:
            return


def _no_connection(line: TranscriptLine, answer: Exchange, search: DeviceSearch) -> None:
    note = answer.said if answer.said.startswith(line.endpoint) else f"{line.endpoint}: {answer.said}"
    if IN_USE in note:
        note += f"; {WHO_USES_IT}"
    if note not in search.notes:
        search.notes.append(note)
    if CANNOT_BE_SET not in note:
        search.closed.add(line.endpoint)


async def _answers_to_any(line: TranscriptLine, alike: list[tuple[object, ...]]) -> bool:
    if len(alike) < ALIKE_MAX or len(set(alike[-ALIKE_MAX:])) > 1:
        return False
    answer = await is_there(line, UNLIKELY_UNIT)
    return answer.is_alive and _gist(answer) == alike[-1]


def _forget_likes(search: DeviceSearch, endpoint: str, candidates: tuple[Judgement, ...]) -> None:
    """The units found before were the same device."""
    models = {candidate.profile.name for candidate in candidates}
    search.found[:] = [
        one
        for one in search.found
        if one.endpoint != endpoint or not models.issuperset(c.profile.name for c in one.candidates)
    ]


def _gist(answer: Exchange) -> tuple[object, ...]:
    return (answer.request, answer.outcome, answer.words)


async def _takes_connections(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
