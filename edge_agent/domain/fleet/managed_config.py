"""Which part of a gateway's configuration the ledger hands out, and how two of them differ. Pure.

The file of a gateway has two parts. What says who it is and how it reaches the ledger stays **local** and never
travels, with everything secret. The rest is **managed**: the ledger hands it out, and a local edit of it is drift.
"""

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

LOCAL_SECTIONS = ("gateway", "uplink", "desk", "page", "log")
FLEET_SECTION = "fleet"
"""What the gateway itself writes into the file: which version of the ledger's it has."""
MANAGED_SECTIONS = (
    "journal", "clock", "calendar", "bus", "device", "scanner", "particle_sensor", "output", "contact",
)  # fmt: skip
MEASURING_SECTIONS = frozenset({"clock", "bus", "device", "scanner", "particle_sensor", "contact"})
"""They say what is measured and where it belongs: a change of them, or of a profile, takes a second person."""
LISTS = frozenset({"bus", "device", "scanner", "particle_sensor", "output", "contact"})
_WORDS = {
    "journal": """
        bytes_max kept_bytes_max kept_hours readings_commit_s reserve_bytes thin_window_s
    """,
    "clock": """
        source step_s synced_file
    """,
    "calendar": """
        at
    """,
    "bus": """
        adapter baudrate budget_s framer host kind name parity port retry_max_s scan silence_s stopbits
        timeout_s
    """,
    "device": """
        address address_offset bindkey bindkey_file bus calibration_due counter fahrenheit format input
        metrics name poll_s profile proof proven source stale_after_s unit word_order
    """,
    "scanner": """
        baudrate beep_bad beep_good beep_warn kind layout name port separator separator_key suffix
    """,
    "particle_sensor": """
        model name poll_s port retry_max_s
    """,
    "output": """
        active_high after_minutes name pin pulse_s shows
    """,
    "contact": """
        bounce_s name open_when pin poll_s
    """,
}
KEYS: Mapping[str, frozenset[str]] = {section: frozenset(words.split()) for section, words in _WORDS.items()}
"""What an entry of each section may say; that it says it rightly, the gateway checks before it uses it."""
SECRET_KEYS = frozenset({"bindkey"})
TOML_BYTES_MAX = 200_000
PROFILES_MAX = 50
PROFILE_BYTES_MAX = 100_000
PROFILE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
NO_CONFIG = "0" * 64
NOTHING: Mapping[str, str] = MappingProxyType({})
TAKES_POLICIES = "policies"
"""What a gateway says in its heartbeats if it keeps the policies that come with a configuration."""

_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs; None: it is not there. ``path`` names entries of lists by their name."""

    path: str
    before: str | None
    after: str | None


class NotSplittable(ValueError):
    """The text of a file does not part along its sections."""


def managed_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The managed part of a file, as data and without what is secret."""
    return {section: _open(raw[section]) for section in MANAGED_SECTIONS if raw.get(section)}


def digest_of_config(
    managed: Mapping[str, Any], profiles: Mapping[str, str], policies: Mapping[str, str] = NOTHING
) -> str:
    """SHA-256 of what a managed part, its device profiles and its policies say; comments and the order of keys do not
    count."""
    if not managed and not profiles and not policies:
        return NO_CONFIG
    said = {"config": managed, "profiles": {name: _sha256(text) for name, text in profiles.items()}}
    if policies:
        said["policies"] = {name: _sha256(text) for name, text in policies.items()}
    return _sha256(json.dumps(said, sort_keys=True, separators=(",", ":"), default=str))


def digest_of_toml(toml: str, profiles: Mapping[str, str], policies: Mapping[str, str] = NOTHING) -> str:
    """The same of the text of a managed part. Raises ``tomllib.TOMLDecodeError``."""
    return digest_of_config(managed_of(tomllib.loads(toml)), profiles, policies)


def parts_of(profiles: Mapping[str, str], policies: Mapping[str, str]) -> dict[str, str]:
    """The digest of each file that came with a configuration: ``profile.our-own``, ``policy.cold``."""
    return {
        f"{kind}.{name}": _sha256(text)
        for kind, texts in (("profile", profiles), ("policy", policies))
        for name, text in sorted(texts.items())
    }


def faults_of(toml: str, profiles: Mapping[str, str]) -> tuple[str, ...]:
    """What keeps a text from being handed out, each fault in words; the gateway checks the rest before it uses it."""
    if len(toml.encode(errors="replace")) > TOML_BYTES_MAX:
        return (f"the configuration is larger than {TOML_BYTES_MAX} bytes",)
    try:
        raw = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        return (f"this is not TOML: {error}",)
    return tuple(_faults(raw, profiles))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What differs between two managed parts (or lists of profiles), in the order of their paths."""
    was, now = flattened(before), flattened(after)
    paths = sorted(path for path in was.keys() | now.keys() if was.get(path) != now.get(path))
    return [Difference(path, was.get(path), now.get(path)) for path in paths]


def flattened(managed: Mapping[str, Any]) -> dict[str, str]:
    """Every value by its path.

    >>> flattened({"device": [{"name": "fridge-a/p1", "poll_s": 10}], "calendar": {"at": "03:10"}})
    {'device[fridge-a/p1].name': '"fridge-a/p1"', 'device[fridge-a/p1].poll_s': '10', 'calendar.at': '"03:10"'}
    """
    return dict(_paths(managed, ""))


def changes_measuring(found: list[Difference]) -> bool:
    """Whether any of these differences may change what is measured where."""
    return any(re.split(r"[.\[]", each.path, maxsplit=1)[0] in MEASURING_SECTIONS for each in found)


def split_text(text: str) -> tuple[str, str]:
    """The local and the managed part of a file's text, as they stand; the gateway's own section is in neither.

    Raises ``NotSplittable`` where a section does not begin on a line of its own.
    """
    parts: dict[str, list[str]] = {"local": [], "managed": [], "fleet": []}
    where, waiting = "local", list[str]()
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            waiting.append(line)  # goes with what follows
            continue
        if found := _HEADER.match(line):
            where = _part_of(found[1])
        parts[where] += [*waiting, line]
        waiting.clear()
    local, managed = ("\n".join(parts[name]).strip("\n") for name in ("local", "managed"))
    try:
        raw, here, there = tomllib.loads(text), tomllib.loads(local), tomllib.loads(managed)
    except tomllib.TOMLDecodeError as error:
        raise NotSplittable(f"the file cannot be parted into sections: {error}") from error
    raw.pop(FLEET_SECTION, None)
    if {**here, **there} != raw or here.keys() & set(MANAGED_SECTIONS):
        raise NotSplittable("the file cannot be parted into sections: begin each [section] on a line of its own")
    return local, managed


def without_secrets(managed_text: str) -> str:
    """A managed text in which no secret is left; each is a comment that says so."""
    hidden = re.compile(rf"^(\s*)({'|'.join(sorted(SECRET_KEYS))})(\s*=).*$", re.MULTILINE)
    return hidden.sub(r"\1# \2 is kept at the gateway", managed_text)


def _faults(raw: Mapping[str, Any], profiles: Mapping[str, str]) -> Iterator[str]:
    for section, value in raw.items():
        if section in LOCAL_SECTIONS or section == FLEET_SECTION:
            yield f"[{section}] stays at the gateway and is not handed out: leave it out"
        elif section not in MANAGED_SECTIONS:
            yield f"there is no section [{section}]; there are {', '.join(MANAGED_SECTIONS)}"
        elif section in LISTS:
            yield from _list_faults(section, value)
        elif not isinstance(value, dict):
            yield f"{section} is a section: write [{section}]"
        else:
            yield from _key_faults(section, section, value)
    if len(profiles) > PROFILES_MAX:
        yield f"at most {PROFILES_MAX} device profiles are handed out with a configuration"
    for name, text in sorted(profiles.items()):
        yield from _profile_faults(name, text)


def _list_faults(section: str, value: object) -> Iterator[str]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        yield f"{section} is a list of tables: begin each with [[{section}]]"
        return
    names: set[str] = set()
    for entry in value:
        name = entry.get("name")
        if not isinstance(name, str):
            yield f"{section}: an entry has no name"
        elif name in names:
            yield f"{section}: {name} is there twice"
        names.add(str(name))
        yield from _key_faults(section, f"{section} {name}", entry)
        for key in sorted(entry.keys() & SECRET_KEYS):
            yield f"{section} {name}: {key} is a secret and stays at the gateway: write {key}_file with its path"


def _key_faults(section: str, where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(entry.keys() - KEYS[section]):
        near = difflib.get_close_matches(key, KEYS[section], 1, 0.6)
        yield f"{where}: there is no such key {key}" + (f"; did you mean {near[0]}?" if near else "")


def _profile_faults(name: str, text: str) -> Iterator[str]:
    if not PROFILE_NAME.fullmatch(name):
        yield f"{name[:80]!r} is no name of a device profile"
    if len(text.encode(errors="replace")) > PROFILE_BYTES_MAX:
        yield f"profile {name} is larger than {PROFILE_BYTES_MAX} bytes"
        return
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        yield f"profile {name} is not TOML: {error}"


def _open(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _open(each) for key, each in value.items() if key not in SECRET_KEYS}
    return [_open(each) for each in value] if isinstance(value, list) else value


def _paths(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _paths(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        for number, each in enumerate(value):
            yield from _paths(each, f"{path}[{each.get('name', number)}]")
    else:
        yield path, json.dumps(value, default=str, ensure_ascii=False)


def _part_of(section: str) -> str:
    if section == FLEET_SECTION:
        return "fleet"
    return "managed" if section in MANAGED_SECTIONS else "local"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
