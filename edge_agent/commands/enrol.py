"""``edge-agent enroll``: make this gateway known to the ledger with a one-time code."""

from pathlib import Path
from typing import Annotated

import typer

from edge_agent.commands.examples import write_first
from edge_agent.commands.options import DEFAULT_CONFIG, ConfigOption, errors_told, fail
from edge_agent.config.model import url_fault
from edge_agent.runtime.config_loader import load_config
from edge_agent.uplink.authority import pin_authority
from edge_agent.uplink.enrol import enrol
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.trust import LedgerTrust


def enroll_command(
    code: Annotated[str, typer.Option("--code", help="From the ledger: cloud-sync gateway invite NAME.")],
    url: Annotated[str | None, typer.Option("--url", help="The ledger, if it is not uplink.url.")] = None,
    ca_file: Annotated[Path | None, typer.Option("--ca-file", help="If it is not uplink.ca_file.")] = None,
    authority: Annotated[
        str | None, typer.Option("--authority", help="From the invitation: the only authority to trust from now on.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Of a new gateway without a configuration: writes it, with --url.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Enrol this gateway at the ledger; makes its key pair if there is none. The private key never leaves."""
    if name is not None:
        _configure(name, url, config)
    with errors_told(1):
        loaded = load_config(config)
        if url is None and loaded.uplink.kind != "https":
            fail("uplink.url is a broker's: write the ledger's own address, --url https://...", 1)
        section = loaded.uplink.model_copy(
            update={"url": url or loaded.uplink.url, "ca_file": ca_file or loaded.uplink.ca_file}
        )
        fault = url_fault(section.url)
        if fault:
            fail(f"--url: {fault}", 1)
        identity = Identity.load_or_make(loaded.gateway.data_dir)
        if authority is not None:
            pinned = pin_authority(section, authority, loaded.gateway.data_dir)
            section = section.model_copy(update={"ca_file": pinned, "ca_file_only": True})
        enrolled = enrol(section, loaded.gateway.name, code, identity)
        LedgerTrust.load_or_none(loaded.gateway.data_dir).believe_only(enrolled.ledger_key)
    if authority is not None:
        print(f"only a ledger with a certificate of this authority is believed from now on ({section.ca_file})")
        if loaded.uplink.ca_file is not None and loaded.uplink.ca_file != section.ca_file:
            print(f"take uplink.ca_file out of {config}: it names {loaded.uplink.ca_file}, which goes before it")
    print(f"gateway {enrolled.gateway} is enrolled with public key {enrolled.public_key}")
    print(f"only receipts of the ledger with public key {enrolled.ledger_key} are believed from now on")


def _configure(name: str, url: str | None, config: Path) -> None:
    """From an installed package to a gateway in one command; done again after a code that was refused."""
    if not config.exists():
        if url is None:
            fail("a new gateway has to know where its ledger is: --url https://...", 1)
        write_first(name, url, config)
        print(f"{config} is written; once it is enrolled: sudo systemctl enable --now edge-agent")
        return
    with errors_told(1):
        there = load_config(config).gateway.name
    if there != name:
        fail(f"{config} is of gateway {there}, not {name}. Leave out --name, or move the file away first.", 1)


def trust_command(
    key: Annotated[str, typer.Option("--key", help="From the ledger: cloud-sync ledger-key show.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Believe receipts of the ledger with this public key, and of no other. A running agent takes it at once."""
    with errors_told(1):
        loaded = load_config(config)
        Identity.load_or_make(loaded.gateway.data_dir)  # makes the directory
        LedgerTrust.load_or_none(loaded.gateway.data_dir).believe_only(key)
    print(f"only receipts of the ledger with public key {key} are believed from now on")
