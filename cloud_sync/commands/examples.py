"""``cloud-sync example``: the example files that come with an installed package."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

EXAMPLES: Mapping[str, str] = {
    "ledger.toml": "config/ledger.example.toml",
    "ledger.rules.yml": "config/prometheus/ledger.rules.yml",
    "grafana.json": "config/grafana/lotwarden-ledger.json",
    "cloud-sync.service": "systemd/cloud-sync.service",
    "mosquitto.conf": "config/mosquitto.example.conf",
    "mosquitto.acl": "config/mosquitto.example.acl",
    "nats-server.conf": "config/nats-server.example.conf",
    "nats-cluster.conf": "config/nats-cluster.example.conf",
    "hl7-pharmacy.toml": "config/hl7/pharmacy-rds.toml",
    "hl7-cabinet.toml": "config/hl7/cabinet-example.toml",
}
"""What ``cloud-sync example`` shows, and where it is kept: below ``data`` in a wheel, below the root of a checkout."""

INSTALLED_COMMAND = "/opt/lotwarden/bin/cloud-sync"
"""The path that the shipped unit runs; ``example`` writes the one of this installation instead."""


def example_command(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(EXAMPLES)}.")],
) -> None:
    """Print an example file: configuration, systemd unit, alert rules and dashboard, broker set-ups."""
    if name not in EXAMPLES:
        typer.echo(f"there is no example {name!r}; there are: {', '.join(EXAMPLES)}", err=True)
        raise typer.Exit(1)
    here = Path(sys.argv[0]).resolve()
    text = example(name)
    typer.echo(text.replace(INSTALLED_COMMAND, str(here)) if here.name == "cloud-sync" else text, nl=False)


def example(name: str) -> str:
    """The text of one of ``EXAMPLES``."""
    package = Path(__file__).parents[1]
    installed = package / "data" / "examples" / name
    return (installed if installed.is_file() else package.parent / EXAMPLES[name]).read_text(encoding="utf-8")
