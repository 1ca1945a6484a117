"""Add a section to a configuration's text and change nothing else in it: neither comments nor order. Pure.

A library that keeps comments (tomlkit) appends a ``[[device]]`` behind the comment that introduces the section after
it; a person reads that comment as being about the new device. So lines are put where a person would put them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date

TomlValue = str | int | float | bool | date | Sequence["TomlValue"] | Mapping[str, "TomlValue"]
_HEADER = re.compile(r"\s*\[\[?\s*(?P<name>[A-Za-z0-9_\"'.-]+)")


def with_section(
    text: str,
    section: str,
    values: Mapping[str, TomlValue],
    comments: tuple[str, ...] = (),
    tables: Mapping[str, Mapping[str, TomlValue]] | None = None,
) -> str:
    """``text`` with one more ``[[section]]`` after the last one of that name (at the end if there is none).

    ``comments`` go above it, one line each; ``tables`` below it, as ``[section.name]``. ``text`` must be valid TOML.
    """
    lines = text.splitlines()
    at = _end_of_last(lines, section)
    block = [*(f"# {_one_line(comment)}" for comment in comments), f"[[{section}]]"]
    block += [f"{key} = {_toml(value)}" for key, value in values.items()]
    for name, table in (tables or {}).items():
        block += ["", f"[{section}.{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    before = [""] if at and lines[at - 1].strip() else []
    after = [""] if at < len(lines) and lines[at].strip() else []
    return "\n".join([*lines[:at], *before, *block, *after, *lines[at:]]) + "\n"


def _end_of_last(lines: list[str], section: str) -> int:
    """The index behind the last line that belongs to the last ``[[section]]`` or to a table inside it."""
    start = max((number for number, line in enumerate(lines) if _name(line) == section), default=None)
    if start is None:
        return len(lines)
    end = start + 1
    while end < len(lines) and (_name(lines[end]) is None or str(_name(lines[end])).startswith(section + ".")):
        end += 1
    if end == len(lines):
        return end
    while lines[end - 1].lstrip().startswith("#"):  # what introduces the next section
        end -= 1
    while not lines[end - 1].strip():
        end -= 1
    return end


def _name(line: str) -> str | None:
    """The table that a header line opens. A line inside a multi-line text may look like one; the caller checks."""
    found = _HEADER.match(line)
    return found["name"].strip("\"'") if found else None


def _one_line(comment: str) -> str:
    return "".join(character if character.isprintable() else " " for character in comment)


def _toml(value: TomlValue) -> str:
    match value:
        case date():
            return value.isoformat()
        case Mapping():
            return f"{{ {', '.join(f'{json.dumps(key)} = {_toml(one)}' for key, one in value.items())} }}"
        case str() | bool() | int() | float():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return f"[{', '.join(map(_toml, value))}]"
