"""Read a gateway's configuration and name every fault in it at once: the line, what is wrong, what to write."""

import difflib
import getpass
import json
import os
import re
import ssl
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from edge_agent.config.model import WIRED, WIRELESS, BleDeviceSection, DeviceSection, GatewayConfig, device_kind
from edge_agent.config.toml_lines import KeyPath, line_of, lines_of
from edge_agent.domain.wire.enrolment import PINNED_AUTHORITY
from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.errors import ConfigError, ProfileError

ProfileFault = Callable[[str], str | None]
"""Profile name -> what is wrong with it, or nothing."""

CONFIG_BYTES_MAX = 1_000_000

# What a pattern asks for, in words, where it is not that of a name.
PATTERNS: dict[str | int, str] = {
    "address": "must be the sensor's six bytes with colons",
    "at": "must be a time of day in UTC",
    "adapter": "must be hci and a number",
    "pin": "must be a pin such as GPIO17, or BOARD11 for the place on the connector",
}


def load_config(path: Path) -> GatewayConfig:
    """The configuration in the TOML file ``path``.

    Raises ``ConfigError`` whose ``faults`` name every fault: ``line 12: bus.port: ... write e.g. port = 502``.
    """
    text = _text(path)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((_syntax_fault(text, error),)) from error
    lines = lines_of(text)
    faults: list[tuple[int, str]] = []
    config: GatewayConfig | None = None
    try:
        config = GatewayConfig.model_validate(raw)
    except ValidationError as error:
        faults += [(line_of(lines, at), words) for at, words in _shape_faults(error, raw)]
    for at, words in _cross_faults(raw, _profile_fault(raw)):
        faults.append((line_of(lines, at), words))
    if faults or config is None:
        raise ConfigError(tuple(f"line {line}: {words}" for line, words in sorted(set(faults))))
    return _with_pinned_authority(config)


def _with_pinned_authority(config: GatewayConfig) -> GatewayConfig:
    """Where no authority is named, the one that the ledger showed at enrolment, and no other."""
    pinned = config.gateway.data_dir / PINNED_AUTHORITY
    if config.uplink.ca_file is not None or not pinned.is_file():
        return config
    uplink = config.uplink.model_copy(update={"ca_file": pinned, "ca_file_only": True})
    return config.model_copy(update={"uplink": uplink})


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > CONFIG_BYTES_MAX:
            raise ConfigError((f"{path} is larger than {CONFIG_BYTES_MAX} bytes: that is no configuration",))
        return path.read_text(encoding="utf-8")
    except PermissionError as error:
        who = "run this with sudo, or as the agent's user: sudo -u lotwarden ..."
        raise ConfigError((f"{path} may not be read by {getpass.getuser()}: {who}",)) from error
    except OSError as error:
        raise ConfigError((f"{path} cannot be read ({error.strerror}): edge-agent init writes one",)) from error
    except UnicodeDecodeError as error:
        raise ConfigError((f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8",)) from error


def _syntax_fault(text: str, error: tomllib.TOMLDecodeError) -> str:
    found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    what = re.sub(r"\s*\(at .*\)$", "", str(error))
    number = int(found[1]) if found else max(1, len(text.splitlines()))
    # tomllib notices an unclosed string or bracket only on a later line than the one to mend.
    shown = text.splitlines()[number - 1].strip() if number <= len(text.splitlines()) else ""
    return f"line {number}: this is not TOML: {what}: {shown!r}; text needs quotes, and each key its own line"


def _shape_faults(error: ValidationError, raw: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """One fault for each thing that does not fit the models. A misspelt key explains the missing one it stands for."""
    found = [(_key_path(detail["loc"], raw), detail) for detail in error.errors()]
    explained: set[KeyPath] = set()
    misspelt: dict[KeyPath, str] = {}
    for at, detail in found:
        if detail["type"] == "extra_forbidden":
            known = _fields(_model_at(at[:-1], raw))
            near = difflib.get_close_matches(str(at[-1]), known, 1, 0.6)
            misspelt[at] = f"; did you mean {near[0]}?" if near else f"; known here: {_listed(sorted(known))}"
            explained |= {(*at[:-1], near[0])} if near else set()
    for at, detail in found:
        if at in misspelt and detail["type"] == "extra_forbidden":
            yield at, f"{_dotted(at)}: there is no such key{misspelt[at]}"
        elif not (detail["type"] == "missing" and at in explained):
            yield at, f"{_dotted(at)}: {_words(detail, at, raw)}"


def _words(detail: ErrorDetails, at: KeyPath, raw: dict[str, Any]) -> str:
    example = _example(at, raw)
    if detail["type"] == "missing":
        return f"is missing; write e.g. {example}" if example else "is missing"
    if detail["type"] == "union_tag_not_found":
        return "kind is missing; write e.g. kind = " + str(detail["ctx"].get("expected_tags", ""))
    if detail["type"] == "string_pattern_mismatch":
        what = PATTERNS.get(at[-1], "may have small letters, digits, dot, dash and underscore only")
    else:
        what = detail["msg"].removeprefix("Value error, ")
        what = what[:1].lower() + what[1:]
    given = "a secret" if at and at[-1] == "bindkey" else detail["input"]
    if detail["type"] == "value_error":
        return what  # our own words say what to write
    shown = (
        "a table"
        if isinstance(given, dict)
        else "a list"
        if isinstance(given, list)
        else json.dumps(given, default=str)
    )
    return f"{what}, not {shown}" + (f"; write e.g. {example} instead" if example else "")


def _example(at: KeyPath, raw: dict[str, Any]) -> str:
    field = _fields(_model_at(at[:-1], raw)).get(str(at[-1])) if at else None
    if field is None:
        return ""
    if field.examples:
        return f"{at[-1]} = {json.dumps(field.examples[0])}"
    if field.is_required() or field.default is None or isinstance(field.default, (BaseModel, tuple)):
        return f"[{at[-1]}]" if len(at) == 1 and _models(field.annotation) else ""
    return f"{at[-1]} = {json.dumps(field.default, default=str)}"


def _key_path(loc: tuple[str | int, ...], raw: dict[str, Any]) -> KeyPath:
    """Pydantic's place as keys of the file: without the tags of unions."""
    path: list[str | int] = []
    value: Any = raw
    for part in loc:
        if part in (WIRED, WIRELESS) or (isinstance(value, dict) and part not in value and part == value.get("kind")):
            continue
        path.append(part)
        is_there = (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int))
        value = value[part] if is_there else None
    return tuple(path)


def _model_at(path: KeyPath, raw: dict[str, Any]) -> type[BaseModel] | None:
    """The model that the table at ``path`` has to fit; of several, the one of its ``kind``."""
    model: type[BaseModel] | None = GatewayConfig
    value: Any = raw
    for part in path:
        inside: Any = part  # a key of a table or a number of a list
        try:
            value = value[inside]
        except (KeyError, IndexError, TypeError):
            return None
        if isinstance(part, int):
            continue
        field = _fields(model).get(part)
        models = _models(field.annotation) if field else []
        entry = value[path[1]] if isinstance(value, list) and len(path) > 1 and isinstance(path[1], int) else None
        model = next((m for m in models if _is_meant(m, entry)), models[0] if models else None)
    return model


def _is_meant(model: type[BaseModel], entry: Any) -> bool:
    """Whether an entry of an array of tables, as written, is of this model rather than of another of its union."""
    if not isinstance(entry, dict):
        return False
    if issubclass(model, (DeviceSection, BleDeviceSection)):
        return (model is BleDeviceSection) == (device_kind(entry) == WIRELESS)
    return entry.get("kind") in _kinds(model)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (tuple, Union, UnionType, Annotated):
        return [model for part in get_args(annotation) for model in _models(part)]
    return []


def _kinds(model: type[BaseModel]) -> tuple[Any, ...]:
    field = model.model_fields.get("kind")
    return get_args(field.annotation) if field else ()


def _fields(model: type[BaseModel] | None) -> dict[str, FieldInfo]:
    return model.model_fields if model else {}


def _cross_faults(raw: dict[str, Any], profile_fault: ProfileFault) -> Iterator[tuple[KeyPath, str]]:
    """What no single value shows. Works on whatever is there, so that one fault does not hide another."""
    yield from _name_faults(raw)
    yield from _device_faults(raw, profile_fault)
    yield from _unit_faults(raw)
    yield from _policy_faults(raw)
    yield from _data_dir_faults(raw)
    yield from _ca_faults(raw)
    yield from _uplink_faults(raw)


def _name_faults(raw: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    for sections in (("bus",), ("device", "scanner", "particle_sensor", "contact"), ("output",)):
        seen: dict[str, str] = {}
        for section in sections:
            for number, entry in _entries(raw, section):
                name = entry.get("name")
                if not isinstance(name, str):
                    continue
                if name in seen:
                    yield (
                        (section, number, "name"),
                        (
                            f"{section}.name: {name!r} is the name of a {seen[name]} already; names must differ, "
                            f'write e.g. name = "{name}-2"'
                        ),
                    )
                seen.setdefault(name, section)


def _profile_fault(raw: dict[str, Any]) -> ProfileFault:
    """Looks a profile up where the agent will: as the ledger handed it out, in ``gateway.profiles_dir``, then among the
    shipped ones."""
    own = [
        Path(found) for section in ("fleet", "gateway") if isinstance(found := _at(raw, section, "profiles_dir"), str)
    ]

    def fault(name: str) -> str | None:
        try:
            load_profile(name, *own)
        except ProfileError as error:
            return "; ".join(error.faults)
        return None

    return fault


def _device_faults(raw: dict[str, Any], profile_fault: ProfileFault) -> Iterator[tuple[KeyPath, str]]:
    buses = sorted({name for _, entry in _entries(raw, "bus") if isinstance(name := entry.get("name"), str)})
    for number, entry in _entries(raw, "device"):
        bus, profile = entry.get("bus"), entry.get("profile")
        if isinstance(bus, str) and bus not in buses:
            hint = _did_you_mean(bus, buses) or (f"there are: {_listed(buses)}" if buses else "add a [[bus]]")
            yield ("device", number, "bus"), f"device.bus: there is no bus {bus!r}; {hint}"
        fault = profile_fault(profile) if isinstance(profile, str) else None
        if fault:
            yield ("device", number, "profile"), f"device.profile: {fault}"


def _policy_faults(raw: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Policies that came with the ledger's configuration: one that this version cannot judge by must not be taken."""
    if not isinstance(folder := _at(raw, "fleet", "policies_dir"), str):
        return
    from edge_agent.config.policy_files import read_policies  # takes time, and most have none

    try:
        read_policies(Path(folder))
    except ConfigError as error:
        for fault in error.faults:
            yield ("fleet", "policies_dir"), fault


def _unit_faults(raw: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Two devices on one bus must not answer to one number: one room's temperature would be taken for another's."""
    on_bus: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for number, entry in _entries(raw, "device"):
        if isinstance(bus := entry.get("bus"), str) and device_kind(entry) == WIRED:
            on_bus.setdefault(bus, []).append((number, entry))
    for bus, devices in on_bus.items():
        seen: dict[int, Any] = {}
        for number, entry in devices:
            unit, name = entry.get("unit"), entry.get("name", "this device")
            if unit is None and len(devices) > 1:
                yield (
                    ("device", number),
                    (
                        f"device.unit: bus {bus} has {len(devices)} devices, so {name} needs its unit number; "
                        f"write e.g. unit = {number + 1}"
                    ),
                )
            if not isinstance(unit, int):
                continue
            if unit in seen:
                yield (
                    ("device", number, "unit"),
                    (f"device.unit: unit {unit} of bus {bus} is {seen[unit]} already; write the number set on {name}"),
                )
            seen.setdefault(unit, name)


def _data_dir_faults(raw: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    value = _at(raw, "gateway", "data_dir")
    if not isinstance(value, str):
        return
    path = Path(value)
    at: KeyPath = ("gateway", "data_dir")
    try:
        if path.exists() and not path.is_dir():
            yield at, f"gateway.data_dir: {value} is a file; write the path of a directory"
            return
        nearest = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
        if not os.access(nearest, os.W_OK | os.X_OK):
            user = getpass.getuser()
            yield (
                at,
                (
                    f"gateway.data_dir: {user} may not write in {nearest}; run this as the agent's user, or: "
                    f"sudo install -d -o {user} {value}"
                ),
            )
    except (OSError, ValueError) as error:
        yield at, f"gateway.data_dir: {value!r} cannot be used ({error}); write e.g. /var/lib/lotwarden"


def _ca_faults(raw: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    value = _at(raw, "uplink", "ca_file")
    if not isinstance(value, str):
        return
    at: KeyPath = ("uplink", "ca_file")
    if not Path(value).is_file():
        yield at, f"uplink.ca_file: there is no file {value}; write the path of a PEM file, or leave ca_file out"
        return
    try:
        ssl.create_default_context(cafile=value)
    except (OSError, ssl.SSLError):
        yield at, f"uplink.ca_file: {value} holds no certificate that can be read; it must be PEM"


def _uplink_faults(raw: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    for key in ("client_cert_file", "client_key_file"):
        value = _at(raw, "uplink", key)
        if isinstance(value, str) and not Path(value).is_file():
            yield ("uplink", key), f"uplink.{key}: there is no file {value}; write the path of a PEM file"
    if _at(raw, "uplink", "client_key_file") and not _at(raw, "uplink", "client_cert_file"):
        yield (
            ("uplink", "client_key_file"),
            "uplink.client_key_file: a key needs its certificate; write client_cert_file too",
        )
    mqtt = _at(raw, "uplink", "mqtt")
    if not isinstance(mqtt, dict):
        return
    value = mqtt.get("credentials_file")
    if isinstance(value, str) and not Path(value).is_file():
        yield (
            ("uplink", "mqtt", "credentials_file"),
            f"uplink.mqtt.credentials_file: there is no file {value}; write the path of a file with the broker's "
            "user name on the first line and the password on the second",
        )
    if mqtt and _at(raw, "uplink", "kind") in (None, "https"):
        yield ("uplink", "mqtt"), 'uplink.mqtt: is not used by an https uplink; write kind = "mqtt" or leave it out'


def _entries(raw: dict[str, Any], section: str) -> Iterator[tuple[int, dict[str, Any]]]:
    entries = raw.get(section)
    if isinstance(entries, list):
        for number, entry in enumerate(entries):
            if isinstance(entry, dict):
                yield number, entry


def _at(raw: dict[str, Any], section: str, key: str) -> Any:
    table = raw.get(section)
    return table.get(key) if isinstance(table, dict) else None


def _dotted(path: KeyPath) -> str:
    return ".".join(str(part) for part in path if isinstance(part, str)) or "the file"


def _did_you_mean(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, 1, 0.6)
    return f"did you mean {near[0]}?" if near else ""


def _listed(words: list[str]) -> str:
    return ", ".join(words) if words else "none"
