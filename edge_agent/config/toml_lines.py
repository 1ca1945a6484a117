"""Where in a TOML text each key stands, so that a fault can name its line. Reads valid TOML only."""

import re
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]
"""Keys from the root; numbers count the entries of an array of tables from 0."""


def lines_of(text: str) -> dict[KeyPath, int]:
    """Line (from 1) of every table header and key of ``text``. Keys inside inline tables stand on their key's line."""
    scan = _Scan()
    for number, line in enumerate(text.splitlines(), start=1):
        scan.take(number, line)
    return scan.lines


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int:
    """The line of ``path``, or of the nearest thing around it; 1 if there is none."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEYS = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_KEYS})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_KEYS})\s*=(.*)")
# What opens or closes something that runs over line ends, and what hides such signs.
_SIGN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[{]|[\]}]')


@dataclass
class _Scan:
    lines: dict[KeyPath, int] = field(default_factory=dict)
    _table: KeyPath = ()
    _entries: dict[KeyPath, int] = field(default_factory=dict)
    _open_brackets: int = 0
    _open_quotes: str = ""

    def take(self, number: int, line: str) -> None:
        if self._open_quotes or self._open_brackets:
            self._follow(line)
        elif header := _HEADER.match(line):
            self._enter(number, _parts(header[2]), is_array=header[1] == "[[")
        elif assignment := _ASSIGNMENT.match(line):
            path = (*self._table, *_parts(assignment[1]))
            for length in range(len(self._table) + 1, len(path) + 1):
                self.lines.setdefault(path[:length], number)
            self._follow(assignment[2])

    def _enter(self, number: int, keys: tuple[str, ...], *, is_array: bool) -> None:
        path = self._resolved(keys[:-1]) + keys[-1:]
        if is_array:
            self._entries[path] = self._entries.get(path, -1) + 1
            self.lines.setdefault(path, number)
            path = (*path, self._entries[path])
        else:
            path = self._resolved(keys)
        self._table = path
        self.lines.setdefault(path, number)

    def _resolved(self, keys: tuple[str, ...]) -> KeyPath:
        """Below an array of tables, a header means the array's latest entry."""
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            if path in self._entries:
                path = (*path, self._entries[path])
        return path

    def _follow(self, rest: str) -> None:
        at = 0
        while at <= len(rest):
            if self._open_quotes:
                end = rest.find(self._open_quotes, at)
                if end < 0:
                    return
                at = end + 3
                self._open_quotes = ""
            found = _SIGN.search(rest, at)
            if not found:
                return
            at = found.end()
            sign = found[0]
            if sign in ('"""', "'''"):
                self._open_quotes = sign
            elif sign in "[{":
                self._open_brackets += 1
            elif sign in "]}":
                self._open_brackets -= 1


def _parts(keys: str) -> tuple[str, ...]:
    return tuple(part[1:-1] if part[0] in "\"'" else part for part in re.findall(_KEY, keys))
