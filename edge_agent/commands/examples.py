"""``edge-agent init`` and ``edge-agent example``: from an installed package to files that can be changed.

Whoever installs the wheel has no checkout to copy from, so the examples come with the package.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from edge_agent.commands.options import DEFAULT_CONFIG, ConfigOption, errors_told, fail
from edge_agent.runtime.config_loader import load_config

EXAMPLES: Mapping[str, str] = {
    "gateway.toml": "config/gateway.example.toml",
    "edge-agent.service": "systemd/edge-agent.service",
    "lotwarden.rules.yml": "config/prometheus/lotwarden.rules.yml",
    "scrape.yml": "config/prometheus/scrape.example.yml",
}
"""What ``edge-agent example`` shows, and where it is kept: below ``data`` in a wheel, below the root of a checkout."""

DATA_DIR = Path("/var/lib/lotwarden")
INSTALLED_COMMAND = "/opt/lotwarden/bin/edge-agent"
"""The path that the shipped unit runs; ``example`` writes the one of this installation instead."""


def init_command(
    name: Annotated[str, typer.Argument(help="The gateway's name in the ledger; cannot be changed later.")],
    url: Annotated[str, typer.Option(help="Where the ledger is, e.g. https://ledger.example.org.")],
    config: ConfigOption = DEFAULT_CONFIG,
    data_dir: Annotated[
        Path, typer.Option(help="Journal and private key; a disk that survives a power cut.")
    ] = DATA_DIR,
) -> None:
    """Write the least configuration of a new gateway. A file that is there already stays as it is."""
    write_first(name, url, config, data_dir)
    print(
        f"{config} is written. Next:\n"
        f"  edge-agent enroll --code CODE       CODE from, at the ledger: cloud-sync gateway invite {name}\n"
        "  edge-agent scan                     what is there, and what it probably is\n"
        "  edge-agent add                      devices into the configuration, once proven\n"
        "  edge-agent example edge-agent.service | sudo tee /etc/systemd/system/edge-agent.service"
    )


def write_first(name: str, url: str, config: Path, data_dir: Path = DATA_DIR) -> None:
    """Write the least configuration, or end the command and say why it cannot be."""
    text = (
        "# Every key there is, explained: edge-agent example gateway.toml\n"
        f"[gateway]\nname = {_quoted(name)}\ndata_dir = {_quoted(str(data_dir))}\n\n[uplink]\nurl = {_quoted(url)}\n"
    )
    try:
        config.parent.mkdir(parents=True, exist_ok=True)
        with config.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        if config.exists():
            fail(f"{config} already exists and was not changed. To start over, move it away first.")
        fail(f"{config} cannot be written ({error.strerror}): use sudo, or name another place with --config")
    try:
        with errors_told():
            load_config(config)
    except SystemExit:
        config.unlink()
        raise


def example_command(
    name: Annotated[str | None, typer.Argument(help=f"One of: {', '.join(EXAMPLES)}; without it, the list.")] = None,
) -> None:
    """Print an example file to standard output: configuration, systemd unit, Prometheus rules."""
    if name is None:
        print("\n".join(EXAMPLES))
        return
    if name not in EXAMPLES:
        fail(f"there is no example {name!r}; there are: {', '.join(EXAMPLES)}")
    here = Path(sys.argv[0]).resolve()
    text = example(name)
    print(text.replace(INSTALLED_COMMAND, str(here)) if here.name == "edge-agent" else text, end="")


def example(name: str) -> str:
    """The text of one of ``EXAMPLES``."""
    package = Path(__file__).parents[1]
    installed = package / "data" / "examples" / name
    return (installed if installed.is_file() else package.parent / EXAMPLES[name]).read_text(encoding="utf-8")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a string in JSON is one in TOML
