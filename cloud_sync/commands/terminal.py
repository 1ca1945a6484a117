"""What every command needs: the configuration, the database opened, and how things are said on a terminal."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from cloud_sync.actions import access
from cloud_sync.actions.master_data import master_data
from cloud_sync.config import DATABASE_URL, LedgerConfig, load_config
from cloud_sync.errors import ConfigError, DatabaseDown, LedgerError
from cloud_sync.storage.database import Database, Row

CONFIG = "CLOUD_SYNC_CONFIG"
"""Environment variable with the path of the configuration."""

DEFAULT_CONFIG = Path("/etc/cloud-sync/ledger.toml")
ROWS_MAX = 10_000

Config = Annotated[Path, typer.Option("--config", "-c", envvar=CONFIG, help="The configuration file (TOML).")]

out = Console()
err = Console(stderr=True)


def load(config: Path) -> LedgerConfig:
    """The configuration, or the end of the command with every fault told."""
    with told():
        return load_config(config)


@contextmanager
def opened(config: LedgerConfig) -> Iterator[Database]:
    """The ledger's database, started first where it is an embedded one. Raises ``ConfigError``."""
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


def import_policies_of(database: Database, config: LedgerConfig) -> None:
    """Add the policies of the configured folder that the ledger lacks, and say what came of it."""
    new, different = master_data.import_policies(
        database, master_data.read_policies(config.policies_dir), actor=access.CONSOLE
    )
    if new:
        say(f"storage policies added: {', '.join(new)}")
    for name in different:
        say(
            f"storage policy {name} in the file differs from the ledger's, which stays in force: "
            "save a changed policy under a new name"
        )


@contextmanager
def told() -> Iterator[None]:
    """Faults of people and the world are told in words; what is left over is a defect and keeps its traceback."""
    try:
        yield
    except ConfigError as error:
        fail("the configuration cannot be used:", *error.faults)
    except DatabaseDown as error:
        fail(f"the database does not answer: {error}", f"Check the server and the URL ({DATABASE_URL}).")
    except LedgerError as error:
        fail(str(error), error.what_to_do)


def fail(*lines: str) -> NoReturn:
    """Tell why, and end the command with status 1."""
    for line in lines:
        err.print(line, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1)


def check_name(name: str) -> None:
    """End the command unless this can be a name."""
    if not name.isascii() or not name.replace("-", "").replace("_", "").replace(".", "").isalnum() or len(name) > 100:
        fail(f"{name!r} is not a name: use letters, digits, dot, dash and underscore")


def duration(text: str) -> timedelta:
    """``30m``, ``24h`` or ``7d``; else the end of the command."""
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if not (text[:-1].isascii() and text[:-1].isdigit() and text[-1:] in units and len(text) <= 6 and int(text[:-1])):
        fail(f"{text!r} is not a duration: write e.g. 30m, 24h or 7d")
    return timedelta(**{units[text[-1]]: int(text[:-1])})


def say(line: str) -> None:
    """One line for a person."""
    out.print(line, markup=False, highlight=False, soft_wrap=True)


def show(rows: list[Row], *columns: str) -> None:
    """Rows as a table of these columns."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if row[column] is None else f"{row[column]:%Y-%m-%d %H:%M} UTC" if column.endswith("_at")
                        else str(row[column]) for column in columns))  # fmt: skip
    out.print(table)


def me() -> str:
    """Who is at this terminal, for the event log."""
    return f"{access.CONSOLE} ({os.environ.get('SUDO_USER') or os.environ.get('USER') or os.geteuid()})"
