"""Adding a wired device: what the probe proved about it, and the lines that say so."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from edge_agent.commissioning.assessment import Sense
from edge_agent.commissioning.counter_assessment import SAMPLE
from edge_agent.commissioning.identification import Report, Target
from edge_agent.commissioning.probe import proof_to_compare, run_probe
from edge_agent.commissioning.target import Place, bus_at, bus_named
from edge_agent.config.editor import TomlValue, with_section
from edge_agent.config.model import CounterSection, DeviceSection, GatewayConfig, ModbusTcpBus
from edge_agent.drivers.build import ModbusBus
from edge_agent.drivers.modbus.profile import Profile
from edge_agent.drivers.modbus.register_decode import AS_IN_PROFILE
from edge_agent.errors import BenchError

REASON_MIN = 8
"""A shorter reason is none that somebody else understands."""


@dataclass(frozen=True, slots=True)
class Wired:
    """A wired device that is to be added. ``proven`` is what a person tried, by the name of the doubt it settles."""

    name: str
    bus: ModbusBus
    is_new_bus: bool
    target: Target
    poll_s: float
    proven: Mapping[str, str]
    unproven: str | None
    by: str = ""


def bus_for(config: GatewayConfig, name: str | None, place: Place, new_name: str | None) -> tuple[ModbusBus, bool]:
    """The bus, and whether it is to be added. Raises ``BenchError``."""
    if name is not None:
        return bus_named(config, name), False
    if not place.is_given:
        known = ", ".join(bus.name for bus in config.bus) or "none yet"
        raise BenchError((f"where is it? Give --bus (there are: {known}), --host or --serial-port",))
    bus = bus_at(place)
    for there in config.bus:
        if isinstance(there, ModbusBus) and _address(there) == _address(bus):
            return there, False
    taken = {there.name for there in config.bus}
    if new_name in taken:
        raise BenchError((f"there is a bus {new_name!r} already, at another address: choose another --bus-name",))
    where = f"tcp-{bus.host}" if isinstance(bus, ModbusTcpBus) else f"rs485-{Path(bus.port).name}"
    base = new_name or re.sub(r"[^a-z0-9]+", "-", where.lower()).strip("-")[:50]
    chosen = next(name for name in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if name not in taken)
    return bus.model_copy(update={"name": chosen}), True


def _address(bus: ModbusBus) -> tuple[object, object]:
    return (getattr(bus, "host", None), bus.port)


def refuse_duplicates(config: GatewayConfig, wired: Wired) -> None:
    """Before anything is asked. Raises ``BenchError``."""
    faults = [*names_taken(config, wired.name)]
    faults += [
        f"{_part_shown(wired.target)} of bus {wired.bus.name} is {device.name} already: give the new one another unit "
        "id, or remove that one"
        for device in config.device
        if isinstance(device, DeviceSection)
        and (device.bus, device.unit) == (wired.bus.name, wired.target.unit)
        and _is_same_part(device, wired.target)
    ]
    if faults:
        raise BenchError(tuple(faults))


def _is_same_part(device: DeviceSection, target: Target) -> bool:
    """Whether two devices of one unit would have a value in common."""
    if device.input != target.input:
        return False
    return not device.metrics or not target.metrics or bool({*device.metrics} & {*target.metrics})


def _part_shown(target: Target) -> str:
    return f"unit {target.unit}" + (f", input {target.input}," if target.input else "")


def names_taken(config: GatewayConfig, name: str) -> tuple[str, ...]:
    """Why a new device cannot have this name."""
    groups = {
        "device": config.device,
        "scanner": config.scanner,
        "particle sensor": config.particle_sensor,
        "contact": config.contact,
    }
    return tuple(
        f"{kind} {name!r} is there already: choose another name"
        for kind, sections in groups.items()
        if name in [section.name for section in sections]
    )


def counter_of(
    profile: Profile,
    sizes_um: tuple[float, ...],
    flow_l_per_min: float | None,
    sample_s: int | None,
    *,
    keep_running: bool,
) -> CounterSection | None:
    """How the counter is set, as the options say; None for what is no counter. Raises ``BenchError``."""
    given = {"--size-um": sizes_um or None, "--flow-l-per-min": flow_l_per_min, "--sample-s": sample_s}
    if profile.counter is None:
        strange = [option for option, value in given.items() if value is not None]
        if strange or keep_running:
            raise BenchError(
                (f"{profile.name} is no particle counter: leave {strange[0] if strange else '--keep-running'} out",)
            )
        return None
    missing = [option for option, value in given.items() if value is None]
    if missing:
        raise BenchError(
            (
                f"{profile.name} is a particle counter, and needs {', '.join(missing)}: the sizes of its channels "
                "(smallest first, --size-um 0.5 --size-um 5), the nominal flow on its type plate (28.3 for 1 cfm), and "
                f"the sample time that is set, in seconds ({profile.notes})",
            )
        )
    try:
        return CounterSection.model_validate(
            {
                "sizes_um": sizes_um,
                "flow_l_per_min": flow_l_per_min,
                "sample_s": sample_s,
                "keep_running": keep_running,
            }
        )
    except ValidationError as error:
        raise BenchError(
            tuple(f"{e['loc'][0]}: {e['msg'].lower()}, not {e['input']!r}" for e in error.errors())
        ) from error


def proven_of(options: tuple[str, ...], profile: Profile) -> dict[str, str]:
    """``record-status=inlet blocked: 0x0002``, as typed, by doubt. Raises ``BenchError``."""
    known = [doubt.name for doubt in profile.doubt]
    proven: dict[str, str] = {}
    for option in options:
        name, _, how = option.partition("=")
        if name.strip() not in known:
            there_are = ", ".join(known) or "none"
            raise BenchError((f"--proven {option!r}: {profile.name} leaves open {there_are}",))
        if len(how.strip()) < REASON_MIN:
            raise BenchError((f"--proven {option!r}: say how, e.g. --proven '{name.strip()}=what was tried and seen'",))
        proven[name.strip()] = how.strip()
    return proven


def probed(wired: Wired, own_dir: Path | None, seen: dict[str, str], *, asks: bool) -> Report:
    """What the probe shows; where only a person can compare, the person is asked."""
    report = asyncio.run(run_probe(wired.bus, wired.target, own_dir, seen))
    if report.judgement.sense is Sense.PLAUSIBLE and wired.unproven is None and asks:
        seen |= _asked_for(report)  # before the values are shown, so that nobody copies them
        report = asyncio.run(run_probe(wired.bus, wired.target, own_dir, seen))
    return report


def added(text: str, wired: Wired, report: Report, today: date) -> str:
    """``text`` with the device, and with its bus if that is new. Raises ``BenchError`` if it is not proven."""
    comments = (_proof_comment(report, wired.unproven, today), *_doubts_comment(wired, report))
    settled = _settled(wired, report)
    if wired.is_new_bus:
        bus = wired.bus.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        text = with_section(text, "bus", bus)
    target = report.target
    poll_s = int(wired.poll_s) if wired.poll_s == int(wired.poll_s) else wired.poll_s
    device: dict[str, TomlValue] = {"name": wired.name, "bus": wired.bus.name, "profile": target.profile.name}
    device |= {"unit": target.unit, "poll_s": poll_s}
    if target.input is not None:
        device["input"] = target.input
    if target.metrics:
        device["metrics"] = target.metrics
    if target.variant.address_offset or target.profile.link.address_offset_choices:
        device["address_offset"] = target.variant.address_offset
    if target.variant.word_order is not None:
        device["word_order"] = target.variant.word_order
    if target.variant.fahrenheit:
        device["fahrenheit"] = True
    if settled:
        device["proven"] = settled
    return with_section(text, "device", device, comments, _tables(wired, report, today))


def _tables(wired: Wired, report: Report, today: date) -> dict[str, Mapping[str, TomlValue]]:
    tables: dict[str, Mapping[str, TomlValue]] = {}
    moving = {proof.name for proof in report.target.profile.proof if proof.moves}
    saw = {one.name: one.shown for one in report.judgement.proofs if one.fits and one.name not in moving}
    if report.judgement.sense is Sense.PROVEN:
        tables["proof"] = {"on": today, "by": wired.by, "profile": report.target.fingerprint, "saw": saw}
    if wired.target.counter is not None:
        tables["counter"] = wired.target.counter.model_dump(mode="json", exclude_defaults=True)
    return tables


def _settled(wired: Wired, report: Report) -> tuple[str, ...]:
    """The doubts of the model that are settled. Raises ``BenchError`` for those that are not."""
    faults, settled = [], []
    has_sample = any(one.name == SAMPLE and one.fits for one in report.judgement.values)
    for doubt in report.target.profile.doubt:
        if doubt.name in wired.proven or (doubt.settled_by_record and has_sample):
            settled.append(doubt.name)
            continue
        how = "let it take a sample, and add it then; or say" if doubt.settled_by_record else "try it, and say"
        faults.append(
            f"not added: the papers leave open {doubt.text}; {how} how it was proven: "
            f"--proven '{doubt.name}=what was tried and seen' ({report.target.profile.notes} says how to try it)"
        )
    if faults:
        raise BenchError(tuple(faults))
    return tuple(settled)


def _doubts_comment(wired: Wired, report: Report) -> tuple[str, ...]:
    sample = next((one.shown for one in report.judgement.values if one.name == SAMPLE and one.fits), "")
    return tuple(
        f"{doubt.name}: {wired.proven.get(doubt.name) or f'its sample of {sample} fits clock and sample time'}."
        for doubt in report.target.profile.doubt
        if doubt.name in wired.proven or (doubt.settled_by_record and sample)
    )


def _asked_for(report: Report) -> dict[str, str]:
    """What a person reads on the device, for each proof register that only a person can compare."""
    answers: dict[str, str] = {}
    print("\nLook at the device itself and type what is there; Enter if it cannot be seen.")
    for proof in report.judgement.proofs:
        label = next(p.label for p in report.target.profile.proof if p.name == proof.name)
        if proof.fits is None:
            typed = input(f"  {proof.name} ({label}): ").strip()
            if typed:
                answers[proof.name] = typed
    return answers


def _proof_comment(report: Report, unproven: str | None, today: date) -> str:
    judgement = report.judgement
    if judgement.sense is Sense.PROVEN:
        words = "; ".join(judgement.reasons).removeprefix("proof: ")
        return f"Proven {today}: {words}{_departures(report)}."
    why = "; ".join(judgement.reasons)
    if any(proof.fits is False for proof in judgement.proofs):
        raise BenchError((f"not added, a proof register contradicts, and no reason outweighs that: {why}",))
    if unproven is None:
        what = "it is silent" if report.is_silent else judgement.sense.name.lower()
        raise BenchError(
            (
                f"not added, because it is not proven ({what}): {why}",
                *(f"what makes sense instead: {other.says}" for other in report.others[:1]),
                *_how_to_prove(report),
            )
        )
    if report.target.open_variants and _is_open(report):
        raise BenchError(
            (
                f"not added, and no reason settles this: {why}",
                *report.advice,
                "or say it with --address-offset, --word-order",
            )
        )
    if len(unproven.strip()) < REASON_MIN:
        raise BenchError(
            ('--unproven needs a reason that somebody else understands later, e.g. "agrees with ref. 12"',)
        )
    return f"NOT PROVEN {today}: {unproven.strip()} ({why})"


def _how_to_prove(report: Report) -> tuple[str, ...]:
    name = proof_to_compare(report)
    if name is not None:
        return (f'give what you read on the device, e.g. --seen "{name}=...", or --unproven with a reason',)
    return ("mend that first, or give --unproven with a reason",)


def _is_open(report: Report) -> bool:
    return any("open between" in reason for reason in report.judgement.reasons) or report.is_silent


def _departures(report: Report) -> str:
    """What was found out about this unit, in words."""
    if not report.target.open_variants or report.target.variant == AS_IN_PROFILE:
        return ""
    variant = report.target.variant
    order = f", {variant.word_order.replace('_', ' ')}" if variant.word_order else ""
    return f"; this settles address offset {variant.address_offset}{order}"
