"""Which Bluetooth formats there are: every module of ``formats``, loaded when it is asked for."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from edge_agent.drivers.ble import formats
from edge_agent.drivers.ble.format import Format, Scan
from edge_agent.drivers.ble.frames import Advertisement, DecodedFrame


@cache
def format_names() -> tuple[str, ...]:
    """The names that ``format`` may have in the configuration, sorted. No format is loaded for that."""
    modules = (path.stem for folder in formats.__path__ for path in Path(folder).glob("[a-z]*.py"))
    return tuple(sorted(name.replace("_", "-") for name in modules))


class _Formats(Mapping[str, Format]):
    """A gateway loads the formats of its own sensors only; the bench, which loads all, can spare the memory."""

    def __getitem__(self, name: str) -> Format:
        if name not in format_names():
            raise KeyError(name)
        found = import_module(f"{formats.__name__}.{name.replace('-', '_')}").FORMAT
        assert isinstance(found, Format)  # noqa: S101 - a module of ours
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(format_names())

    def __len__(self) -> int:
        return len(format_names())


FORMATS: Mapping[str, Format] = _Formats()
"""Name -> format."""


def fitting(advertisement: Advertisement, key: bytes | None = None) -> dict[str, DecodedFrame]:
    """The formats that an advertisement is a frame of, and what it says in each of them."""
    found: dict[str, DecodedFrame] = {}
    for name, known in FORMATS.items():
        decoded = known.decode(advertisement, key if known.takes_key else None)
        if decoded is not None:
            found[name] = decoded
    return found


def scan_for(names: tuple[str, ...]) -> tuple[Scan, str]:
    """The least demanding scan that serves all of ``names``, and why it has to be that."""
    for name in names:
        if FORMATS[name].scan is Scan.ACTIVE:
            return Scan.ACTIVE, f"{name}: {FORMATS[name].why}"
    if not names:
        return Scan.ACTIVE, "no device is configured"
    return Scan.PASSIVE, "all formats are complete in the advertisement"


def patterns_for(names: tuple[str, ...]) -> tuple[tuple[int, bytes], ...]:
    """The patterns of a passive scan for ``names``, each once."""
    return tuple(dict.fromkeys(pattern for name in names for pattern in FORMATS[name].patterns))
