"""Device profiles: everything that is particular to a sensor model, as data in ``config/devices/*.toml``.

A new sensor model is one new file. Addresses are those that go on the wire, counted from 0. What a profile may say is
the schema below; :func:`load_profile` reads one and names every fault in it at once.
"""

import difflib
import hashlib
import json
import math
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from edge_agent.drivers.modbus.profile_parts import (
    WORDS,
    Address,
    Element,
    ProfileSection,
    ProofType,
    Raw,
    SourceUnit,
    StatusType,
    ValueType,
    WordOrder,
)
from edge_agent.drivers.particles.profile_counter import ALL_COUNTER_KEYS, Cell, CounterProfile
from edge_agent.errors import ProfileError

FunctionCode = Literal[3, 4]
"""3 reads holding registers, 4 reads input registers. Profiles cannot write: some clones change their baud rate."""
AnyFunction = Literal[1, 2, 3, 4]
"""1 reads coils and 2 discrete inputs, too: bits, as some boards tell which of their inputs are connected."""
Step = Annotated[int, Field(ge=0, le=1000)]
"""How much further the same thing of the next input of a board is; 0 for what all inputs share."""

UNITS = ("_c", "_pct", "_pa", "_hpa", "_kpa", "_ppm", "_mps", "_gm3", "_count")
"""What a metric's name may end in."""


class LinkSection(ProfileSection):
    """``[link]``: how the model is spoken to.

    ``unit`` is the factory's Modbus unit id. One request may join up to ``registers_max`` registers, reading over at
    most ``gap_max`` unused ones between two values. ``pause_s`` is left free between two requests.
    ``address_offset_choices`` lists the offsets between which the maker's papers leave a doubt: the gateway's
    configuration has then to say which one was proven on the delivered unit; likewise with ``word_order_open``.

    ``byte_order`` is for the few models that put the low byte of a word first. A board with several equal ``inputs`` is
    one Modbus unit and several devices: each names its ``input`` in the configuration, and only those that are named
    are read.
    """

    function: FunctionCode
    unit: Annotated[int, Field(ge=0, le=255)]
    word_order: WordOrder | None = None
    word_order_open: bool = False
    byte_order: WordOrder = "high_first"
    inputs: Annotated[int, Field(ge=1, le=64)] = 1
    registers_max: Annotated[int, Field(ge=1, le=125)]
    gap_max: Annotated[int, Field(ge=0, le=124)] = 0
    pause_s: Annotated[float, Field(ge=0, le=5)] = 0.0
    tcp_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    tcp_clients_max: Annotated[int, Field(ge=1, le=100)] | None = None
    address_offset_choices: tuple[Annotated[int, Field(ge=-1, le=1)], ...] = ()


class SerialSection(ProfileSection):
    """``[serial]``: factory settings on RS-485, for the serial bus and for the settings of a TCP gateway before it.

    ``framings`` are those that units of the model speak; all but a few old ones speak RTU only.
    """

    baudrate: Annotated[int, Field(ge=1200, le=921600)]
    parity: Literal["none", "even", "odd"]
    stopbits: Literal[1, 2]
    also_seen: tuple[Annotated[str, Field(pattern=r"^[78][NEO][12]$")], ...] = ()
    framings: Annotated[tuple[Literal["rtu", "ascii"], ...], Field(min_length=1)] = ("rtu",)


class Metric(ProfileSection):
    """``[[metric]]``: one value. ``raw * scale + offset`` is in the unit that ends ``name``; a temperature may be in
    another ``source_unit`` and becomes °C.

    ``min`` and ``max`` bound what such a sensor can measure at all, not what the room may have. ``sentinels`` are raw
    register contents (unsigned, as they would be printed in hex) by which the device says that it has no value;
    ``element`` brings those of a known sensor element. Some models write what is below zero as ``negative_from`` plus
    the amount: 10000 plus tenths, or 0x8000 for a sign bit. ``function`` reads it with another function code than the
    rest, and on a board with inputs ``step`` leads to the next one.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
    address: Address
    type: ValueType
    scale: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    offset: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    source_unit: SourceUnit = "celsius"
    negative_from: Annotated[int, Field(ge=1, le=0xFFFFFFFF)] | None = None
    function: FunctionCode | None = None
    step: Step = 0
    element: Element | None = None
    min: float
    max: float
    sentinels: tuple[Raw, ...] = ()

    @property
    def words(self) -> int:
        """How many registers the value takes."""
        return WORDS[self.type]

    @field_validator("name")
    @classmethod
    def _ends_in_its_unit(cls, name: str) -> str:
        if not name.endswith(UNITS):
            raise ValueError(f"{name!r} does not end in a unit; write e.g. temp_c or rh_pct ({_listed(UNITS)})")
        return name

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (math.isfinite(self.min) and math.isfinite(self.max) and self.min < self.max):
            raise ValueError(f"min {self.min} is not below max {self.max}; write the range that the sensor can measure")
        if self.scale == 0:
            raise ValueError("scale 0 makes every value the same; write a number that is not 0, e.g. 0.1")
        if self.source_unit != "celsius" and not self.name.endswith("_c"):
            raise ValueError(f"source_unit = {self.source_unit!r} is for temperatures; leave it out of {self.name}")
        if self.negative_from is not None and not self.type.startswith("uint"):
            raise ValueError('negative_from goes with type = "uint16" or "uint32": the sign is not in the type')
        if len(set(self.sentinels)) and max(self.sentinels) >= 1 << 16 * self.words:
            raise ValueError(f"sentinels: {max(self.sentinels):#x} does not fit into {self.type}")
        return self


class Status(ProfileSection):
    """``[[status]]``: a register that says whether values are good: it equals ``good_equals``, or has none of the bits
    in ``bad_bits``. ``invalidates`` names the metrics that it speaks for; all, if left out. What it invalidates is a
    ``fault``, or ``stale`` if the register tells that values are old rather than wrong. A ``bit`` is read with function
    1 (coil) or 2 (discrete input); a register with the profile's function, or its own. ``step`` as for a metric.
    """

    name: str
    address: Address
    type: StatusType = "uint16"
    function: AnyFunction | None = None
    step: Step = 0
    good_equals: Raw | None = None
    bad_bits: Raw | None = None
    invalidates: tuple[str, ...] = ()
    quality: Literal["fault", "stale"] = "fault"

    @property
    def words(self) -> int:
        """How many registers the value takes."""
        return WORDS[self.type]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.good_equals is None) == (self.bad_bits is None):
            raise ValueError("write either good_equals = ... or bad_bits = ..., and not both")
        if (self.type == "bit") != (self.function in (1, 2)):
            raise ValueError('type = "bit" goes with function = 1 (coil) or 2 (discrete input), and only with them')
        return self


class Proof(ProfileSection):
    """``[[proof]]``: a register that proves address offset and word order before a device is trusted.

    It either holds a known value (``expect``), or something that a person compares with the device (``label`` says
    with what). ``words`` is the length of a ``text``. What it shows ``moves`` if it is another thing with each sample:
    it proves once, and says nothing about the unit later.
    """

    name: str
    address: Address
    type: ProofType
    expect: float | str | None = None
    label: str | None = None
    function: FunctionCode | None = None
    text_words: Annotated[int, Field(ge=1, le=60)] | None = None
    moves: bool = False

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return self.text_words or WORDS[self.type]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.expect is None) == (self.label is None):
            raise ValueError("write either expect = ... (a known value) or label = ... (what a person compares it to)")
        if (self.type == "text") != (self.text_words is not None):
            raise ValueError('text_words = ... goes with type = "text", and only with it')
        if self.expect is not None and isinstance(self.expect, str) != (self.type in ("text", "hex16", "bcd32")):
            raise ValueError("expect is a text for text, hex16 and bcd32, and a number for the other types")
        return self


class Doubt(ProfileSection):
    """``[[doubt]]``: something that no paper read settles, and that could make values wrong. The gateway refuses the
    device until its configuration says that it was ``proven`` on the delivered unit. ``text`` goes on after
    "leaves open". With ``settled_by_record``, a sample settles it whose time fits the counter's clock and whose length
    is that which is set; all else a person has to try, as its page says.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=40)]
    text: str
    settled_by_record: bool = False


class Profile(ProfileSection):
    """One model: a sensor with metrics, or a particle counter. ``notes`` is its page in ``firmware_notes``."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=60)]
    title: str
    notes: Annotated[str, Field(pattern=r"^firmware_notes/[A-Za-z0-9._-]+\.md$")]
    link: LinkSection
    serial: SerialSection | None = None
    metric: Annotated[tuple[Metric, ...], Field(max_length=50)] = ()
    counter: CounterProfile | None = None
    status: Annotated[tuple[Status, ...], Field(max_length=20)] = ()
    proof: Annotated[tuple[Proof, ...], Field(max_length=20)] = ()
    doubt: Annotated[tuple[Doubt, ...], Field(max_length=10)] = ()

    def function_of(self, part: "Metric | Status | Proof") -> AnyFunction:
        """With which function code ``part`` is read."""
        return part.function or self.link.function

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with everything that values depend on; titles and comments do not count."""
        link = {"function", "word_order", "word_order_open", "byte_order", "inputs", "address_offset_choices"}
        wanted: Any = {"link": link, "metric": True, "status": True, "counter": True}
        said = self.model_dump(mode="json", include=wanted, exclude_defaults=True)
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]

    def at_input(self, number: int) -> "Profile":
        """The profile of one input of a board, counted from 1: metrics and status registers with their addresses."""
        if not 1 <= number <= self.link.inputs:
            raise ValueError(f"{self.name} has inputs 1 to {self.link.inputs}, not {number}")
        return self._with(self.metric, self.status, number - 1)

    def only(self, names: tuple[str, ...]) -> "Profile":
        """The profile of a device that is a part of its unit: these metrics, and what speaks for them."""
        metrics = tuple(metric for metric in self.metric if metric.name in names)
        status = tuple(
            one.model_copy(update={"invalidates": tuple(name for name in one.invalidates if name in names)})
            for one in self.status
            if not one.invalidates or set(one.invalidates) & set(names)
        )
        return self._with(metrics, status, 0)

    def _with(self, metrics: "tuple[Metric, ...]", status: "tuple[Status, ...]", steps: int) -> "Profile":
        moved = {
            "metric": tuple(one.model_copy(update={"address": one.address + steps * one.step}) for one in metrics),
            "status": tuple(one.model_copy(update={"address": one.address + steps * one.step}) for one in status),
        }
        return self.model_copy(update=moved)

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = tuple(_faults_between_sections(self))
        if faults:
            raise ValueError(" | ".join(faults))
        return self


def load_profile(name: str, *extra_dirs: Path | None) -> Profile:
    """The profile ``name``: from the first of ``extra_dirs`` where it is, else one of the shipped ones.

    Raises ``ProfileError`` with every fault of the file, or with the profiles that there are.
    """
    folders = [folder for folder in (*extra_dirs, shipped_dir()) if folder is not None]
    for folder in folders:
        path = folder / f"{name}.toml"
        if path.is_file():
            return read_profile(path)
    known = sorted({path.stem for folder in folders for path in folder.glob("*.toml")})
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {_listed(known)}"
    raise ProfileError(name, (f"profile {name!r} is not in {_listed(folders)}; {hint}",))


def shipped_dir() -> Path:
    """Where the shipped profiles are: beside the code in an installed wheel, in ``config/devices`` of a checkout."""
    package = Path(__file__).parents[2]
    installed = package / "data" / "devices"
    return installed if installed.is_dir() else package.parent / "config" / "devices"


def read_profile(path: Path) -> Profile:
    """The profile in one file. Raises ``ProfileError`` with every fault: file, key, what to write instead."""
    try:
        return parse_profile(path.read_text(encoding="utf-8"), path.stem, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(path.stem, (f"{path}: cannot be read as text: {error}",)) from error


def parse_profile(text: str, name: str, source: str) -> Profile:
    """The profile in ``text``, which has to be called ``name``. ``source`` is the file that faults are blamed on."""
    try:
        profile = Profile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(name, (f"{source}: not valid TOML: {error}",)) from error
    except ValidationError as error:
        faults = tuple(f"{source}: {fault}" for e in error.errors() for fault in _faults_of(e))
        raise ProfileError(name, faults) from error
    if profile.name != name:
        fault = f'{source}: name: is {profile.name!r} but the file is called {name}.toml; write name = "{name}"'
        raise ProfileError(name, (fault,))
    return profile


_HINTS = {
    "name": "lower-case letters, digits, - and _",
    "title": 'a text, e.g. "Vaisala HMP probes"',
    "notes": '"firmware_notes/<page>.md"',
    "function": "3 (holding registers) or 4 (input registers)",
    "unit": "the factory's Modbus unit id, 0 to 255",
    "word_order": '"low_first" or "high_first"',
    "registers_max": "how many registers one request may join, 1 to 125",
    "gap_max": "how many unused registers a request may read over, 0 to 124",
    "pause_s": "seconds to leave between two requests, 0 to 5",
    "address": "the address on the wire, counted from 0: 0 to 0xFFFF",
    "scale": "a number (not 0) that turns the raw value into the unit, e.g. 0.1",
    "offset": "a number that is added after scale, 0 if there is none",
    "source_unit": '"celsius", "fahrenheit" or "kelvin": what the device itself gives',
    "byte_order": '"high_first" (nearly all) or "low_first"',
    "inputs": "how many equal inputs the board has, 1 to 64",
    "step": "how many addresses further the next input is, 0 to 1000",
    "element": '"ds18b20", "sht2x", "sht3x" or "sht4x"',
    "negative_from": "the raw value that stands for zero below zero, e.g. 10000",
    "min": "the lowest value that such a sensor can measure",
    "max": "the highest value that such a sensor can measure",
    "sentinels": "raw register values, e.g. [0x8000]",
    "baudrate": "1200 to 921600",
    "metric": "at least one [[metric]] section",
    "quality": '"fault" (values are wrong) or "stale" (values are old)',
    "link": "a [link] section with function, unit and registers_max",
}


def _faults_of(error: Any) -> Iterable[str]:
    where = _key_of(error["loc"])
    key = next((str(part) for part in reversed(error["loc"]) if isinstance(part, str)), "")
    kind = error["type"]
    if kind == "too_short" and error["input"]:
        return  # there are entries, but none without faults of its own, and those are named already
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(key, _ALL_KEYS, n=1)
        yield f"{where}: no such key; " + (f"did you mean {near[0]!r}?" if near else "remove it")
    elif kind == "value_error":
        for text in str(error["ctx"]["error"]).split(" | "):
            yield f"{where}: {text}" if where else text
    else:
        what = "is missing" if kind == "missing" else f"{error['input']!r}: {error['msg'].lower()}"
        hint = _HINTS.get(key, "")
        yield f"{where}: {what}" + (f"; write {hint}" if hint else "")


def _key_of(location: tuple[int | str, ...]) -> str:
    """``('metric', 0, 'address')`` as a person would say it: ``metric[1].address``."""
    text = ""
    for part in location:
        text += f"[{part + 1}]" if isinstance(part, int) else ("." if text else "") + part
    return text


def _faults_between_sections(profile: Profile) -> Iterable[str]:
    if (profile.counter is None) == (not profile.metric):
        yield f"metric: write {_HINTS['metric']}, or a [counter] section, and not both"
    names = [metric.name for metric in profile.metric]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"metric: {name!r} is there twice; give each metric its own name"
    for status in profile.status:
        for name in status.invalidates:
            if name not in names:
                yield f"status {status.name!r}.invalidates: no metric {name!r}; write names out of {_listed(names)}"
    yield from _faults_of_inputs(profile)
    for label, part in _parts(profile):
        last = part.address + part.words - 1 + getattr(part, "step", 0) * (profile.link.inputs - 1)
        if last > 0xFFFF:
            yield f"{label}.address: {part.address:#06x} and {part.words} registers go beyond 0xFFFF"
        if part.words > profile.link.registers_max:
            yield f"link.registers_max: {profile.link.registers_max} is less than the {part.words} of {label}"
        if WORDS.get(part.type, 1) > 1 and not _is_ordered(part) and not _has_word_order(profile):
            count = {2: "two", 4: "four"}[part.words]
            yield f'link.word_order: is missing, but {label} has {count} words; write "low_first" or "high_first"'


def _faults_of_inputs(profile: Profile) -> Iterable[str]:
    """A board whose inputs are all read from one address, or steps that lead nowhere."""
    parts: tuple[Metric | Status, ...] = (*profile.metric, *profile.status)
    has_steps = any(part.step for part in parts)
    if profile.link.inputs > 1 and not any(metric.step for metric in profile.metric):
        yield f"metric: the board has {profile.link.inputs} inputs; write step = ... in [[metric]], the way to the next"
    if profile.link.inputs == 1 and has_steps:
        yield "link.inputs: is missing, but a step leads to a next input; write inputs = ..., or remove step"


def _is_ordered(part: "Metric | Status | Proof | Cell") -> bool:
    """Decimal digits on a type plate read from the first register on, whatever the order of numbers."""
    return isinstance(part, Proof) and part.type == "bcd32"


def _has_word_order(profile: Profile) -> bool:
    return profile.link.word_order is not None or profile.link.word_order_open


def _parts(profile: Profile) -> Iterable[tuple[str, Metric | Status | Proof | Cell]]:
    yield from ((f"metric {metric.name!r}", metric) for metric in profile.metric)
    yield from ((f"status {status.name!r}", status) for status in profile.status)
    yield from ((f"proof {proof.name!r}", proof) for proof in profile.proof)
    if profile.counter is not None:
        yield from ((f"counter.{name}", cell) for name, cell in profile.counter.cells())


def _listed(things: Iterable[object]) -> str:
    return ", ".join(map(str, things)) or "none"


_ALL_KEYS = sorted(
    {
        key
        for section in (Profile, LinkSection, SerialSection, Metric, Status, Proof, Doubt)
        for key in section.model_fields
    }
    | ALL_COUNTER_KEYS
)
