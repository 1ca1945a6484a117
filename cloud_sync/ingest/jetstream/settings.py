"""``[jetstream]``: a cluster of nats-server nodes that keeps batches in a stream until a ledger has stored them."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cloud_sync.ingest.broker_access import file_fault, url_fault

PORTS = {"nats": 4222, "tls": 4222}
MONITOR_PORTS = {"http": 8222, "https": 8222}
BATCH_SUBJECTS = "lotwarden.*.batches"
"""What gateways publish by MQTT to ``lotwarden/{gateway}/batches``."""
FILES = ("ca_file", "client_cert_file", "client_key_file", "credentials_file")


class JetStreamSection(BaseModel):
    """``[jetstream]``: the broker's nodes, of which any one is enough to begin with, and the stream.

    ``credentials_file`` has the user name on its first line and the password on its second. ``replicas`` is how many
    nodes have to keep the stream. Each of ``partitions`` has batches of its own gateways and is read by one consumer
    that all ledgers share. By ``monitor_urls`` the ledger sees whether the nodes sync each message to the disk.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    urls: Annotated[tuple[str, ...], Field(min_length=1, max_length=20)]
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    credentials_file: Path | None = None
    stream: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")] = "lotwarden-batches"
    replicas: Annotated[int, Field(ge=1, le=5)] = 3
    partitions: Annotated[int, Field(ge=1, le=256)] = 16
    stream_bytes_max: Annotated[int, Field(ge=1 << 20)] = 1 << 30
    monitor_urls: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    workers: Annotated[int, Field(ge=1, le=64)] = 4

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        for url in self.urls:
            if fault := url_fault(url, PORTS, clear="nats", secure="tls"):
                raise ValueError(f"urls: {fault}")
        if len({url.split(":")[0] for url in self.urls}) > 1:
            raise ValueError("urls: write tls:// for all nodes, or nats:// for all, on this very machine")
        for url in self.monitor_urls:
            if fault := url_fault(url, MONITOR_PORTS, clear="http", secure="https"):
                raise ValueError(f"monitor_urls: {fault}")
        if fault := file_fault({key: getattr(self, key) for key in FILES}):
            raise ValueError(fault)
        return self

    @property
    def is_tls(self) -> bool:
        """Whether nodes are spoken to in TLS."""
        return self.urls[0].startswith("tls")

    def consumer(self, partition: int) -> str:
        """The name of the consumer that reads this partition."""
        return f"{self.stream}-{partition}"

    def subjects(self, partition: int) -> str:
        """Under which subjects the stream keeps what is in this partition."""
        return f"{self.stream}.{partition}.*"
