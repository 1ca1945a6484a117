"""What all commands for people share: options, errors in their words, JSON for programs."""

import json
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from edge_agent.config.model import GatewayConfig
from edge_agent.host.exits import DEFAULT_CONFIG as DEFAULT_CONFIG
from edge_agent.host.exits import errors_told as errors_told
from edge_agent.host.exits import fail as fail

ConfigOption = Annotated[Path, typer.Option("--config", "-c", readable=False, help="The gateway's TOML file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


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
