"""``cloud-sync``: run the lot ledger and look after it."""

import logging
import os
import signal
import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Thread
from time import sleep
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

# The embedded server asks for a runtime folder that services do not have, and falls back by itself.
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")

import uvicorn  # noqa: E402

from cloud_sync.actions import access, desk, enrolment, gateways, master_data, records, retention  # noqa: E402
from cloud_sync.actions.replanning import Replanning  # noqa: E402
from cloud_sync.app import create_app  # noqa: E402
from cloud_sync.config import DATABASE_URL, LedgerConfig, ServerSection, load_config  # noqa: E402
from cloud_sync.domain.master import KINDS  # noqa: E402
from cloud_sync.domain.roles import Role  # noqa: E402
from cloud_sync.errors import ConfigError, DatabaseDown, LedgerError  # noqa: E402
from cloud_sync.ingest.batches import store_batches  # noqa: E402
from cloud_sync.ingest.mqtt_door import MqttDoor  # noqa: E402
from cloud_sync.storage.database import Database, Row  # noqa: E402

CONFIG = "CLOUD_SYNC_CONFIG"
"""Environment variable with the path of the configuration."""
DEFAULT_CONFIG = Path("/etc/cloud-sync/ledger.toml")
ROWS_MAX = 10_000
REQUESTS_AT_ONCE_MAX = 200
SHUTDOWN_S = 10
HOUSEKEEPING_S = 24 * 3600

Config = Annotated[Path, typer.Option("--config", "-c", envvar=CONFIG, help="The configuration file (TOML).")]

app = typer.Typer(help="The lot ledger.", no_args_is_help=True, pretty_exceptions_enable=False)
token_app = typer.Typer(help="Tokens for people and programs that use the API.", no_args_is_help=True)
operator_app = typer.Typer(help="People who work at docks, and their badges.", no_args_is_help=True)
gateway_app = typer.Typer(help="Gateways whose batches are believed.", no_args_is_help=True)
app.add_typer(token_app, name="token")
app.add_typer(gateway_app, name="gateway")
app.add_typer(operator_app, name="operator")

out = Console()
err = Console(stderr=True)


@app.command()
def serve(config: Config = DEFAULT_CONFIG) -> None:
    """Run the ledger until SIGTERM or Ctrl-C."""
    signal.signal(signal.SIGTERM, _exit)
    logging.basicConfig(format="%(message)s")
    # Told once, as lost and back, by storage/database.py; the pool would tell of every attempt.
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    loaded = _load(config)
    server = loaded.server
    with (
        _told(),
        _listening(server) as listening,
        _opened(loaded) as database,
        _mqtt_door(loaded, database),
        Replanning(database),
    ):
        _import_policies(database, loaded)
        _keep_house(database, loaded.database.readings_kept_months)
        _Server(
            uvicorn.Config(
                create_app(database),
                ssl_certfile=server.tls_cert_file,
                ssl_keyfile=str(server.tls_key_file) if server.tls_key_file else None,
                proxy_headers=server.behind_proxy,
                server_header=False,
                limit_concurrency=REQUESTS_AT_ONCE_MAX,
                timeout_graceful_shutdown=SHUTDOWN_S,
                log_level="warning",
            )
        ).run(sockets=[listening])


@app.command("check-config")
def check_config(config: Config = DEFAULT_CONFIG) -> None:
    """Name every fault in the configuration file, with the line and what to write instead."""
    loaded = _load(config)
    with _told():
        policies = master_data.read_policies(loaded.policies_dir)
    _say(f"{config} is good: {len(policies)} storage policies, listening on {loaded.server.host}:{loaded.server.port}")


@app.command()
def migrate(config: Config = DEFAULT_CONFIG) -> None:
    """Bring the database to this version. serve does it by itself."""
    with _told(), _opened(_load(config)):
        _say("the database is at the newest version")


@app.command("import-policies")
def import_policies(
    config: Config = DEFAULT_CONFIG,
    folder: Annotated[Path | None, typer.Argument(help="Folder with *.toml; else as configured.")] = None,
) -> None:
    """Add storage policies that the ledger does not have."""
    loaded = _load(config)
    with _told(), _opened(loaded) as database:
        _import_policies(database, loaded.model_copy(update={"policies_dir": folder or loaded.policies_dir}))


@token_app.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="Whose it is; every event carries this name.")],
    role: Annotated[Role, typer.Option(help="What it may do.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Make a token and print it, this once."""
    _check_name(name)
    with _told(), _opened(_load(config)) as database:
        # Alone on its line: scripts read it. The ledger keeps only its digest.
        sys.stdout.write(access.create_token(database, name, role, actor=_me()) + "\n")


@token_app.command("revoke")
def revoke_token(name: str, config: Config = DEFAULT_CONFIG) -> None:
    """End a token at once."""
    with _told(), _opened(_load(config)) as database:
        access.revoke_token(database, name, actor=_me())
        _say(f"token {name} is revoked")


@token_app.command("list")
def list_tokens(config: Config = DEFAULT_CONFIG) -> None:
    """Show all tokens ever made, without their secrets."""
    with _told(), _opened(_load(config)) as database:
        _show(access.list_tokens(database), "name", "role", "created_at", "revoked_at")


@gateway_app.command("add")
def add_gateway(
    name: str,
    public_key: Annotated[str, typer.Option(help="Its Ed25519 public key in base64, as the gateway prints it.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Believe a gateway's batches from now on."""
    _check_name(name)
    with _told(), _opened(_load(config)) as database:
        _, is_new = gateways.add_gateway(database, name, public_key, actor=_me())
        _say(f"gateway {name} is registered" if is_new else f"gateway {name} was registered before, with this key")


@gateway_app.command("invite")
def invite_gateway(
    name: Annotated[str, typer.Argument(help="What the new gateway is called in its own configuration.")],
    place: Annotated[str | None, typer.Option(help="Where it stands: the name of a place.")] = None,
    valid: Annotated[str, typer.Option(help="How long the code is good, e.g. 30m, 24h or 7d.")] = "24h",
    replace: Annotated[
        bool, typer.Option("--replace", help="New hardware or key for a known name: the old key is worth nothing then.")
    ] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Make a one-time code with which a gateway enrols itself, and print it, this once."""
    _check_name(name)
    with _told(), _opened(_load(config)) as database:
        code, ends_at = enrolment.invite(
            database, name, place=place, valid=_duration(valid), replaces=replace, actor=_me(), now=datetime.now(UTC)
        )
        # Alone on its line: scripts read it. The ledger keeps only its digest.
        sys.stdout.write(code + "\n")
        err.print(
            f"Good once, until {ends_at:%Y-%m-%d %H:%M} UTC. On the gateway {name}:\n"
            f"  edge-agent enroll --code {code} --url https://THIS-LEDGER",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip


@gateway_app.command("revoke")
def revoke_gateway(
    name: str,
    reason: Annotated[str, typer.Option(help="Why; the event log keeps it.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Refuse every further batch of a gateway."""
    with _told(), _opened(_load(config)) as database:
        gateways.revoke_gateway(database, name, reason, actor=_me())
        _say(f"gateway {name} is revoked")


@gateway_app.command("place")
def place_gateway(name: str, place: str, config: Config = DEFAULT_CONFIG) -> None:
    """Say where a gateway stands: its docks get the desk of the site around that place."""
    with _told(), _opened(_load(config)) as database:
        desk.place_gateway(database, name, place, actor=_me())
        _say(f"gateway {name} stands in {place}")


@gateway_app.command("list")
def list_gateways(config: Config = DEFAULT_CONFIG) -> None:
    """Show all gateways and when each was last heard of."""
    with _told(), _opened(_load(config)) as database:
        rows = gateways.list_gateways(database, rows_max=ROWS_MAX)
        _show([{**row, "gaps": len(row["gaps"])} for row in rows], "name", "last_seen_at", "gaps", "revoked_at")


@app.command("import")
def import_records(
    kind: Annotated[str, typer.Argument(help=f"What the file holds: {', '.join(KINDS)}.")],
    file: Annotated[Path, typer.Argument(help="A CSV file in UTF-8; - reads standard input.")],
    dry_run: Annotated[bool, typer.Option(help="Say what would happen, and change nothing.")] = False,
    reason: Annotated[str, typer.Option(help="Why; the event log keeps it.")] = "imported from a file",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Take in master data: all rows of a file, or none if any has a fault."""
    text = _read(file)
    with _told(), _opened(_load(config)) as database, Progress(console=err, transient=True) as bar:
        task = bar.add_task(f"Reading {kind}", total=None)
        done = records.import_csv(
            database,
            kind,
            text,
            dry_run=dry_run,
            reason=reason,
            at=datetime.now(UTC),
            actor=_me(),
            progress=lambda rows, total: bar.update(task, completed=rows, total=total),
        )
    if done.faults:
        _fail(
            *(
                f"{file}:{fault.line}: {fault.column + ': ' if fault.column else ''}{fault.text}"
                for fault in done.faults
            ),
            f"Nothing was imported: {len(done.faults)} faults. Correct them and import the file again.",
        )
    would = "would be " if dry_run else ""
    _say(f"{kind}: {done.added} {would}added, {done.changed} {would}changed, {done.unchanged} unchanged")


@app.command("export")
def export_records(
    kind: Annotated[str, typer.Argument(help=f"What to write: {', '.join(KINDS)}.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write master data as CSV to standard output."""
    with _told(), _opened(_load(config)) as database:
        sys.stdout.writelines(line.replace("\r\n", "\n") for line in records.export_csv(database, kind))


@operator_app.command("put")
def put_operator(
    name: str,
    badge: Annotated[str | None, typer.Option(help="What follows LW.BADGE. on the card; the name without.")] = None,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="The badge is no longer valid.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Give an operator a badge, change it, or withdraw it. Docks know it with their next desk."""
    _check_name(name)
    with _told(), _opened(_load(config)) as database:
        desk.put_operator(database, name, badge or name, active=not withdrawn, actor=_me())
        _say(f"the badge {badge or name} of {name} is {'withdrawn' if withdrawn else 'good'}")


def main() -> None:
    """Entry point of the command."""
    app()


class _Server(uvicorn.Server):
    """Says where it listens: with port 0 nobody else knows."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        scheme = "https" if self.config.is_ssl else "http"
        for listening in sockets or ():
            host, port = listening.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            _say(f"the ledger listens on {scheme}://{shown}:{port} (API description: /docs)")


@contextmanager
def _listening(server: ServerSection) -> Iterator[socket.socket]:
    try:
        family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
        listening = socket.create_server((server.host, server.port), family=family)
    except OSError as error:
        reason = f"server: cannot listen on {server.host} port {server.port} ({error.strerror})"
        raise ConfigError((f"{reason}; if another ledger runs here stop it, or write another host or port",)) from error
    with listening:
        yield listening


def _load(config: Path) -> LedgerConfig:
    with _told():
        return load_config(config)


@contextmanager
def _mqtt_door(config: LedgerConfig, database: Database) -> Iterator[None]:
    """Take batches from the broker as well, if there is one."""
    if config.mqtt is None:
        yield
        return
    try:
        door = MqttDoor(config.mqtt, partial(store_batches, database))
    except ValueError as error:
        raise ConfigError((f"mqtt: {error}",)) from error
    door.start()
    try:
        yield
    finally:
        door.stop()


@contextmanager
def _opened(config: LedgerConfig) -> Iterator[Database]:
    url, data_dir = config.database.url, config.database.data_dir
    if url is not None:
        database = Database.at_url(url)
    else:
        assert data_dir is not None  # noqa: S101 - the configuration has one of the two
        try:
            database = Database.embedded(data_dir)
        except (OSError, RuntimeError, ValueError) as error:
            raise ConfigError(
                (
                    f"database.data_dir: no PostgreSQL can be started in {data_dir} ({error}); choose a folder "
                    f"that this user may write, or use one of your own with {DATABASE_URL}",
                )
            ) from error
    with database:
        yield database


def _keep_house(database: Database, readings_kept_months: int | None) -> None:
    """Months of readings ahead now and every day, and old ones thinned out if that is configured."""

    def once() -> None:
        at = datetime.now(UTC)
        retention.make_months_ahead(database, at)
        if readings_kept_months is not None:
            retention.thin_readings(database, months=readings_kept_months, at=at)

    def daily() -> None:
        while True:
            try:
                once()
            except DatabaseDown:
                logging.getLogger(__name__).warning("housekeeping waits: the database does not answer")
            sleep(HOUSEKEEPING_S)

    Thread(target=daily, name="housekeeping", daemon=True).start()


def _import_policies(database: Database, config: LedgerConfig) -> None:
    new, different = master_data.import_policies(
        database, master_data.read_policies(config.policies_dir), actor=access.CONSOLE
    )
    if new:
        _say(f"storage policies added: {', '.join(new)}")
    for name in different:
        _say(f"storage policy {name} is kept as the ledger has it; the file differs: give a changed policy a new name")


@contextmanager
def _told() -> Iterator[None]:
    """Faults of people and the world are told in words; what is left over is a defect and keeps its traceback."""
    try:
        yield
    except ConfigError as error:
        _fail("the configuration cannot be used:", *error.faults)
    except DatabaseDown as error:
        _fail(f"the database does not answer: {error}", f"Check the server and the URL ({DATABASE_URL}).")
    except LedgerError as error:
        _fail(str(error), error.what_to_do)


def _fail(*lines: str) -> NoReturn:
    for line in lines:
        err.print(line, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1)


def _read(file: Path) -> str:
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return raw.decode()
    except OSError as error:
        _fail(f"{file} cannot be read: {error.strerror}", "Name a CSV file, or - for standard input.")
    except UnicodeDecodeError:
        _fail(f"{file} is not in UTF-8", "Save it as CSV in UTF-8.")


def _check_name(name: str) -> None:
    if not name.isascii() or not name.replace("-", "").replace("_", "").replace(".", "").isalnum() or len(name) > 100:
        _fail(f"{name!r} is not a name: use letters, digits, dot, dash and underscore")


def _duration(text: str) -> timedelta:
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if not (text[:-1].isascii() and text[:-1].isdigit() and text[-1:] in units and len(text) <= 6):
        _fail(f"{text!r} is not a duration: write e.g. 30m, 24h or 7d")
    return timedelta(**{units[text[-1]]: int(text[:-1])})


def _say(line: str) -> None:
    out.print(line, markup=False, highlight=False, soft_wrap=True)


def _show(rows: list[Row], *columns: str) -> None:
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if row[column] is None else f"{row[column]:%Y-%m-%d %H:%M} UTC" if column.endswith("_at")
                        else str(row[column]) for column in columns))  # fmt: skip
    out.print(table)


def _me() -> str:
    return f"{access.CONSOLE} ({os.environ.get('SUDO_USER') or os.environ.get('USER') or os.geteuid()})"


def _exit(_signal: int, _frame: FrameType | None) -> NoReturn:
    # uvicorn stops in order on its own and then raises the signal again: end, with everything closed.
    raise SystemExit(0)


if __name__ == "__main__":
    main()
