"""What every command needs: the configuration, the database opened, and how things are said on a terminal."""

import os
import pwd
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from cloud_sync.actions import access
from cloud_sync.archive.opening import reach_buckets_by
from cloud_sync.config import DATABASE_URL, LedgerConfig, load_config
from cloud_sync.config_check import file_faults
from cloud_sync.errors import ConfigError, DatabaseDown, LedgerError
from cloud_sync.storage.database import Database, Row, holds_ledger
from cloud_sync.storage.embedded import is_there

CONFIG = "CLOUD_SYNC_CONFIG"
"""Environment variable with the path of the configuration."""

NOBODY_LOGGED_IN = 2**32 - 1
"""The kernel's word for a process that no login began."""

DEFAULT_CONFIG = Path("/etc/cloud-sync/ledger.toml")
ROWS_MAX = 10_000

Config = Annotated[Path, typer.Option("--config", "-c", envvar=CONFIG, help="The configuration file (TOML).")]

out = Console()
err = Console(stderr=True)


def load(config: Path) -> LedgerConfig:
    """The configuration, or the end of the command with every fault told, those of the files that it names as well."""
    with told():
        loaded = load_config(config)
        if faults := file_faults(loaded, config, at=datetime.now(UTC)):
            raise ConfigError(faults)
        return loaded


@contextmanager
def opened(config: LedgerConfig, *, may_create: bool = False) -> Iterator[Database]:
    """The ledger's database, started first where it is an embedded one. Raises ``ConfigError``.

    Where there is no ledger yet, one is made if the command is there for that, or the person at the terminal says so.
    """
    reach_buckets_by(config.backup.s3.as_settings())
    url, data_dir = config.database.url, config.database.data_dir
    if url is not None:
        if not (may_create or holds_ledger(url)):
            _ask_to_create(f"the database of {DATABASE_URL} or database.url")
        database = Database.at_url(url, config.database.migration_url)
    else:
        assert data_dir is not None  # noqa: S101 - the configuration has one of the two
        if not (may_create or is_there(data_dir)):
            _ask_to_create(str(data_dir))
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


def _ask_to_create(where: str) -> None:
    """A second ledger that nobody meant gives out tokens that the first one does not accept."""
    question = f"There is no ledger yet in {where}. Make a new one there?"
    if sys.stdin.isatty() and typer.confirm(question):
        return
    fail(
        f"there is no ledger yet in {where}: nothing was made.",
        "If that is the right place, make one with cloud-sync migrate or cloud-sync serve. If not, name the "
        "configuration of the ledger that is there with --config.",
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
    """Who is at this terminal, for the event log: the user who logged in, as the kernel knows, whoever they became."""
    return f"{access.CONSOLE} ({_name_of(_login_uid())})"


def _login_uid() -> int:
    with suppress(OSError, ValueError):
        uid = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
        if uid != NOBODY_LOGGED_IN:
            return uid
    if os.getuid() == 0 and os.environ.get("SUDO_UID", "").isdigit():
        return int(os.environ["SUDO_UID"])  # only root could have made that up
    return os.getuid()


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
