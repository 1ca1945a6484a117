"""What a device profile says, told to whoever wrote it, before any device is asked. Pure."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.drivers.modbus.pdu import Request, words_of
from edge_agent.drivers.modbus.profile import Metric, Profile, Status
from edge_agent.drivers.modbus.register_decode import Decoded, decode, metric_number, plan_requests
from edge_agent.errors import BenchError

REFERENCE = {1: 1, 2: 10001, 3: 40001, 4: 30001}
"""What makers print for address 0, by function code."""
TEMPLATE_TITLE = "Maker and model, as on the type plate"
EXAMPLES = {"temp_c": 21.5, "rh_pct": 45.0}
EXAMPLE_ELSE = 12.0


@dataclass(frozen=True, slots=True)
class MetricLine:
    """A metric as it goes over the wire, with an example to compare with the manual. ``printed`` is what the manual
    probably calls the address; ``raw`` are the registers, in hex, that would mean ``value``."""

    name: str
    function: int
    address: int
    printed: int
    value_type: str
    raw: str
    value: float


def lines_of(profile: Profile) -> tuple[MetricLine, ...]:
    """One line for each metric."""
    return tuple(_line(profile, metric) for metric in profile.metric)


def doubts_about(profile: Profile) -> tuple[str, ...]:
    """What a profile leaves out that its author should think of."""
    return tuple(_doubts(profile))


def decoded_answer(profile: Profile, answer: str) -> tuple[Decoded, Request]:
    """What the answer of a unit, as printed in a manual (``01 03 04 02 92 FF 9B 5A 3D``), means under ``profile``, and
    which of its requests it answers. Raises ``BenchError``.

    The checksum may be left out, or wrong: makers print it wrong now and then.
    """
    try:
        frame = bytes.fromhex(answer.replace(",", " ").replace("0x", ""))
    except ValueError as error:
        raise BenchError((f"--answer {answer!r}: write bytes in hex, e.g. 01 03 04 02 92 FF 9B",)) from error
    if len(frame) < 5 or len(frame) < 3 + frame[2]:
        raise BenchError((f"--answer: {len(frame)} bytes are no whole answer: unit, function, count of bytes, data",))
    function, data = frame[1], frame[3 : 3 + frame[2]]
    needed = plan_requests(profile)
    for request in needed:
        if request.function == function and len(data) == 2 * request.count:
            words = words_of(bytes([function, len(data)]) + data, request)
            registers = {(int(function), request.address + at): word for at, word in enumerate(words)}
            return decode(_within(profile, registers), registers), request
    wanted = " or ".join(f"function {one.function} with {2 * one.count} bytes of data" for one in needed)
    raise BenchError(
        (f"--answer: it is of function {function} with {len(data)} bytes of data, but this profile asks for {wanted}",)
    )


def _within(profile: Profile, registers: dict[tuple[int, int], int]) -> Profile:
    """The profile with the metrics that ``registers`` hold; what another request would bring is left out."""

    def is_there(part: Metric | Status) -> bool:
        return all((profile.function_of(part), part.address + at) in registers for at in range(part.words))

    names = tuple(metric.name for metric in profile.metric if is_there(metric))
    part = profile.only(names)
    return part.model_copy(update={"status": tuple(status for status in part.status if is_there(status))})


def _line(profile: Profile, metric: Metric) -> MetricLine:
    function = profile.function_of(metric)
    value = min(max(EXAMPLES.get(metric.name, EXAMPLE_ELSE), metric.min), metric.max)
    words = _example_words(profile, metric, value)
    printed = REFERENCE[function] + metric.address
    return MetricLine(metric.name, function, metric.address, printed, metric.type, words, value)


def _example_words(profile: Profile, metric: Metric, value: float) -> str:
    number = (_in_source_unit(metric, value) - metric.offset) / metric.scale
    if metric.negative_from is not None and number < 0:
        raw = metric.negative_from + round(-number)
    elif metric.type.startswith("float"):
        raw = int.from_bytes(struct.pack(">f" if metric.type == "float32" else ">d", number), "big")
    elif metric.type.startswith("bcd"):
        raw = int(str(max(0, round(number))), 16)
    else:
        raw = round(number) & ((1 << 16 * metric.words) - 1)
    if metric_number(metric, raw) is None:
        return "?"
    words = [raw >> 16 * at & 0xFFFF for at in reversed(range(metric.words))]
    if profile.link.word_order == "low_first":
        words.reverse()
    if profile.link.byte_order == "low_first":
        words = [(word & 0xFF) << 8 | word >> 8 for word in words]
    return " ".join(f"{word:04X}" for word in words)


def _in_source_unit(metric: Metric, value: float) -> float:
    if metric.source_unit == "fahrenheit":
        return value * 1.8 + 32
    return value + 273.15 if metric.source_unit == "kelvin" else value


def _doubts(profile: Profile) -> Iterator[str]:
    if profile.title == TEMPLATE_TITLE:
        yield "title: it is still that of the template; write maker and model"
    if profile.counter is None and not profile.proof:
        yield (
            "[[proof]]: there is none. Look in the manual for a device type, serial number or test value: it proves "
            "addresses and word order on the unit. Without one, compare values with a reference"
        )
    if any(metric.words > 1 for metric in profile.metric) and not any(
        proof.words > 1 and proof.expect is not None for proof in profile.proof
    ):
        yield "word_order: nothing with a known value proves it; swapped words can look right now and then"
    if profile.link.address_offset_choices == () and not profile.proof:
        yield (
            'addresses: manuals count from 0 or from 1. If yours says "register 1" or "40001", the address is 0. If '
            "you cannot tell, write address_offset_choices = [-1, 0]"
        )
    if any(metric.name.endswith("_c") and not metric.sentinels and metric.element is None for metric in profile.metric):
        yield (
            "sentinels: none for a temperature. What does the device send when its probe is broken or pulled out? Try "
            "it, and write what it shows"
        )
