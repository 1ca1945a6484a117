"""``certificate``, and what ``init`` does first: a configuration, an authority of the ledger's own, its certificate."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync import tls_authority
from cloud_sync.commands.examples import example
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, load, say, told
from cloud_sync.config import LedgerConfig
from cloud_sync.errors import Invalid

certificate_app = typer.Typer(help="The ledger's own certificate authority, and its certificate.", no_args_is_help=True)

Hosts = Annotated[
    list[str] | None,
    typer.Option("--host", help="A name or address by which others reach the ledger; may be given several times."),
]
FOLDER = "tls"
"""Beside the configuration."""
EVERYWHERE = (
    'host = "0.0.0.0"',
    f'tls_cert_file = "{FOLDER}/{tls_authority.CERTIFICATE}"',
    f'tls_key_file = "{FOLDER}/{tls_authority.KEY}"',
    f'tls_authority_file = "{FOLDER}/{tls_authority.AUTHORITY}"',
)


@certificate_app.command("make")
def make_certificate(host: Hosts = None, config: Config = DEFAULT_CONFIG) -> None:
    """Make an authority and a certificate, and write them into the configuration, for TLS."""
    with told():
        make_in(config, host or [])


@certificate_app.command("renew")
def renew_certificate(host: Hosts = None, config: Config = DEFAULT_CONFIG) -> None:
    """A new certificate by the same authority, for the same names or for others. Gateways need not do anything."""
    folder = config.parent / FOLDER
    with told():
        ends_at = tls_authority.issue(folder, host or tls_authority.hosts_of(folder), at=datetime.now(UTC))
        tls_authority.give_to_owner_of(folder, load(config).database.data_dir)
    say(f"{folder / tls_authority.CERTIFICATE} is new, and good until {ends_at:%Y-%m-%d}. Restart cloud-sync serve.")


@certificate_app.command("show")
def show_certificate(config: Config = DEFAULT_CONFIG) -> None:
    """Print the authority's fingerprint, for edge-agent enroll --authority."""
    with told():
        known = authority_of(load(config))
        if known is None:
            raise Invalid("this ledger has no authority of its own", "Make one: cloud-sync certificate make.")
    typer.echo(tls_authority.fingerprint(known))


def make_first(config: Path, hosts: list[str]) -> None:
    """Before anything else: a configuration where there is none, and TLS where it is asked for."""
    if not config.exists():
        config.parent.mkdir(parents=True, exist_ok=True)
        text = example("ledger.toml")
        if config != DEFAULT_CONFIG:
            text = re.sub(r"^data_dir = .*$", 'data_dir = "postgres"', text, count=1, flags=re.MULTILINE)
        config.write_text(text, encoding="utf-8")
        say(f"{config} is a first configuration; every key is explained in it.")
        make_in(config, hosts)
    elif hosts:
        make_in(config, hosts)


def make_in(config: Path, hosts: list[str]) -> None:
    """Authority, certificate and the configuration that names them. Raises ``ConfigError``, ``Invalid``."""
    loaded = load(config)
    if loaded.server.tls_cert_file is not None:
        raise Invalid("this ledger has a certificate already", "Renew it: cloud-sync certificate renew.")
    folder = config.parent / FOLDER
    names = hosts or tls_authority.own_names()
    at = datetime.now(UTC)
    if not (folder / tls_authority.AUTHORITY).exists():
        tls_authority.make_authority(folder, at=at)
    ends_at = tls_authority.issue(folder, names, at=at)
    tls_authority.give_to_owner_of(folder, loaded.database.data_dir)
    config.write_text(with_tls(config.read_text(encoding="utf-8")), encoding="utf-8")
    say(f"The ledger is reached over TLS as {', '.join(names)}; its certificate is good until {ends_at:%Y-%m-%d}.")
    say(f"Browsers trust it once they know {folder / tls_authority.AUTHORITY}. Keep {folder} in a backup of its own.")


def with_tls(text: str) -> str:
    """A configuration's text with its server listening everywhere, over TLS; nothing else in it is changed."""
    lines = text.splitlines()
    start = next((at for at, line in enumerate(lines) if line.strip() == "[server]"), None)
    if start is None:
        return "\n".join([*lines, "", "[server]", *EVERYWHERE]) + "\n"
    end = next((at for at in range(start + 1, len(lines)) if lines[at].startswith("[")), len(lines))
    kept = [line for line in lines[start + 1 : end] if not re.match(r"(host|tls_\w+_file)\s*=", line)]
    return "\n".join([*lines[: start + 1], *EVERYWHERE, *kept, *lines[end:]]) + "\n"


def authority_of(config: LedgerConfig) -> bytes | None:
    """The certificate of the authority that gateways are told to trust, in PEM."""
    file = config.server.tls_authority_file
    return None if file is None else file.read_bytes()
