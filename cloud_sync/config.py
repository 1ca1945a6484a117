"""What the ledger's configuration file may say (``config/ledger.example.toml`` shows it all)."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cloud_sync.backup.settings import AWS, BucketSettings
from cloud_sync.domain.connections import ConnectionSettings
from cloud_sync.domain.oidc import OidcSettings
from cloud_sync.domain.roles import Role
from cloud_sync.domain.typed_times import TypedTimes
from cloud_sync.errors import ConfigError, Invalid
from cloud_sync.ingest.jetstream.settings import JetStreamSection
from cloud_sync.ingest.mllp.receiver import Hl7Section
from cloud_sync.ingest.mqtt.receiver import MqttSection
from cloud_sync.labels.printer import address_of
from cloud_sync.labels.settings import LabelSettings, Printer
from cloud_sync.notify.outside import check_url
from cloud_sync.notify.settings import AlertSettings, MailServer, Security

DATABASE_URL = "CLOUD_SYNC_DATABASE_URL"
"""Environment variable that wins over the file: keeps a password out of it."""
MIGRATION_URL = "CLOUD_SYNC_MIGRATION_URL"
"""The same for the role that owns the tables."""
ENVIRONMENT = "environment"
"""Name of the file beside the configuration that the systemd unit reads variables from; commands read it as well, so
that all of them find the same database."""


class Section(BaseModel):
    """Base of every section: values are frozen, unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerSection(Section):
    """``[server]``: where the ledger listens, and how it is protected on the wire."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8443
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    tls_authority_file: Path | None = None
    behind_proxy: bool = False
    connections_per_address_max: Annotated[int, Field(ge=1, le=10_000)] = 100

    @model_validator(mode="after")
    def _is_protected(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("TLS needs both files: write tls_cert_file and tls_key_file, or neither")
        for key in ("tls_cert_file", "tls_key_file", "tls_authority_file"):
            path: Path | None = getattr(self, key)
            if path is not None and not path.is_file():
                raise ValueError(f"{key}: there is no file {path}; write the path of a PEM file the ledger can read")
        if self.tls_cert_file is None and not self.behind_proxy and not _is_loopback(self.host):
            raise ValueError(
                f"host {self.host} is reachable from outside and would be without TLS: write tls_cert_file and "
                'tls_key_file, or host = "127.0.0.1", or behind_proxy = true if a proxy in front speaks TLS'
            )
        return self


class DatabaseSection(Section):
    """``[database]``: a PostgreSQL by URL, or an embedded one with its data in ``data_dir``."""

    url: Annotated[str, Field(pattern=r"^postgresql://")] | None = None
    migration_url: Annotated[str, Field(pattern=r"^postgresql://")] | None = None
    data_dir: Path | None = None
    readings_kept_months: Annotated[int, Field(ge=1, le=1200)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.url is None) == (self.data_dir is None):
            raise ValueError(
                'write either data_dir = "/var/lib/cloud-sync" (embedded PostgreSQL) or '
                f'url = "postgresql://..." (or set {DATABASE_URL}), one of them'
            )
        if self.migration_url is not None and self.url is None:
            raise ValueError("migration_url goes with url: an embedded PostgreSQL has a role for migrations of its own")
        return self


class TypedTimesSection(Section):
    """``[typed_times]``: how many days back each role may type a time."""

    operator_days_max: Annotated[int, Field(ge=0, le=3650)] = 7
    quality_days_max: Annotated[int, Field(ge=0, le=3650)] = 30
    administrator_days_max: Annotated[int, Field(ge=0, le=3650)] = 30

    def as_limits(self) -> TypedTimes:
        """As the API checks them."""
        days = {
            **dict.fromkeys((Role.RECEIVER, Role.OPERATOR, Role.PHARMACIST, Role.PRODUCTION), self.operator_days_max),
            Role.QUALITY: self.quality_days_max,
            Role.ADMINISTRATOR: self.administrator_days_max,
        }
        return TypedTimes({role: timedelta(days=each) for role, each in days.items()})


class AlertsSection(Section):
    """``[alerts]``: the mail server, where people reach the console, and what is told when."""

    public_url: Annotated[str, Field(pattern=r"^(https?://[^\s/?#]+)?$")] = ""
    smtp_host: str = ""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_security: Security = "starttls"
    smtp_credentials_file: Path | None = None
    mail_from: Annotated[str, Field(pattern=r"^([^\r\n]*[^@\s]@[^@\s]+)?$")] = ""
    private_hosts: tuple[str, ...] = ()
    heartbeat_url: str = ""
    heartbeat_every_s: Annotated[int, Field(ge=10, le=86_400)] = 60
    silent_after_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    expiry_ahead_days: Annotated[int, Field(ge=1, le=3650)] = 30
    disk_life_used_pct: Annotated[int, Field(ge=10, le=100)] = 80
    disk_written_gb_a_day_max: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.smtp_host and not self.mail_from:
            raise ValueError('mail_from is missing: write the sender, e.g. mail_from = "lotwarden@example.org"')
        if self.smtp_host and self.smtp_security == "none" and not _is_loopback(self.smtp_host):
            raise ValueError(
                f"smtp_security: mail to {self.smtp_host} would go over the network unprotected; write starttls or tls"
            )
        if self.heartbeat_url:
            try:
                check_url(self.heartbeat_url, frozenset(self.private_hosts))
            except Invalid as error:
                raise ValueError(f"heartbeat_url: {error}. {error.what_to_do}") from error
        return self

    def as_settings(self) -> AlertSettings:
        """As alerts are sent by it. Raises ``ConfigError`` if the file with the password cannot be used."""
        return AlertSettings(
            mail=self._mail() if self.smtp_host else None,
            public_url=self.public_url,
            private_hosts=frozenset(self.private_hosts),
            heartbeat_url=self.heartbeat_url,
            heartbeat_every=timedelta(seconds=self.heartbeat_every_s),
            silent_after=timedelta(minutes=self.silent_after_minutes),
            expiry_ahead_days=self.expiry_ahead_days,
            disk_life_used_pct=self.disk_life_used_pct,
            disk_written_gb_a_day_max=self.disk_written_gb_a_day_max,
        )

    def _mail(self) -> MailServer:
        user, password = "", ""
        if self.smtp_credentials_file is not None:
            try:
                lines = self.smtp_credentials_file.read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError((f"alerts.smtp_credentials_file: cannot be read ({error})",)) from error
            if len(lines) < 2:
                raise ConfigError(
                    ("alerts.smtp_credentials_file: write the user name on the first line, the password on the second",)
                )
            user, password = lines[0].strip(), lines[1].strip()
        return MailServer(self.smtp_host, self.smtp_port, self.smtp_security, self.mail_from, user, password)


class ConnectionsSection(Section):
    """``[connections]``: where webhooks to other systems may go, when one that does not answer is paused, and how long
    it is known what was delivered."""

    private_hosts: tuple[str, ...] = ()
    pause_after_hours: Annotated[int, Field(ge=1, le=8760)] = 72
    deliveries_kept_days: Annotated[int, Field(ge=7, le=3660)] = 180

    def as_settings(self) -> ConnectionSettings:
        """As deliveries are sent by it."""
        return ConnectionSettings(frozenset(self.private_hosts), timedelta(hours=self.pause_after_hours))


class OidcSection(Section):
    """``[oidc]``: an identity provider by which people may sign in (OpenID Connect)."""

    issuer: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
    client_id: Annotated[str, Field(min_length=1, max_length=300)]
    client_secret_file: Path
    public_url: Annotated[str, Field(pattern=r"^https?://[^\s/?#]+$")]
    title: Annotated[str, Field(min_length=1, max_length=60)] = "Single sign-on"

    @model_validator(mode="after")
    def _is_protected(self) -> Self:
        for key in ("issuer", "public_url"):
            parts = urlsplit(getattr(self, key))
            if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
                raise ValueError(f"{key} would be reached without TLS: write https://")
        return self

    def as_settings(self) -> OidcSettings:
        """As people sign in by it. Raises ``ConfigError`` if the file with the secret cannot be used, or others may."""
        try:
            if self.client_secret_file.stat().st_mode & 0o077:
                raise ConfigError(
                    (f"oidc.client_secret_file: others may read {self.client_secret_file}; run chmod 600 on it",)
                )
            secret = self.client_secret_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError((f"oidc.client_secret_file: cannot be read ({error})",)) from error
        if not secret:
            raise ConfigError(("oidc.client_secret_file: is empty; write the client's secret into it",))
        return OidcSettings(self.issuer, self.client_id, secret, f"{self.public_url}/login/oidc/back", self.title)


class BucketSection(Section):
    """``[backup.s3]``: how object storage is reached, by ``cloud-sync backup s3://...`` and ``cloud-sync archive``."""

    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+$")] = AWS
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]*$")] = ""
    credentials_file: Path | None = None
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _is_protected(self) -> Self:
        parts = urlsplit(self.endpoint)
        if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
            raise ValueError("endpoint would be reached without TLS: write https://")
        if self.ca_file is not None and not self.ca_file.is_file():
            raise ValueError(f"ca_file: there is no file {self.ca_file}; write the path of a PEM file")
        return self

    def as_settings(self) -> BucketSettings:
        """As backups go there."""
        return BucketSettings(self.endpoint, self.region, self.credentials_file, self.ca_file)


class BackupSection(Section):
    """``[backup]``: with which keys backups are encrypted, how many stay, and when one is overdue. ``marks_file`` is
    written every minute, and belongs on another disk than the database."""

    recipients: tuple[Annotated[str, Field(pattern=r"^age1[0-9a-z]{58}$")], ...] = ()
    key_file: Path | None = None
    marks_file: Path | None = None
    keep: Annotated[int, Field(ge=1, le=10_000)] = 14
    overdue_hours: Annotated[int, Field(ge=1, le=8760)] = 26
    s3: Annotated[BucketSection, Field(default_factory=BucketSection)]


class ReleasesSection(Section):
    """``[releases]``: where the files of the gateways' releases lie. Without ``folder`` beside an embedded database;
    ledgers on several machines name one that they share."""

    folder: Path | None = None


class PrinterSection(Section):
    """``[labels.printers.NAME]``: a label printer that takes ZPL on a raw TCP port."""

    address: str
    dpi: Literal[203, 300, 600] = 203

    @field_validator("address")
    @classmethod
    def _is_address(cls, address: str) -> str:
        return str(address_of(address))


class LabelsSection(Section):
    """``[labels]``: the house's GS1 company prefix, what containers say of their maker, and the label printers."""

    gs1_company_prefix: Annotated[str, Field(pattern=r"^([0-9]{4,12})?$")] = ""
    sscc_extension_digit: Annotated[int, Field(ge=0, le=9)] = 0
    maker: Annotated[str, Field(max_length=200)] = ""
    printers: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")], PrinterSection] = {}

    def as_settings(self) -> LabelSettings:
        """As labels are made by it."""
        printers = {name: Printer(address_of(each.address), each.dpi) for name, each in self.printers.items()}
        return LabelSettings(self.gs1_company_prefix, self.sscc_extension_digit, self.maker, printers)


class LogSection(Section):
    """``[log]``: how the log is written: plain lines (``text``), or each a JSON object without secrets (``json``)."""

    format: Literal["text", "json"] = "text"


class LedgerConfig(Section):
    """The whole file."""

    server: Annotated[ServerSection, Field(default_factory=ServerSection)]
    database: DatabaseSection
    policies_dir: Path | None = None
    mqtt: MqttSection | None = None
    jetstream: JetStreamSection | None = None
    typed_times: Annotated[TypedTimesSection, Field(default_factory=TypedTimesSection)]
    alerts: Annotated[AlertsSection, Field(default_factory=AlertsSection)]
    connections: Annotated[ConnectionsSection, Field(default_factory=ConnectionsSection)]
    backup: Annotated[BackupSection, Field(default_factory=BackupSection)]
    releases: Annotated[ReleasesSection, Field(default_factory=ReleasesSection)]
    oidc: OidcSection | None = None
    hl7: Hl7Section | None = None
    labels: Annotated[LabelsSection, Field(default_factory=LabelsSection)]
    log: Annotated[LogSection, Field(default_factory=LogSection)]

    @property
    def releases_folder(self) -> Path | None:
        """Where the files of releases lie; None where nothing says so."""
        beside = self.database.data_dir.parent / "releases" if self.database.data_dir else None
        return self.releases.folder or beside

    def alert_settings(self) -> AlertSettings:
        """As alerts are made and sent. Raises ``ConfigError``."""
        return replace(self.alerts.as_settings(), backup_overdue=timedelta(hours=self.backup.overdue_hours))


def load_config(path: Path, environment: Mapping[str, str] = os.environ) -> LedgerConfig:
    """The configuration in ``path``; ``CLOUD_SYNC_DATABASE_URL`` in ``environment``, or in the file of that name beside
    ``path``, replaces ``[database]``.

    Relative paths are below the file's folder. Raises ``ConfigError`` with every fault at once.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError((f"{path}: cannot be read ({error}); give the path of a TOML file in UTF-8",)) from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((f"{path}: is not TOML: {error}",)) from error
    # Under systemd the variables are there already, and the file may be root's alone.
    is_set = DATABASE_URL in environment
    variables = environment if is_set else {**_variables(environment_file(path)), **environment}
    if variables.get(DATABASE_URL):
        raw["database"] = {"url": variables[DATABASE_URL]}
    if variables.get(MIGRATION_URL) and isinstance(raw.get("database"), dict):
        raw["database"]["migration_url"] = variables[MIGRATION_URL]
    try:
        return LedgerConfig.model_validate(_with_paths_below(raw, Path(os.path.abspath(path)).parent))
    except ValidationError as error:
        raise ConfigError(tuple(_fault(path, text, fault) for fault in error.errors())) from error


def environment_file(path: Path) -> Path:
    """Where variables for a configuration in ``path`` are kept."""
    return Path(os.path.abspath(path)).parent / ENVIRONMENT


def _variables(file: Path) -> dict[str, str]:
    """As systemd reads an EnvironmentFile: ``NAME=value`` a line, quotes and comments as in a shell."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            (
                f"{file}: cannot be read ({error}), and may name the database; run the command as the ledger's user: "
                "sudo -u cloud-sync cloud-sync ...",
            )
        ) from error
    found = {}
    for line in text.splitlines():
        name, is_set, value = line.strip().partition("=")
        if is_set and re.fullmatch(r"[A-Za-z_]\w*", name):
            found[name] = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
    return found


_PATHS = (
    ("server", "tls_cert_file"),
    ("server", "tls_key_file"),
    ("server", "tls_authority_file"),
    ("database", "data_dir"),
    ("", "policies_dir"),
    ("mqtt", "ca_file"),
    ("mqtt", "client_cert_file"),
    ("mqtt", "client_key_file"),
    ("mqtt", "credentials_file"),
    ("jetstream", "ca_file"),
    ("jetstream", "client_cert_file"),
    ("jetstream", "client_key_file"),
    ("jetstream", "credentials_file"),
    ("hl7", "tls_cert_file"),
    ("hl7", "tls_key_file"),
    ("hl7", "client_ca_file"),
    ("alerts", "smtp_credentials_file"),
    ("oidc", "client_secret_file"),
    ("backup", "key_file"),
    ("backup", "marks_file"),
    ("releases", "folder"),
    ("backup.s3", "credentials_file"),
    ("backup.s3", "ca_file"),
)

# What to write instead, by the kind of fault pydantic names.
_INSTEAD = {
    "missing": "add it",
    "extra_forbidden": "remove it or correct its spelling; config/ledger.example.toml shows every key",
    "int_type": "write a whole number without quotes",
    "int_parsing": "write a whole number without quotes",
    "bool_parsing": "write true or false without quotes",
    "bool_type": "write true or false without quotes",
    "string_type": "write it in quotes",
    "path_type": "write a path in quotes",
    "string_pattern_mismatch": 'write "postgresql://user@host:5432/name"',
}


def _with_paths_below(raw: dict[str, Any], folder: Path) -> dict[str, Any]:
    for section, key in _PATHS:
        values: Any = raw
        for part in section.split(".") if section else ():
            values = values.get(part) if isinstance(values, dict) else None
        if isinstance(values, dict) and isinstance(values.get(key), str):
            values[key] = str(folder / values[key])
    hl7 = raw.get("hl7")
    senders = hl7.get("senders") if isinstance(hl7, dict) else None
    for sender in senders.values() if isinstance(senders, dict) else ():
        if isinstance(sender, dict) and isinstance(sender.get("map_file"), str):
            sender["map_file"] = str(folder / sender["map_file"])
    return raw


def _fault(path: Path, text: str, fault: Any) -> str:
    keys = [str(key) for key in fault["loc"]]
    message = fault["msg"].removeprefix("Value error, ")
    instead = _INSTEAD.get(fault["type"])
    line = _line_of(text, keys)
    where = f"{path}:{line}" if line else str(path)
    return f"{where}: {'.'.join(keys)}: {message}" + (f"; {instead}" if instead else "")


def _line_of(text: str, keys: list[str]) -> int | None:
    """The line of a key (or else of its section's header), for people to jump to."""
    section, found = "", None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[+\s*([\w.-]+)\s*\]+", line):
            section = header[1]
            found = number if section == keys[0] else found
        elif (key := re.match(r"\s*([\w-]+)\s*=", line)) and [*([section] if section else []), key[1]] == keys:
            return number
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
