"""What all commands of ``edge-agent`` share: options, errors in people's words, JSON for programs."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from edge_agent.config import GatewayConfig
from edge_agent.errors import ConfigError, EdgeError

ConfigOption = Annotated[Path, typer.Option("--config", "-c", readable=False, help="The gateway's TOML file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DEFAULT_CONFIG = Path("/etc/lotwarden/gateway.toml")


@contextmanager
def errors_told(exit_code: int = 1) -> Iterator[None]:
    """Faults that people can mend end in their words and an exit code, not in a traceback."""
    try:
        yield
    except ConfigError as error:
        count = len(error.faults)
        fail(
            "\n".join([f"the configuration has {count} {'fault' if count == 1 else 'faults'}:", *error.faults]),
            exit_code,
        )
    except EdgeError as error:
        fail(str(error), 1)


def fail(words: str, exit_code: int = 1) -> NoReturn:
    """Say ``words`` on stderr and end."""
    print(words, file=sys.stderr)
    raise typer.Exit(exit_code)


def counted(config: GatewayConfig) -> str:
    """What a configuration has: ``1 bus, 3 devices, 0 scanners``."""
    counts = (
        (len(config.bus), "bus", "buses"),
        (len(config.device), "device", "devices"),
        (len(config.scanner), "scanner", "scanners"),
        (len(config.particle_sensor), "particle sensor", "particle sensors"),
        (len(config.contact), "door contact", "door contacts"),
        (len(config.output), "output", "outputs"),
    )
    return ", ".join(
        f"{count} {one if count == 1 else many}"
        for count, one, many in counts
        if count or many in ("buses", "devices", "scanners")
    )


def print_json(value: object) -> None:
    """Dataclasses, times and bytes included; bytes as hex digits."""
    print(json.dumps(value, indent=2, default=_plain))


def _plain(value: Any) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex(" ")
    return str(value)
