"""Which questions to ask a device to find out what it is, and whether it is what it is taken for."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from edge_agent.commissioning.advice import advice_on_silence
from edge_agent.commissioning.assessment import Judgement, Sense, hints_on_scale, is_order_open, judge, other_variants
from edge_agent.commissioning.assessment_parts import ReadRegisters
from edge_agent.commissioning.transcript import Exchange, ExchangeOutcome, PortState, TranscriptLine, connect
from edge_agent.config.model import CounterSection, ModbusTcpBus
from edge_agent.drivers.modbus.pdu import Request
from edge_agent.drivers.modbus.profile import Profile, Proof
from edge_agent.drivers.modbus.register_decode import AS_IN_PROFILE, Variant, plan_requests
from edge_agent.drivers.particles.counter_decode import requests_for
from edge_agent.drivers.particles.profile_counter import CounterProfile

SILENCES_MAX = 2
"""After so many unanswered attempts in a row nothing more is asked under an assumption."""
SEARCH_TIMEOUT_S = 0.3
"""How long a unit id is given that is only a guess."""
OTHER_UNITS = (1, 2, 240, 242, 247)
"""Unit ids that makers like; asked when the expected one is silent."""
OWN_UNITS = (0, 255)
"""Over TCP, how many devices with Ethernet call themselves. On a serial line 0 is a broadcast, and never asked."""


class Budget:
    """How long a search may go on. Asked between questions, so that it ends one question late at most."""

    def __init__(self, budget_s: float) -> None:
        self._until_s = time.monotonic() + budget_s

    @property
    def is_spent(self) -> bool:
        """Whether it is time to stop."""
        return time.monotonic() >= self._until_s


@dataclass(frozen=True, slots=True)
class Target:
    """One device at the bench: where it is and what it is taken for.

    ``open_variants`` are all between which the maker's papers leave a doubt that nobody has settled: proof registers
    decide between them. ``counter`` is how a particle counter is set, if it is known. ``input`` and ``metrics`` say
    which part of its unit it is; ``fingerprint`` is that of the whole register map.
    """

    unit: int
    profile: Profile
    variant: Variant = AS_IN_PROFILE
    open_variants: tuple[Variant, ...] = ()
    counter: CounterSection | None = None
    input: int | None = None
    metrics: tuple[str, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What probing a device showed. ``others`` are assumptions that fit better, best first."""

    endpoint: str
    target: Target
    judgement: Judgement
    exchanges: tuple[Exchange, ...]
    others: tuple[Judgement, ...]
    advice: tuple[str, ...]

    @property
    def is_silent(self) -> bool:
        """Whether not a single answer came from the unit."""
        return not any(exchange.is_alive for exchange in self.exchanges)


async def probe(
    line: TranscriptLine, target: Target, profiles: Sequence[Profile], seen: Mapping[str, str], budget: Budget
) -> Report:
    """Read the device as it is taken for; if that makes no sense, find out what makes more."""
    judgement, doubt = await _judge_open(line, target, seen)
    target = replace(target, variant=judgement.variant)
    exchanges = tuple(line.asked)
    others: tuple[Judgement, ...] = ()
    advice: tuple[str, ...] = ()
    if not any(exchange.is_alive for exchange in exchanges):
        advice = await _advice_on_silence(line, target, exchanges, budget)
    elif judgement.sense < Sense.PLAUSIBLE:
        found = await identify(line, target.unit, [target.profile], seen, budget, target.counter)
        if not any(one.sense >= Sense.PLAUSIBLE for one in found):
            rest = [profile for profile in profiles if profile.name != target.profile.name]
            found = (*found, *await identify(line, target.unit, rest, seen, budget))
            found = tuple(sorted(found, key=_rank, reverse=True))
        others = tuple(other for other in found if other.rank > judgement.rank and other.sense > Sense.WRONG)
        advice = tuple(hints_on_scale(judgement))
    return Report(line.endpoint, target, judgement, exchanges, others, (*doubt, *advice))


async def _judge_open(
    line: TranscriptLine, target: Target, seen: Mapping[str, str]
) -> tuple[Judgement, tuple[str, ...]]:
    """What it is, with what the papers leave open settled by proof registers; and why it is not, if they cannot."""
    judgements = []
    for variant in target.open_variants or (target.variant,):
        heard = await hear(line, target.unit, target.profile, variant)
        judgements.append(judge(target.profile, variant, heard, seen, target.counter))
        if not any(exchange.is_alive for exchange in line.asked):
            break
    best = max(judgements, key=_rank)
    equals = [one for one in judgements if one.sense is best.sense and one.rank[:2] == best.rank[:2]]
    if len(equals) == 1 or best.sense < Sense.ODD:
        return best, ()
    listed = " or ".join(_departure(one, target) for one in equals)
    doubt = f"open between {listed}: nothing that was compared tells them apart"
    sense = min(best.sense, Sense.PLAUSIBLE)
    return replace(best, sense=sense, reasons=(*best.reasons, doubt)), _how_to_settle(target)


def _departure(judgement: Judgement, target: Target) -> str:
    variant, words = judgement.variant, []
    if len({one.address_offset for one in target.open_variants}) > 1:
        words.append(f"address_offset = {variant.address_offset}")
    if len({one.word_order for one in target.open_variants}) > 1:
        words.append(f'word_order = "{variant.word_order}"')
    return ", ".join(words)


def _how_to_settle(target: Target) -> tuple[str, ...]:
    proofs = [proof for proof in target.profile.proof if proof.label is not None]
    if is_order_open(target.profile):
        proofs = [proof for proof in proofs if proof.type in ("int32", "uint32", "float32")] or proofs
    told = [f'--seen "{proof.name}=..." ({proof.label})' for proof in proofs[:1]]
    return (*told, f"how to prove it: {target.profile.notes}")


async def identify(
    line: TranscriptLine,
    unit: int,
    profiles: Iterable[Profile],
    seen: Mapping[str, str],
    budget: Budget,
    counter: CounterSection | None = None,
) -> tuple[Judgement, ...]:
    """What a unit probably is, best first: each profile as its papers say, and if none makes sense, with other offsets
    and word orders. ``counter`` is how it is set, if it is a particle counter and that is known."""
    known = tuple(profile.at_input(1) if profile.link.inputs > 1 else profile for profile in profiles)
    found: list[Judgement] = []
    for assumptions in (_as_papers_say(known), _departures(known)):
        if any(one.sense >= Sense.PLAUSIBLE for one in found):
            break
        for profile, variant in assumptions:
            if budget.is_spent or any(one.sense is Sense.PROVEN for one in found):
                break
            heard = await hear(line, unit, profile, variant)
            found.append(judge(profile, variant, heard, seen, counter))
    return tuple(sorted((one for one in found if one.sense > Sense.WRONG), key=_rank, reverse=True))


async def hear(line: TranscriptLine, unit: int, profile: Profile, variant: Variant) -> ReadRegisters:
    """Read all registers of ``profile``: values, status, proof. Gives up after the second unanswered attempt."""
    registers: dict[tuple[int, int], int] = {}
    proofs: dict[str, dict[int, int]] = {}
    faults: dict[str, list[str]] = {}
    silences = 0
    wanted: list[tuple[str, Request]] = [("", request) for request in plan_requests(profile)]
    if profile.counter is not None:
        both = (*profile.counter.device_cells(), *profile.counter.record_cells())
        wanted += [("", request) for request in requests_for(profile, both)]
    wanted += [(proof.name, _request_of(profile, proof)) for proof in profile.proof]
    for proof_name, request in wanted:
        at = request.address + variant.address_offset
        if not 0 <= at <= 0x10000 - request.count:
            said = f"address_offset {variant.address_offset} moves it out of all addresses"
            faults.setdefault(said, []).append(f"register {request.address:#06x}")
            continue
        exchange = await line.ask(unit, replace(request, address=at))
        if exchange.outcome is ExchangeOutcome.ANSWERED:
            if proof_name:
                proofs.setdefault(proof_name, {}).update(enumerate(exchange.words, start=request.address))
            else:
                registers |= {(request.function, request.address + n): word for n, word in enumerate(exchange.words)}
            silences = 0
            continue
        subject = proof_name or f"registers from {at:#06x}"
        faults.setdefault(exchange.said, []).append(subject)
        silences = 0 if exchange.is_alive else silences + line.attempts
        if exchange.outcome is ExchangeOutcome.NO_CONNECTION or silences >= SILENCES_MAX:
            break
    is_whole = profile.counter is not None and _covers(registers, profile.counter)
    cells = registers if is_whole else {}  # half of a counter's registers is nothing to judge
    told = tuple(f"{', '.join(subjects)}: {said}" for said, subjects in faults.items())
    return ReadRegisters(registers, proofs, cells, told)


def _covers(cells: Mapping[tuple[int, int], int], counter: CounterProfile) -> bool:
    wanted = (*counter.device_cells(), *counter.record_cells())
    return all((cell.function, cell.address + at) in cells for cell in wanted for at in range(cell.words))


async def is_there(line: TranscriptLine, unit: int) -> Exchange:
    """Ask a unit for anything at all. Any answer will do, an exception too."""
    exchange = await line.ask(unit, Request(3, 0, 1))
    if exchange.outcome is ExchangeOutcome.SILENT:
        return await line.ask(unit, Request(4, 1, 1))  # cheap sensors are silent to functions they do not know
    return exchange


def _request_of(profile: Profile, proof: Proof) -> Request:
    return Request(proof.function or profile.link.function, proof.address, proof.words)


def _rank(judgement: Judgement) -> tuple[int, int, int, int]:
    return judgement.rank


def _as_papers_say(profiles: Sequence[Profile]) -> Iterable[tuple[Profile, Variant]]:
    for profile in profiles:
        for offset in profile.link.address_offset_choices or (0,):
            yield profile, Variant(offset)


def _departures(profiles: Sequence[Profile]) -> Iterable[tuple[Profile, Variant]]:
    for profile in profiles:
        stated = {Variant(offset) for offset in profile.link.address_offset_choices or (0,)}
        yield from ((profile, other) for other in other_variants(profile, AS_IN_PROFILE) if other not in stated)


async def _advice_on_silence(
    line: TranscriptLine, target: Target, exchanges: Sequence[Exchange], budget: Budget
) -> tuple[str, ...]:
    """What to look at, after connecting and polling the unit ids that makers use."""
    last = exchanges[-1]
    door: PortState | None = None
    answering: list[int] = []
    if last.outcome is ExchangeOutcome.NO_CONNECTION:
        if isinstance(line.bus, ModbusTcpBus):
            door = await connect(line.bus, line.bus.timeout_s)
        return advice_on_silence(line.bus, target.unit, target.profile, last, door, ())
    await line.let_go()
    hasty = line.bus.model_copy(update={"timeout_s": min(line.bus.timeout_s, SEARCH_TIMEOUT_S)})
    with TranscriptLine(hasty, [target.profile], attempts=1) as search:
        own = OWN_UNITS if isinstance(line.bus, ModbusTcpBus) and line.bus.framer == "tcp" else ()
        for unit in dict.fromkeys((target.profile.link.unit, *own, *OTHER_UNITS)):
            if unit != target.unit and not budget.is_spent and (await is_there(search, unit)).is_alive:
                answering.append(unit)
    return advice_on_silence(line.bus, target.unit, target.profile, last, door, answering)
