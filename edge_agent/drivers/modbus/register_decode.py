"""From registers to values, without any I/O: what to ask for, and what an answer is worth.

A value is good, or it is invalid with a quality and a reason: by a status register (``fault``, or ``stale`` where
the register tells that values are old), NaN or infinity, a sentinel (``fault``), or because no such sensor can measure
it (``range``). One value that cannot be true condemns the others of its frame: a sensor element sends them together,
and half a dead frame often looks sensible. An invalid value is never passed on.
"""

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.dead_values import are_partners, condemns, is_all_zero, is_dead_value, is_nearly_nothing
from edge_agent.drivers.modbus.pdu import ReadFunction, Request
from edge_agent.drivers.modbus.profile import Metric, Profile, Proof, Status
from edge_agent.drivers.modbus.profile_parts import WordOrder

Registers = Mapping[tuple[int, int], int]
"""Register contents (0 to 0xFFFF), or bits, by function code and the address that the profile gives."""

DECIMALS = 6
"""Values are rounded to this: finer than any sensor, and free of binary noise such as 0.30000000000000004."""

GRAVEST_FIRST = (Quality.FAULT, Quality.RANGE, Quality.SUSPECT, Quality.STALE)
"""What the quality of several invalid metrics is: the gravest."""


@dataclass(frozen=True, slots=True)
class Variant:
    """How one delivered unit differs from its profile: what is added to addresses, word order, and °F for °C."""

    address_offset: int = 0
    word_order: WordOrder | None = None
    fahrenheit: bool = False


AS_IN_PROFILE = Variant()
"""A unit that is just like its profile."""


@dataclass(frozen=True, slots=True)
class InvalidValue:
    """A metric without a good value, and why."""

    metric: str
    quality: Quality
    detail: str
    condemns: bool = False
    """Whether it shows that nothing of its frame was measured."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one poll of a device brought: good values by metric, and the metrics that are invalid."""

    values: dict[str, float] = field(default_factory=dict)
    invalid: tuple[InvalidValue, ...] = ()

    @property
    def quality(self) -> Quality:
        """``GOOD`` if nothing is invalid, else the gravest quality: a fault before a range before staleness."""
        qualities = {one.quality for one in self.invalid}
        return next((quality for quality in GRAVEST_FIRST if quality in qualities), Quality.GOOD)

    @property
    def detail(self) -> str:
        """Why metrics are invalid, in words; empty if none is. What several have in common is said once."""
        reasons: dict[str, list[str]] = {}
        for one in self.invalid:
            reasons.setdefault(one.detail, []).append(one.metric)
        return "; ".join(f"{', '.join(metrics)}: {detail}" for detail, metrics in reasons.items())


@dataclass(frozen=True, slots=True)
class ProofResult:
    """What a proof register shows. ``holds`` is None when only a person can tell (compare with ``wanted``)."""

    name: str
    shown: str
    wanted: str
    holds: bool | None


def plan_requests(profile: Profile) -> tuple[Request, ...]:
    """The fewest requests that read all metrics and status registers of ``profile`` within its limits.

    No value is ever split over two requests, since its halves would come from different instants.
    """
    link = profile.link
    parts: tuple[Metric | Status, ...] = (*profile.metric, *profile.status)
    spans = sorted((profile.function_of(part), part.address, part.address + part.words) for part in parts)
    merged: list[tuple[ReadFunction, int, int]] = []
    for function, start, end in spans:
        if merged and merged[-1][0] == function:
            _, first, reached = merged[-1]
            last = max(reached, end)
            if start <= reached + link.gap_max and last - first <= link.registers_max:
                merged[-1] = (function, first, last)
                continue
        merged.append((function, start, end))
    return tuple(Request(function, start, end - start) for function, start, end in merged)


def decode(profile: Profile, registers: Registers, variant: Variant = AS_IN_PROFILE) -> Decoded:
    """The values in ``registers``, which must cover :func:`plan_requests`."""
    order = variant.word_order or profile.link.word_order
    bad = _bad_by_status(profile, registers, order)
    values: dict[str, float] = {}
    invalid: list[InvalidValue] = []
    for metric in profile.metric:
        raw = _raw(profile, metric, registers, order)
        found = bad.get(metric.name) or _value(metric, raw, variant)
        if isinstance(found, InvalidValue):
            invalid.append(found)
        else:
            values[metric.name] = found
    if is_all_zero(values, _words_of(profile, registers)):
        detail = "every register is 0: the sensor element does not answer, or these are not its registers"
        return Decoded({}, (*invalid, *(InvalidValue(name, Quality.FAULT, detail) for name in values)))
    for culprit in [one for one in invalid if one.condemns]:
        for name in [name for name in values if are_partners(name, culprit.metric)]:
            detail = f"{culprit.metric} came in the same frame and is impossible"
            invalid.append(InvalidValue(name, culprit.quality, detail))
            del values[name]
    return Decoded(values, tuple(invalid))


def check_proof(
    profile: Profile, proof: Proof, registers: Mapping[int, int], variant: Variant = AS_IN_PROFILE
) -> ProofResult:
    """Whether a proof register shows what it must, with both in words for the person at the bench. ``registers`` are
    its own, by address."""
    words = [_ordered(profile, registers[proof.address + at]) for at in range(proof.words)]
    shown = _shown(proof, words, variant.word_order or profile.link.word_order)
    if proof.expect is None:
        return ProofResult(proof.name, _text(shown), proof.label or "", None)
    if isinstance(proof.expect, str) or isinstance(shown, str):
        return ProofResult(proof.name, _text(shown), _text(proof.expect), shown == proof.expect)
    holds = math.isclose(shown, proof.expect, rel_tol=1e-6)
    return ProofResult(proof.name, _text(shown), _text(proof.expect), holds)


def _bad_by_status(profile: Profile, registers: Registers, order: WordOrder | None) -> dict[str, InvalidValue]:
    bad: dict[str, InvalidValue] = {}
    for status in sorted(profile.status, key=lambda status: status.quality != "fault"):  # wrong goes before old
        raw = _raw(profile, status, registers, order)
        if _is_good(status, raw):
            continue
        for metric in status.invalidates or tuple(metric.name for metric in profile.metric):
            bad.setdefault(metric, InvalidValue(metric, Quality(status.quality), f"status {status.name!r} is {raw:#x}"))
    return bad


def _is_good(status: Status, raw: int) -> bool:
    if status.good_equals is not None:
        return raw == status.good_equals
    return raw & (status.bad_bits or 0) == 0


def _value(metric: Metric, raw: int, variant: Variant) -> float | InvalidValue:
    name = metric.name
    if raw in metric.sentinels:
        return InvalidValue(name, Quality.FAULT, f"the device has no value (it sends {raw:#x})")
    number = metric_number(metric, raw)
    if number is None:
        return InvalidValue(name, Quality.FAULT, f"{raw:#x} is no decimal number", condemns=True)
    value = _in_unit(metric, number * metric.scale + metric.offset, variant)
    if not math.isfinite(value):
        return InvalidValue(name, Quality.FAULT, f"the device has no value (it sends {raw:#x}, which is {value})")
    if is_dead_value(metric.element, name, value):
        detail = f"{value:.6g} is what a {metric.element} sends when it has no value"
        return InvalidValue(name, Quality.FAULT, detail, condemns=True)
    if metric.type.startswith("float") and is_nearly_nothing(name, number):
        detail = f"{number:.3g} is nearly nothing, though its registers are not zero: swapped words do that"
        return InvalidValue(name, Quality.FAULT, detail, condemns=True)
    value = round(value, DECIMALS) + 0.0  # the sum makes -0.0 a 0.0
    if not metric.min <= value <= metric.max:
        detail = f"{value:.6g} is beyond what the sensor can measure ({metric.min:g} to {metric.max:g})"
        return InvalidValue(name, Quality.RANGE, detail, condemns(name, value, metric.min, metric.max))
    return value


def _in_unit(metric: Metric, value: float, variant: Variant) -> float:
    """In the unit that ends the metric's name."""
    if metric.source_unit == "kelvin":
        return value - 273.15
    is_fahrenheit = metric.source_unit == "fahrenheit" or (variant.fahrenheit and metric.name.endswith("_c"))
    return (value - 32) / 1.8 if is_fahrenheit else value


def _raw(profile: Profile, part: Metric | Status, registers: Registers, order: WordOrder | None) -> int:
    """The register contents as one unsigned number."""
    function = profile.function_of(part)
    words = [registers[function, part.address + at] for at in range(part.words)]
    return joined(words if function in (1, 2) else [_ordered(profile, word) for word in words], order)


def _words_of(profile: Profile, registers: Registers) -> Iterator[int]:
    """The registers of all metrics."""
    for metric in profile.metric:
        yield from (registers[profile.function_of(metric), metric.address + at] for at in range(metric.words))


def _ordered(profile: Profile, word: int) -> int:
    """A word whose low byte came first, the right way round."""
    return word if profile.link.byte_order == "high_first" else (word & 0xFF) << 8 | word >> 8


def joined(words: Sequence[int], order: WordOrder | None) -> int:
    """One or more registers as one unsigned number; without ``order``, the low word comes first."""
    number = 0
    for word in words if order == "high_first" else reversed(words):
        number = number << 16 | word
    return number


_FORMATS = {
    "int16": (">H", ">h"),
    "int32": (">I", ">i"),
    "int64": (">Q", ">q"),
    "float32": (">I", ">f"),
    "float64": (">Q", ">d"),
}


def number_of(value_type: str, raw: int) -> float:
    """The number that the bits of ``raw`` are in ``value_type``."""
    if value_type not in _FORMATS:
        return raw
    unsigned, wanted = _FORMATS[value_type]
    return float(struct.unpack(wanted, struct.pack(unsigned, raw))[0])


def metric_number(metric: Metric, raw: int) -> float | None:
    """The number that the device means, before scale and offset; None if its digits are none."""
    if metric.type.startswith("bcd"):
        digits = f"{raw:x}"
        return int(digits) if digits.isdecimal() else None
    if metric.negative_from is not None and raw >= metric.negative_from:
        return metric.negative_from - raw
    return number_of(metric.type, raw)


def _shown(proof: Proof, words: list[int], order: WordOrder | None) -> float | str:
    if proof.type == "text":
        raw = b"".join(word.to_bytes(2, "big") for word in words)
        return raw.rstrip(b"\0 ").decode("ascii", errors="backslashreplace")
    if proof.type in ("hex16", "bcd32"):  # binary coded decimals read as their hex digits do; the high word is first
        return "".join(f"{word:04x}" for word in words)
    return number_of(proof.type, joined(words, order))


def _text(shown: float | str) -> str:
    return shown if isinstance(shown, str) else f"{shown:.8g}"
