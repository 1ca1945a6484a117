"""IQ: whether what is installed is what was meant: versions, files, unit, rights, database, certificate, clock."""

import hashlib
import os
import platform
import pwd
import stat
import subprocess
import sys
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from pathlib import Path

from cryptography import x509

from cloud_sync.actions.overview.health import CLOCKS_DIFFER_S, health, health_and_clocks
from cloud_sync.config import LedgerConfig
from cloud_sync.storage.database import Database, known_revisions, newest_revision
from cloud_sync.storage.owners import OPEN_TO_OWNERS
from cloud_sync.storage.queries import queries
from cloud_sync.storage.roles import RUNTIME_ROLE
from cloud_sync.storage.tables import TABLES, TableKind
from cloud_sync.validation.results import Deviation, NotApplicable, Step

PACKAGE = "lotwarden"
PYTHON_MIN, POSTGRES_MIN = (3, 11), 15
UNIT = "cloud-sync.service"
UNIT_FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
OTHERS = stat.S_IRWXG | stat.S_IRWXO
SHOWN_MAX = 10


class Installation:
    """The checks of one installation: its configuration, and its own database, which is only read."""

    def __init__(self, config_path: Path, config: LedgerConfig, database: Database, now: datetime) -> None:
        self._path = config_path
        self._config = config
        self._database = database
        self._now = now

    def steps(self) -> tuple[Step, ...]:
        """All checks in their order."""
        return (
            Step("IQ-01", "Versions", f"Python 3.{PYTHON_MIN[1]} or newer, PostgreSQL {POSTGRES_MIN} or newer",
                 self._versions),
            Step("IQ-02", "Files of the program", "Every file has the hash that its package states.", self._files),
            Step("IQ-03", "Libraries", "Every library that the package names is installed.", self._libraries),
            Step("IQ-04", "Configuration", "Nobody but its owner and root can change it.", self._configuration),
            Step("IQ-05", "Service", "A systemd unit runs it, restarts it, and not as root.", self._service),
            Step("IQ-06", "User and folders", "Data and keys are readable for their owner alone.", self._user),
            Step("IQ-07", "Role in the database", f"The ledger works as {RUNTIME_ROLE}, which owns nothing and may not "
                 "make roles or databases.", self._role),
            Step("IQ-08", "Schema", "It is the newest that this program knows.", self._schema),
            Step("IQ-09", "Protection of evidence", "Every table of evidence is guarded by a trigger, and every "
                 "table that owners see is separated by row-level security.", self._protection),
            Step("IQ-10", "Certificate", "The server's certificate is valid.", self._certificate),
            Step("IQ-11", "Clock", "This machine's clock is synchronised and agrees with the database's.", self._clock),
        )  # fmt: skip

    def _versions(self) -> str:
        server = str(health(self._database).figures["server_version"])
        found = (
            f"{PACKAGE} {version(PACKAGE)}, Python {platform.python_version()}, PostgreSQL {server}, "
            f"{platform.system()} {platform.release()} on {platform.machine()}"
        )
        if sys.version_info < PYTHON_MIN or int(server.split(".")[0]) < POSTGRES_MIN:
            raise Deviation(found)
        return found

    def _files(self) -> str:
        package = distribution(PACKAGE)
        stated = list(_stated_files(package))
        if not any(path.suffix == ".py" and "cloud_sync" in path.parts for path, _ in stated):
            raise NotApplicable(f"this is a checkout in {_root()}, not an installed package; {_tree_words()}")
        wrong = [str(path) for path, sha256 in stated if _sha256(path) != sha256]
        if wrong:
            raise Deviation(f"{len(wrong)} of {len(stated)} files differ: {', '.join(wrong[:SHOWN_MAX])}")
        return f"{len(stated)} files have their hashes; {_tree_words()}"

    def _libraries(self) -> str:
        names = sorted(_named_libraries(distribution(PACKAGE)))
        found, missing = [], []
        for name in names:
            try:
                found.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                missing.append(name)
        if missing:
            raise Deviation(f"missing: {', '.join(missing)}")
        return ", ".join(found)

    def _configuration(self) -> str:
        status = self._path.stat()
        found = (
            f"{self._path}: SHA-256 {_sha256(self._path)}, owner {_name(status.st_uid)}, "
            f"mode {stat.S_IMODE(status.st_mode):o}"
        )
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise Deviation(found)
        return found

    def _service(self) -> str:
        if not Path("/run/systemd/system").is_dir():
            raise NotApplicable("systemd does not run this machine; whatever starts the ledger has to restart it")
        paths = [Path(folder) / UNIT for folder in UNIT_FOLDERS]
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            raise Deviation(f"there is no {UNIT} in {', '.join(UNIT_FOLDERS)}")
        text = path.read_text(encoding="utf-8")
        found = f"{path}: SHA-256 {hashlib.sha256(text.encode()).hexdigest()}"
        lines = {line.strip() for line in text.splitlines()}
        if not any(line.startswith("Restart=") and line != "Restart=no" for line in lines):
            raise Deviation(f"{found}; it has no Restart=")
        if not any(line.startswith(("User=", "DynamicUser=yes")) for line in lines) or "User=root" in lines:
            raise Deviation(f"{found}; it names no user of its own")
        return found

    def _user(self) -> str:
        paths = [
            *([self._config.database.data_dir] if self._config.database.data_dir else []),
            *([self._config.server.tls_key_file] if self._config.server.tls_key_file else []),
            *([self._config.backup.key_file] if self._config.backup.key_file else []),
        ]
        told, open_to_others = [f"run by {_name(os.getuid())}"], []
        for path in paths:
            status = path.stat()
            words = f"{path} of {_name(status.st_uid)}, mode {stat.S_IMODE(status.st_mode):o}"
            told.append(words)
            if status.st_mode & (OTHERS if path.is_dir() else stat.S_IRWXO | stat.S_IWGRP):
                open_to_others.append(words)
        if open_to_others:
            raise Deviation(f"open to others: {'; '.join(open_to_others)}")
        return "; ".join(told)

    def _role(self) -> str:
        with self._database.transaction() as connection:
            row = queries("validation").role_rights(connection)
        rights = [name for name in ("is_superuser", "makes_roles", "makes_databases") if row[name]]
        found = f"{row['name']}, {', '.join(rights).replace('_', ' ') or 'no rights beyond its tables'}"
        if row["name"] != RUNTIME_ROLE or rights:
            raise Deviation(found)
        return found

    def _schema(self) -> str:
        revision = health(self._database).figures["revision"]
        newest = newest_revision()
        if revision != newest:
            raise Deviation(f"schema {revision}, and this program knows {newest}")
        return f"schema {revision}, one of {len(known_revisions())} that this program can start from"

    def _protection(self) -> str:
        evidence = [name for name, rule in TABLES.items() if rule.kind is TableKind.EVIDENCE]
        with self._database.transaction() as connection:
            unguarded = [row["name"] for row in queries("validation").unguarded(connection, tables=evidence)]
            mixed = [
                row["name"] for row in queries("validation").not_separated(connection, tables=sorted(OPEN_TO_OWNERS))
            ]
        if unguarded or mixed:
            raise Deviation(
                f"not guarded: {', '.join(unguarded) or 'none'}; not separated: {', '.join(mixed) or 'none'}"
            )
        return f"{len(evidence)} tables of evidence are guarded, {len(OPEN_TO_OWNERS)} are separated by owner"

    def _certificate(self) -> str:
        path = self._config.server.tls_cert_file
        if path is None:
            raise NotApplicable(f"none: the ledger listens on {self._config.server.host}, or behind a proxy")
        certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        found = f"{path}: {certificate.subject.rfc4514_string()}, valid {begins:%Y-%m-%d} to {ends:%Y-%m-%d}"
        if not begins <= self._now <= ends:
            raise Deviation(found)
        return found

    def _clock(self) -> str:
        _, differ_s = health_and_clocks(self._database)
        words = f"it differs from the database's by {differ_s:.1f} s"
        synchronised = _is_synchronised()
        if differ_s > CLOCKS_DIFFER_S or synchronised is False:
            raise Deviation(f"{words}; it is {'' if synchronised else 'not '}synchronised")
        return f"{words}; {'it is' if synchronised else 'this machine does not say whether it is'} synchronised"


def _stated_files(package: Distribution) -> Iterator[tuple[Path, str]]:
    """Files of a package and the SHA-256 that it states for each (RECORD, PEP 376)."""
    for file in package.files or ():
        if file.hash is not None and file.hash.mode == "sha256":
            padded = file.hash.value + "=" * (-len(file.hash.value) % 4)
            yield Path(str(package.locate_file(file))), urlsafe_b64decode(padded).hex()


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "missing"


def _root() -> Path:
    return Path(__file__).parents[2]


def _tree_words() -> str:
    """One hash of all that runs: of the names and hashes of the program's files."""
    whole = hashlib.sha256()
    for path in sorted(_program_files()):
        whole.update(f"{path.relative_to(_root())} {_sha256(path)}\n".encode())
    return f"SHA-256 of all files of the program {whole.hexdigest()}"


def _program_files() -> Iterable[Path]:
    for room in ("cloud_sync", "edge_agent"):
        for path in (_root() / room).rglob("*"):
            if path.is_file() and path.suffix in (".py", ".sql", ".html", ".js", ".css", ".typ", ".toml"):
                yield path


def _named_libraries(package: Distribution) -> set[str]:
    """The packages that ours names, for all and for the ledger."""
    names = set()
    for line in package.requires or ():
        said, _, marker = line.partition(";")
        if "extra" not in marker or "'cloud'" in marker or '"cloud"' in marker:
            names.add("".join(_name_part(said)))
    return names


def _name_part(said: str) -> Iterator[str]:
    for sign in said.strip():
        if not (sign.isalnum() or sign in "-_."):
            return
        yield sign


def _is_synchronised() -> bool | None:
    """What systemd says of this machine's clock; None where it says nothing."""
    command: Sequence[str] = ("timedatectl", "show", "--property=NTPSynchronized", "--value")
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return {"yes": True, "no": False}.get(said.stdout.strip())


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
